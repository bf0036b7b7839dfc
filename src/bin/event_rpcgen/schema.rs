//! What a `.rpc` file says.

#[derive(Debug, Default)]
pub struct Schema {
    /// Preprocessor lines for the header, in order.
    pub header_lines: Vec<String>,
    /// Those for the code.
    pub code_lines: Vec<String>,
    pub messages: Vec<Message>,
}

#[derive(Debug)]
pub struct Message {
    pub name: String,
    pub fields: Vec<Field>,
}

#[derive(Debug)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
    pub tag: u32,
    pub presence: Presence,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Presence {
    Required,
    Optional,
    /// Any number of times.
    Array,
}

#[derive(Debug, PartialEq)]
pub enum Kind {
    Int,
    Int64,
    Text,
    Bytes,
    /// As many bytes as this C constant.
    FixedBytes(String),
    Struct(String),
}

impl Message {
    /// The enumerator of `field`'s tag.
    pub fn tag_name(&self, field: &str) -> String {
        format!("{}_{field}", self.name).to_uppercase()
    }

    /// The enumerator behind all others.
    pub fn max_tags(&self) -> String {
        self.tag_name("max_tags")
    }

    pub fn enum_name(&self) -> String {
        format!("{}_", self.name.to_lowercase())
    }

    pub fn access_name(&self) -> String {
        format!("{}_access_", self.name)
    }
}
