//! The language of `.rpc` files.

use std::collections::HashSet;
use std::iter::Enumerate;
use std::str::Lines;

use crate::schema::{Field, Kind, Message, Presence, Schema};
use crate::source::{self, Error};

/// Enumerators are of type int, and there is one behind the last tag.
const MAX_TAG: u32 = i32::MAX as u32 - 1;

/// Those of C89, and the words that C99 added. Names of fields only become parts of names.
const KEYWORDS: [&str; 34] = [
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
    "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register",
    "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
    "union", "unsigned", "void", "volatile", "while",
];

/// The lines of a file, each with its number.
struct Numbered<'a>(Enumerate<Lines<'a>>);

impl<'a> Iterator for Numbered<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(index, line)| (index + 1, line.trim()))
    }
}

pub fn schema(text: &str) -> Result<Schema, Error> {
    let plain = source::without_comments(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    let mut lines = Numbered(plain.lines().enumerate());
    let mut schema = Schema::default();
    let mut names = HashSet::new();
    while let Some((number, line)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        if line.starts_with('#') {
            directive(number, line, &mut schema)?;
            continue;
        }
        let message = message(number, opening(number, line)?, &mut lines)?;
        // Structs and enums share their names in C, and tags those of their enumerators.
        let own = [
            message.name.clone(),
            message.enum_name(),
            message.access_name(),
            message.max_tags(),
        ];
        let tags = message.fields.iter();
        for name in own
            .into_iter()
            .chain(tags.map(|field| message.tag_name(&field.name)))
        {
            if !names.insert(name.clone()) {
                let problem = format!("struct {} defines {name} a second time", message.name);
                return Err(Error::new(number, problem));
            }
        }
        schema.messages.push(message);
    }
    Ok(schema)
}

fn directive(number: usize, line: &str, schema: &mut Schema) -> Result<(), Error> {
    if line.contains(char::REPLACEMENT_CHARACTER) {
        return Err(Error::new(number, "only comments need not be UTF-8"));
    }
    let word: String = line[1..]
        .trim_start()
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    let lines = match &*word {
        "include" | "if" | "ifdef" | "ifndef" | "elif" | "else" | "endif" => &mut schema.code_lines,
        "define" => &mut schema.header_lines,
        _ => return Err(Error::new(number, format!("#{word} is not allowed here"))),
    };
    lines.push(line.to_owned());
    Ok(())
}

/// The name in `struct NAME {`.
fn opening(number: usize, line: &str) -> Result<&str, Error> {
    let mut words = line.split_whitespace();
    let name = match (words.next(), words.next(), words.next(), words.next()) {
        (Some("struct"), Some(name), Some("{"), None) => name,
        (Some("struct"), Some(name), None, None) => name.strip_suffix('{').unwrap_or_default(),
        _ => "",
    };
    if name.is_empty() {
        let problem = format!("expected `struct NAME {{` alone on the line, found `{line}`");
        return Err(Error::new(number, problem));
    }
    struct_name(number, name)
}

fn struct_name(number: usize, name: &str) -> Result<&str, Error> {
    if KEYWORDS.contains(&name) {
        return Err(Error::new(number, format!("`{name}` is a keyword of C")));
    }
    identifier(number, name)
}

fn identifier(number: usize, name: &str) -> Result<&str, Error> {
    let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    if name.chars().all(is_word)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
    {
        Ok(name)
    } else {
        Err(Error::new(number, format!("`{name}` is not a name")))
    }
}

fn message(opened: usize, name: &str, lines: &mut Numbered<'_>) -> Result<Message, Error> {
    let mut message = Message {
        name: name.to_owned(),
        fields: Vec::new(),
    };
    // The text of a field that goes on, and the line where it begins.
    let mut entry = String::new();
    let mut begun = opened;
    for (number, line) in lines {
        if line.starts_with('#') {
            let problem = format!("a struct cannot depend on conditions: `{line}`");
            return Err(Error::new(number, problem));
        }
        let (mut rest, closed) = match line.split_once('}') {
            Some((before, "")) => (before, true),
            Some((_, after)) => {
                let problem = format!("nothing may follow `}}`: `{}`", after.trim());
                return Err(Error::new(number, problem));
            }
            None => (line, false),
        };
        while let Some((before, after)) = rest.split_once(';') {
            begun = if entry.trim().is_empty() {
                number
            } else {
                begun
            };
            entry += before;
            message.add(begun, entry.trim())?;
            entry.clear();
            rest = after;
        }
        if !rest.trim().is_empty() {
            begun = if entry.trim().is_empty() {
                number
            } else {
                begun
            };
            entry += rest;
            entry.push(' ');
        }
        if closed && entry.is_empty() {
            return Ok(message);
        }
        if closed {
            let problem = format!("`;` is missing behind `{}`", entry.trim());
            return Err(Error::new(begun, problem));
        }
    }
    Err(Error::new(opened, format!("struct {name} is not closed")))
}

impl Message {
    fn add(&mut self, number: usize, entry: &str) -> Result<(), Error> {
        let field = field(number, entry)?;
        let tag_name = self.tag_name(&field.name);
        let taken = |other: &Field| self.tag_name(&other.name) == tag_name;
        if tag_name == self.max_tags() || self.fields.iter().any(taken) {
            let problem = format!("struct {} has a {tag_name} already", self.name);
            return Err(Error::new(number, problem));
        }
        if let Some(other) = self.fields.iter().find(|other| other.tag == field.tag) {
            let problem = format!("`{}` has the tag {} already", other.name, field.tag);
            return Err(Error::new(number, problem));
        }
        self.fields.push(field);
        Ok(())
    }
}

/// Reads `[optional] [array] TYPE NAME = TAG`.
fn field(number: usize, entry: &str) -> Result<Field, Error> {
    let error = |problem: String| Error::new(number, problem);
    let words: Vec<&str> = entry.split_whitespace().collect();
    let [before @ .., "=", tag] = &words[..] else {
        return Err(error(format!(
            "expected `TYPE NAME = TAG;` with blanks around `=`, found `{entry}`"
        )));
    };
    let (modifiers, kind, name) = split(before)
        .ok_or_else(|| error(format!("expected a type and a name, found `{entry}`")))?;
    let presence = match modifiers {
        [] => Presence::Required,
        ["optional"] => Presence::Optional,
        ["array"] => Presence::Array,
        ["optional", "array"] | ["array", "optional"] => {
            return Err(error("an array is optional anyway".to_owned()));
        }
        [word, ..] => {
            return Err(error(format!(
                "expected `optional` or `array`, found `{word}`"
            )));
        }
    };
    let (name, length) = match name.split_once('[') {
        Some((name, rest)) => {
            let length = rest
                .strip_suffix(']')
                .map(str::trim)
                .filter(|length| !length.is_empty() && !length.contains(['[', ']']));
            let length = length.ok_or_else(|| error(format!("expected `{name}[LENGTH]`")))?;
            (name, Some(length))
        }
        None => (&*name, None),
    };
    let name = identifier(number, name.trim())?.to_owned();
    let kind = match (kind, length) {
        ("int", None) => Kind::Int,
        ("int64", None) => Kind::Int64,
        ("string", None) => Kind::Text,
        ("bytes", None) => Kind::Bytes,
        ("bytes", Some(length)) => Kind::FixedBytes(length.to_owned()),
        (_, Some(_)) => return Err(error("only bytes have a length".to_owned())),
        (other, None) => match other
            .strip_prefix("struct[")
            .and_then(|o| o.strip_suffix(']'))
        {
            Some(other) => Kind::Struct(struct_name(number, other)?.to_owned()),
            None => return Err(error(format!("unknown type `{other}`"))),
        },
    };
    if presence == Presence::Array && matches!(kind, Kind::Bytes | Kind::FixedBytes(_)) {
        return Err(error("there are no arrays of bytes".to_owned()));
    }
    let tag = number_of(tag).ok_or_else(|| {
        error(format!(
            "a tag is a number from 0 to {MAX_TAG}, `{tag}` is not"
        ))
    })?;
    Ok(Field {
        name,
        kind,
        tag,
        presence,
    })
}

/// Modifiers, type and name; a length may have blanks, and the struct of `struct[NAME]`, too.
fn split<'a>(words: &'a [&'a str]) -> Option<(&'a [&'a str], &'a str, String)> {
    let kind = words
        .iter()
        .position(|word| !["optional", "array"].contains(word))?;
    let name = words[kind + 1..].join(" ");
    (!name.is_empty()).then_some((&words[..kind], words[kind], name))
}

fn number_of(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    // from_str_radix() takes a sign.
    let tag = u32::from_str_radix(digits, radix)
        .ok()
        .filter(|_| !digits.starts_with('+'))?;
    (tag <= MAX_TAG).then_some(tag)
}

#[cfg(test)]
mod tests;
