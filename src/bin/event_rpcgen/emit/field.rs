//! What one field adds to its message.

use std::collections::BTreeSet;

use super::{fill, templates as t};
use crate::schema::{Field, Kind, Message, Presence};

#[derive(Clone, Copy)]
pub struct Emitter<'a> {
    pub message: &'a Message,
    pub field: &'a Field,
}

/// A function of the message by which programs reach the field.
pub struct Accessor {
    pub verb: &'static str,
    pub returns: &'static str,
    /// Those behind the message, each after a comma.
    pub parameters: &'static str,
    pub body: &'static str,
}

impl Emitter<'_> {
    pub fn tag_name(self) -> String {
        self.message.tag_name(&self.field.name)
    }

    /// Fills in what the templates of fields may use.
    pub fn fill(self, template: &str, more: &[(&str, &str)]) -> String {
        let stored = match &self.field.kind {
            Kind::Int => "ev_uint32_t ".to_owned(),
            Kind::Int64 => "ev_uint64_t ".to_owned(),
            Kind::Text => "char *".to_owned(),
            Kind::Bytes | Kind::FixedBytes(_) => "ev_uint8_t *".to_owned(),
            Kind::Struct(name) => format!("struct {name} *"),
        };
        let suffix = if self.field.kind == Kind::Int64 {
            "int64"
        } else {
            "int"
        };
        let (other, length) = match &self.field.kind {
            Kind::Struct(name) => (name.as_str(), ""),
            Kind::FixedBytes(length) => ("", length.as_str()),
            _ => ("", ""),
        };
        // The values of the first ones name the others.
        let text = fill(template, more);
        fill(
            &text,
            &[
                ("T", &stored),
                ("M", &self.message.name),
                ("F", &self.field.name),
                ("O", other),
                ("N", length),
                ("TAG", &self.tag_name()),
                ("int", suffix),
            ],
        )
    }

    fn is_array(self) -> bool {
        self.field.presence == Presence::Array
    }

    fn accessors(self) -> &'static [Accessor] {
        match (&self.field.kind, self.is_array()) {
            (Kind::Int | Kind::Int64, false) => &t::INT,
            (Kind::Int | Kind::Int64, true) => &t::INT_ARRAY,
            (Kind::Text, false) => &t::TEXT,
            (Kind::Text, true) => &t::TEXT_ARRAY,
            (Kind::Bytes, _) => &t::BYTES,
            (Kind::FixedBytes(_), _) => &t::FIXED_BYTES,
            (Kind::Struct(_), false) => &t::STRUCT,
            (Kind::Struct(_), true) => &t::STRUCT_ARRAY,
        }
    }

    fn each_accessor(self, template: &str) -> String {
        let one = |accessor: &Accessor| {
            let more = [
                ("verb", accessor.verb),
                ("body", accessor.body),
                ("returns", accessor.returns),
                ("parameters", accessor.parameters),
            ];
            self.fill(template, &more)
        };
        self.accessors().iter().map(one).collect()
    }

    pub fn access_members(self) -> String {
        self.each_accessor("\t@returns@(*@F@_@verb@)(struct @M@ *@parameters@);\n")
    }

    pub fn pointers(self) -> String {
        self.each_accessor("\t@M@_@F@_@verb@,\n")
    }

    pub fn prototypes(self) -> String {
        self.each_accessor("@returns@@M@_@F@_@verb@(struct @M@ *msg@parameters@);\n")
    }

    /// The functions of the field, but not that which reads it.
    pub fn functions(self) -> String {
        let append = match (&self.field.kind, self.is_array()) {
            (Kind::Text | Kind::Struct(_), true) => self.fill(t::APPEND, &[]),
            _ => String::new(),
        };
        append + &self.each_accessor(t::ACCESSOR)
    }

    pub fn members(self) -> String {
        let template = match &self.field.kind {
            _ if self.is_array() => t::ARRAY_MEMBERS,
            Kind::Bytes => t::BYTES_MEMBERS,
            Kind::FixedBytes(_) => t::FIXED_BYTES_MEMBERS,
            _ => t::MEMBERS,
        };
        self.fill(template, &[])
    }

    pub fn clear(self) -> String {
        let value = match (&self.field.kind, self.is_array()) {
            (Kind::Int | Kind::Int64, true) => t::CLEAR_INT_ARRAY,
            (Kind::Text, true) => t::CLEAR_TEXT_ARRAY,
            (_, true) => t::CLEAR_STRUCT_ARRAY,
            (Kind::Int | Kind::Int64, _) => t::CLEAR_INT,
            (Kind::Text, _) => t::CLEAR_TEXT,
            (Kind::Bytes, _) => t::CLEAR_BYTES,
            (Kind::FixedBytes(_), _) => t::CLEAR_FIXED_BYTES,
            (Kind::Struct(_), _) => t::CLEAR_STRUCT,
        };
        self.fill("@value@\tmsg->@F@_set = 0;\n", &[("value", value)])
    }

    pub fn marshal(self) -> String {
        let value = match self.field.kind {
            Kind::Int | Kind::Int64 => t::MARSHAL_INT,
            Kind::Text => t::MARSHAL_TEXT,
            Kind::Bytes => t::MARSHAL_BYTES,
            Kind::FixedBytes(_) => t::MARSHAL_FIXED_BYTES,
            Kind::Struct(_) => t::MARSHAL_STRUCT,
        };
        // A required number that nobody set is written as libevent does; what has no value cannot be.
        let needs_value = matches!(self.field.kind, Kind::Text | Kind::Struct(_));
        let around = match self.field.presence {
            Presence::Array => t::MARSHAL_EACH,
            Presence::Required if !needs_value => "\t@value@;\n",
            _ => "\tif (msg->@F@_set)\n\t\t@value@;\n",
        };
        let element = if self.is_array() { "[i]" } else { "" };
        let value = fill(value, &[("element", element)]);
        self.fill(around, &[("value", &value)])
    }

    pub fn complete(self) -> String {
        let mut code = String::new();
        if self.field.presence == Presence::Required {
            code += t::COMPLETE_REQUIRED;
        }
        if matches!(self.field.kind, Kind::Struct(_)) {
            code += if self.is_array() {
                t::COMPLETE_STRUCT_ARRAY
            } else {
                t::COMPLETE_STRUCT
            };
        }
        self.fill(&code, &[])
    }

    /// Whether reading the field calls itself: `own` are the structs of the same file.
    pub fn passes_depth(self, own: &BTreeSet<&str>) -> bool {
        matches!(&self.field.kind, Kind::Struct(name) if own.contains(name.as_str()))
    }

    /// The function that reads the field.
    pub fn reader(self, own: &BTreeSet<&str>) -> String {
        let body = match (&self.field.kind, self.is_array()) {
            (Kind::Int | Kind::Int64, false) => t::READ_INT,
            (Kind::Int | Kind::Int64, true) => t::READ_INT_ARRAY,
            (Kind::Text, false) => t::READ_TEXT,
            (Kind::Text, true) => t::READ_TEXT_ARRAY,
            (Kind::Bytes, _) => t::READ_BYTES,
            (Kind::FixedBytes(_), _) => t::READ_FIXED_BYTES,
            (Kind::Struct(_), false) => t::READ_STRUCT,
            (Kind::Struct(_), true) => t::READ_STRUCT_ARRAY,
        };
        let (parameter, read) = if self.passes_depth(own) {
            (
                ", int depth",
                "@O@_unmarshal_field_(@to@, evbuf, @TAG@, depth + 1)",
            )
        } else {
            ("", "evtag_unmarshal_@O@(evbuf, @TAG@, @to@)")
        };
        let to = if self.is_array() {
            "element"
        } else {
            "msg->@F@_data"
        };
        let read = fill(read, &[("to", to)]);
        let body = fill(body, &[("read", &read)]);
        self.fill(t::READER, &[("body", &body), ("depth", parameter)])
    }
}
