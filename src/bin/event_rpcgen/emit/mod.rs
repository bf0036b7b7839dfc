//! C from a schema: C89 and C++, without warnings, over libevent's public headers.
//!
//! Templates are C with `@name@` for what differs; see [`fill`].

mod field;
mod functions;
mod support;
mod templates;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::schema::{Kind, Message, Schema};

/// Puts values in the places of their names. Values are not read again: they may have any text in
/// them.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('@') {
        text += before;
        let value = after.split_once('@').and_then(|(found, behind)| {
            let (_, value) = values.iter().find(|(name, _)| *name == found)?;
            Some((*value, behind))
        });
        let (value, behind) = value.unwrap_or(("@", after));
        text += value;
        rest = behind;
    }
    text + rest
}

/// How a file names another one in `#include`.
pub fn path_from(from: &Path, to: &Path) -> io::Result<String> {
    let (from, to) = (std::path::absolute(from)?, std::path::absolute(to)?);
    let directory = from.parent().unwrap_or(&from);
    let shared = directory
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = directory.components().skip(shared).map(|_| "..");
    let path: PathBuf = up
        .map(AsRef::as_ref)
        .chain(to.components().skip(shared).map(|part| part.as_os_str()))
        .collect();
    Ok(path.display().to_string())
}

/// What keeps the header from being read twice.
fn guard(input: &Path) -> String {
    let path = input.display().to_string().to_uppercase();
    let path: String = path
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    format!("EVENT_RPCOUT_{path}_")
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

pub fn header(input: &Path, schema: &Schema) -> String {
    let own = schema.messages.iter().map(|message| message.name.as_str());
    let others = nested(schema);
    let names: BTreeSet<&str> = own.chain(others).collect();
    let declared: String = names
        .iter()
        .map(|name| format!("struct {name};\n"))
        .collect();
    let messages: String = schema.messages.iter().map(header_part).collect();
    fill(
        support::HEADER,
        &[
            ("input", &file_name(input)),
            ("guard", &guard(input)),
            ("lines", &lines(&schema.header_lines)),
            ("structs", &declared),
            ("messages", &messages),
        ],
    )
}

/// `included` is the name of the header for the code.
pub fn code(input: &Path, included: &str, schema: &Schema) -> String {
    let own: BTreeSet<&str> = schema
        .messages
        .iter()
        .map(|message| message.name.as_str())
        .collect();
    let messages: String = schema
        .messages
        .iter()
        .map(|message| functions::of(message, &own))
        .collect();
    let declared: String = schema
        .messages
        .iter()
        .map(|message| fill(functions::INTERNAL, &[("M", &message.name)]))
        .collect();
    // A compiler warns of static functions that nobody calls.
    let helpers = support::HELPERS
        .iter()
        .filter(|helper| messages.contains(helper.name));
    let helpers: String = helpers.map(|helper| helper.code).collect();
    let copied: BTreeSet<&str> = nested(schema).collect();
    let copies: String = copied
        .iter()
        .map(|name| fill(templates::COPY, &[("O", name)]))
        .collect();
    fill(
        support::CODE,
        &[
            ("input", &file_name(input)),
            ("header", included),
            ("lines", &lines(&schema.code_lines)),
            ("declared", &declared),
            ("helpers", &(helpers + &copies)),
            ("messages", &messages),
        ],
    )
}

/// The structs that fields consist of.
fn nested(schema: &Schema) -> impl Iterator<Item = &str> {
    let fields = schema.messages.iter().flat_map(|message| &message.fields);
    fields.filter_map(|field| match &field.kind {
        Kind::Struct(name) => Some(name.as_str()),
        _ => None,
    })
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn header_part(message: &Message) -> String {
    let fields = || {
        message
            .fields
            .iter()
            .map(|field| field::Emitter { message, field })
    };
    let enumerators: String = fields()
        .map(|field| format!("\t{} = {},\n", field.tag_name(), field.field.tag))
        .collect();
    let mut access: String = fields().map(|field| field.access_members()).collect();
    if access.is_empty() {
        access = "\tchar no_fields;\n".to_owned();
    }
    let members: String = fields().map(|field| field.members()).collect();
    let set: String = message
        .fields
        .iter()
        .map(|field| format!("\tev_uint8_t {}_set;\n", field.name))
        .collect();
    let prototypes: String = fields().map(|field| field.prototypes()).collect();
    fill(
        support::MESSAGE,
        &[
            ("M", &message.name),
            ("enum", &message.enum_name()),
            ("enumerators", &enumerators),
            ("MAX_TAGS", &message.max_tags()),
            ("access", &access),
            ("members", &members),
            ("set", &set),
            ("prototypes", &prototypes),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_found_from_the_code() {
        let from = |code: &str, header: &str| {
            path_from(Path::new(code), Path::new(header)).expect("there is a current directory")
        };
        assert_eq!(from("a.c", "a.h"), "a.h");
        assert_eq!(from("x/a.c", "x/a.h"), "a.h");
        assert_eq!(from("src/a.c", "include/y/a.h"), "../include/y/a.h");
        assert_eq!(from("/x/a.c", "/x/y/a.h"), "y/a.h");
        assert_eq!(from("/x/a.c", "/y/a.h"), "../y/a.h");
    }

    #[test]
    fn guards_are_names() {
        assert_eq!(guard(Path::new("x.rpc")), "EVENT_RPCOUT_X_RPC_");
        assert_eq!(guard(Path::new("a/b-c.rpc")), "EVENT_RPCOUT_A_B_C_RPC_");
    }
}
