//! What the rendering has to know of a module beyond what cbindgen tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A struct or union that has no name of its own in C: its body stands where a member has its type.
const ANONYMOUS: &str = "/// cbindgen:anonymous";

pub struct Module {
    pub name: String,
    pub files: Vec<PathBuf>,
    /// Structs, unions, enums and callback types that it defines.
    pub types: BTreeSet<String>,
    /// Names of C for types of Rust; `cbindgen.toml` or the fragment tells what they are in C.
    pub aliases: BTreeSet<String>,
    pub anonymous: BTreeSet<String>,
    pub functions: BTreeSet<String>,
    /// Integer constants whose value is a literal, as C writes it.
    pub literals: BTreeMap<String, String>,
}

impl Module {
    /// `None` if there is no such module: the header consists of its fragment.
    pub fn read(abi: &Path, name: &str) -> Option<Self> {
        let file = name.replace('-', "_");
        let mut files = vec![abi.join(&file).with_extension("rs")];
        let text = fs::read_to_string(&files[0]).ok()?;
        let mut texts = vec![text];
        if let Ok(parts) = fs::read_dir(abi.join(&file)) {
            let mut parts: Vec<PathBuf> = parts.flatten().map(|part| part.path()).collect();
            parts.sort();
            for part in parts {
                texts.push(fs::read_to_string(&part).expect("modules are readable"));
                files.push(part);
            }
        }
        let mut module = Self {
            name: name.to_owned(),
            files,
            types: BTreeSet::new(),
            aliases: BTreeSet::new(),
            anonymous: BTreeSet::new(),
            functions: BTreeSet::new(),
            literals: BTreeMap::new(),
        };
        for text in texts {
            module.scan(&text);
        }
        Some(module)
    }

    fn scan(&mut self, text: &str) {
        let mut anonymous = false;
        for line in text.lines() {
            anonymous |= line == ANONYMOUS;
            for keyword in ["pub struct ", "pub union ", "pub enum ", "pub type "] {
                let Some(name) = line.strip_prefix(keyword).map(identifier) else {
                    continue;
                };
                if keyword == "pub type " && !line.ends_with('=') && !line.contains(" = Option<") {
                    self.aliases.insert(name);
                    continue;
                }
                if anonymous {
                    self.anonymous.insert(name.clone());
                    anonymous = false;
                }
                self.types.insert(name);
            }
            if let Some((_, rest)) = line
                .starts_with("pub ")
                .then(|| line.split_once("extern \"C\" fn "))
                .flatten()
            {
                self.functions.insert(identifier(rest));
            }
            if let Some((name, literal)) = constant(line) {
                self.literals.insert(name, literal);
            }
        }
    }
}

fn identifier(text: &str) -> String {
    let end = text.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}

/// `pub const NAME: c_uint = 0xff_u32;` is NAME and `0xffU`; without a suffix C makes it an int
/// where it can, as Rust makes it whatever is needed.
fn constant(line: &str) -> Option<(String, String)> {
    let (name, rest) = line.strip_prefix("pub const ")?.split_once(": ")?;
    let value = rest
        .strip_suffix(';')?
        .split_once(" = ")?
        .1
        .replace('_', "");
    let (value, suffix) = match value.strip_suffix("u32") {
        Some(value) => (value, "U"),
        None => (value.as_str(), ""),
    };
    let (digits, radix) = value
        .strip_prefix("0x")
        .map_or((value, 10), |digits| (digits, 16));
    u64::from_str_radix(digits, radix).ok()?;
    Some((name.to_owned(), format!("{value}{suffix}")))
}

#[cfg(test)]
mod tests {
    use super::constant;

    fn literal(line: &str) -> Option<String> {
        constant(line).map(|(_, literal)| literal)
    }

    #[test]
    fn constants_keep_their_base_and_their_sign() {
        assert_eq!(literal("pub const A: c_int = 0x0f;").unwrap(), "0x0f");
        assert_eq!(
            literal("pub const A: u32 = 0xffff_ffff_u32;").unwrap(),
            "0xffffffffU"
        );
        assert_eq!(literal("pub const A: c_uint = 10;").unwrap(), "10");
        assert_eq!(literal("pub const A: c_int = B | C;"), None);
        assert_eq!(literal("pub const A: &str = \"a\";"), None);
    }
}
