//! What the rendering has to know of a module beyond what cbindgen tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A struct or union that has no name of its own in C: its body stands where a member has its type.
const ANONYMOUS: &str = " * cbindgen:anonymous";
/// A type that is only declared in C, by the fragment.
const OPAQUE: &str = " * cbindgen:no-export";

pub struct Constant {
    /// The name of its type.
    pub kind: String,
    /// Lines without an empty one between them are a paragraph.
    pub paragraph: usize,
}

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
    /// Aliases of integers that are the type of constants: enums in C, with their documentation.
    pub enums: BTreeMap<String, Vec<String>>,
    /// Definitions of constants that are texts, which cbindgen passes over.
    pub texts: Vec<String>,
    pub constants: BTreeMap<String, Constant>,
}

impl Module {
    /// `None` if there is no such module: the header consists of its fragment.
    pub fn read(project: &Path, name: &str) -> Option<Self> {
        let file = name.replace('-', "_");
        let rooms = [project.join("src/ctypes"), project.join("src/abi")];
        let mut files: Vec<PathBuf> = rooms
            .iter()
            .map(|room| room.join(&file).with_extension("rs"))
            .filter(|file| file.exists())
            .collect();
        if files.is_empty() {
            return None;
        }
        for room in rooms {
            files.extend(parts(&room.join(&file)));
        }
        let texts: Vec<String> = files
            .iter()
            .map(|file| fs::read_to_string(file).expect("modules are readable"))
            .collect();
        let mut module = Self {
            name: name.to_owned(),
            files,
            types: BTreeSet::new(),
            aliases: BTreeSet::new(),
            anonymous: BTreeSet::new(),
            functions: BTreeSet::new(),
            literals: BTreeMap::new(),
            enums: BTreeMap::new(),
            texts: Vec::new(),
            constants: BTreeMap::new(),
        };
        for text in texts {
            module.scan(&text);
        }
        let constants = &module.constants;
        module
            .enums
            .retain(|name, _| constants.values().any(|constant| constant.kind == *name));
        Some(module)
    }

    /// Whether `file` is in a folder of the module.
    pub fn is_part(&self, file: &Path) -> bool {
        let folder = file.parent().and_then(Path::file_name);
        folder.is_some_and(|folder| *folder == *self.name.replace('-', "_"))
    }

    fn scan(&mut self, text: &str) {
        let mut documentation = Vec::new();
        let mut paragraph = 0;
        for line in text.lines() {
            paragraph += usize::from(line.is_empty());
            if let Some(text) = line.strip_prefix("///") {
                documentation.push(format!(" *{text}"));
                continue;
            }
            if line.starts_with("#[") {
                continue;
            }
            let documentation = std::mem::take(&mut documentation);
            for keyword in ["pub struct ", "pub union ", "pub enum ", "pub type "] {
                let Some(name) = line.strip_prefix(keyword).map(identifier) else {
                    continue;
                };
                if keyword == "pub type " && !line.ends_with('=') && !line.contains(" = Option<") {
                    self.enums.insert(name.clone(), documentation.clone());
                    self.aliases.insert(name);
                    continue;
                }
                let marked = |mark| documentation.iter().any(|line| line == mark);
                if marked(ANONYMOUS) {
                    self.anonymous.insert(name.clone());
                }
                if !marked(OPAQUE) {
                    self.types.insert(name);
                }
            }
            if let Some((_, rest)) = line
                .starts_with("pub ")
                .then(|| line.split_once("extern \"C\" fn "))
                .flatten()
            {
                self.functions.insert(identifier(rest));
            }
            if let Some((name, value)) = text_constant(line) {
                let comment = documentation.join("\n");
                self.texts
                    .push(format!("/**\n{comment}\n */\n#define {name} {value}\n\n"));
            } else if let Some((name, kind, literal)) = constant(line) {
                let kind = kind.to_owned();
                self.constants
                    .insert(name.to_owned(), Constant { kind, paragraph });
                self.literals
                    .extend(literal.map(|literal| (name.to_owned(), literal)));
            }
        }
    }
}

/// The files of a module's folder, in the order in which the module declares them.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let module = fs::read_to_string(folder.with_extension("rs")).unwrap_or_default();
    let names = module.lines().filter_map(|line| {
        let name = line.strip_prefix("pub mod ")?;
        name.strip_suffix(';')
    });
    names
        .map(|name| folder.join(name).with_extension("rs"))
        .collect()
}

fn identifier(text: &str) -> String {
    let end = text.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}

fn text_constant(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix("pub const ")?.split_once(": &CStr = c")?;
    Some((name, value.strip_suffix(';')?))
}

/// The name, the type and the value of a constant, the value if C can have it as it is.
fn constant(line: &str) -> Option<(&str, &str, Option<String>)> {
    let (name, rest) = line.strip_prefix("pub const ")?.split_once(": ")?;
    let (kind, value) = rest.strip_suffix(';')?.split_once(" = ")?;
    Some((name, kind, literal(&value.replace('_', ""))))
}

/// `0xffU` for `0xffu32`; without a suffix C makes it an int where it can, as Rust makes it
/// whatever is needed.
fn literal(value: &str) -> Option<String> {
    let (number, suffix) = match value.strip_suffix("u32") {
        Some(number) => (number, "U"),
        None => (value, ""),
    };
    let (digits, radix) = match number.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    u64::from_str_radix(digits, radix).ok()?;
    Some(format!("{number}{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::{constant, text_constant};

    #[test]
    fn texts_are_constants() {
        let line = "pub const A: &CStr = c\"a\";";
        assert_eq!(text_constant(line), Some(("A", "\"a\"")));
    }

    #[test]
    fn constants_keep_their_base_and_their_sign() {
        let literal = |line| constant(line).and_then(|(_, _, literal)| literal);
        assert_eq!(literal("pub const A: c_int = 0x0f;").unwrap(), "0x0f");
        assert_eq!(literal("pub const A: c_uint = 10;").unwrap(), "10");
        assert_eq!(
            literal("pub const A: u32 = 0xffff_ffff_u32;").unwrap(),
            "0xffffffffU"
        );
        assert_eq!(literal("pub const A: c_int = B | C;"), None);
    }
}
