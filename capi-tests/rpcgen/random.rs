//! Random schemas, C programs that fill and compare their messages, and an encoder of its own.

use std::fmt::Write;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Int,
    Int64,
    Text,
    Bytes,
    Fixed(u64),
    /// The message of this number.
    Struct(usize),
}

#[derive(Clone, Copy, PartialEq)]
enum Presence {
    Required,
    Optional,
    Array,
}

struct Field {
    kind: Kind,
    tag: u32,
    presence: Presence,
    /// As many as there are; none for an optional field that is not set.
    values: Vec<u64>,
}

/// Messages that consist of those before them.
pub struct Schema {
    messages: Vec<Vec<Field>>,
}

/// Numbers that look random, the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 20) % limit
    }

    /// Of any size.
    fn number(&mut self) -> u64 {
        let bits = self.below(64);
        self.next() >> bits
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encode_tag(mut tag: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while tag > 0x7f {
        bytes.push(tag as u8 | 0x80);
        tag >>= 7;
    }
    bytes.push(tag as u8);
    bytes
}

/// By way of hex digits.
fn encode_int(value: u64) -> Vec<u8> {
    let digits: String = format!("{value:x}").chars().rev().collect();
    let mut all = format!("{:x}{digits}", digits.len() - 1);
    if all.len() % 2 == 1 {
        all.push('0');
    }
    let byte = |at: usize| u8::from_str_radix(&all[at..at + 2], 16).expect("two digits");
    (0..all.len()).step_by(2).map(byte).collect()
}

/// Text of a value: letters, as many as it says.
fn text(value: u64) -> String {
    let letter = char::from(b'a' + (value % 26) as u8);
    letter.to_string().repeat((value % 40) as usize)
}

fn fixed(value: u64, len: u64) -> Vec<u8> {
    (0..len).map(|at| (value >> (at % 8 * 8)) as u8).collect()
}

impl Schema {
    pub fn new(seed: u64, messages: usize) -> Self {
        let mut noise = Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let messages = (0..messages)
            .map(|number| {
                (0..1 + noise.below(6))
                    .map(|at| Field::new(&mut noise, number, at))
                    .collect()
            })
            .collect();
        Self { messages }
    }

    /// The `.rpc` file.
    pub fn text(&self) -> String {
        let mut text = "/* random */\n#define RANDOM_ONE 1\n".to_owned();
        for (number, fields) in self.messages.iter().enumerate() {
            writeln!(text, "struct m{number} {{ // the {number}th").unwrap();
            for (at, field) in fields.iter().enumerate() {
                let presence = match field.presence {
                    Presence::Required => "",
                    Presence::Optional => "optional ",
                    Presence::Array => "array ",
                };
                let name = format!("f{at}");
                let declared = match field.kind {
                    Kind::Int => format!("int {name}"),
                    Kind::Int64 => format!("int64 {name}"),
                    Kind::Text => format!("string {name}"),
                    Kind::Bytes => format!("bytes {name}"),
                    Kind::Fixed(len) => format!("bytes {name}[{} + RANDOM_ONE]", len - 1),
                    Kind::Struct(other) => format!("struct[m{other}] {name}"),
                };
                let tag = if at % 2 == 0 {
                    field.tag.to_string()
                } else {
                    format!("{:#x}", field.tag)
                };
                writeln!(text, "\t{presence}{declared} =\n\t    {tag}; /* {at} */").unwrap();
            }
            text += "}\n\n";
        }
        text
    }

    fn encode(&self, number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in &self.messages[number] {
            for &value in &field.values {
                let payload = match field.kind {
                    Kind::Int => encode_int(value & 0xffff_ffff),
                    Kind::Int64 => encode_int(value),
                    Kind::Text => text(value).into_bytes(),
                    Kind::Bytes => fixed(value, value % 20),
                    Kind::Fixed(len) => fixed(value, len),
                    Kind::Struct(other) => self.encode(other),
                };
                bytes.extend(encode_tag(field.tag));
                bytes.extend(encode_int(payload.len() as u64));
                bytes.extend(payload);
            }
        }
        bytes
    }

    /// A program that fills each message, and succeeds if its bytes are what they should be and
    /// come out of reading them again.
    pub fn program(&self) -> String {
        let mut text = include_str!("random.c.in").to_owned();
        for (number, fields) in self.messages.iter().enumerate() {
            let declared = if fields.iter().any(|field| !field.values.is_empty()) {
                ""
            } else {
                "\t(void)msg;\n"
            };
            writeln!(
                text,
                "static void\nfill_m{number}(struct m{number} *msg)\n{{\n{declared}"
            )
            .unwrap();
            for (at, field) in fields.iter().enumerate() {
                for &value in &field.values {
                    text += &field.statement(at, value);
                }
            }
            let expected = hex(&self.encode(number));
            writeln!(text, "}}\n\nstatic void\ncheck_m{number}(void)\n{{").unwrap();
            writeln!(text, "\tstatic const char expected[] = \"{expected}\";").unwrap();
            writeln!(text, "\tCHECK_MESSAGE(m{number}, expected);\n}}\n").unwrap();
        }
        text += "int\nmain(void)\n{\n";
        for number in 0..self.messages.len() {
            writeln!(text, "\tcheck_m{number}();").unwrap();
        }
        text + "\treturn 0;\n}\n"
    }
}

impl Field {
    /// The `at`th of the `number`th message.
    fn new(noise: &mut Noise, number: usize, at: u64) -> Self {
        let mut presence = match noise.below(3) {
            0 => Presence::Required,
            1 => Presence::Optional,
            _ => Presence::Array,
        };
        let kind = match noise.below(6) {
            0 => Kind::Int,
            1 => Kind::Int64,
            2 => Kind::Text,
            3 => Kind::Bytes,
            4 => Kind::Fixed(1 + noise.below(30)),
            // Of small ones, so that messages do not explode.
            _ if number > 0 => Kind::Struct(noise.below(number.min(5) as u64) as usize),
            _ => Kind::Int,
        };
        if presence == Presence::Array && matches!(kind, Kind::Bytes | Kind::Fixed(_)) {
            presence = Presence::Required;
        }
        let count = match presence {
            Presence::Required => 1,
            Presence::Optional => noise.below(2),
            Presence::Array => noise.below(5),
        };
        // The lowest digits differ.
        let tag = ((noise.number() as u32 & 0x07ff_ffff) * 8) + at as u32;
        let values = (0..count).map(|_| noise.number()).collect();
        Self {
            kind,
            tag,
            presence,
            values,
        }
    }

    fn statement(&self, at: usize, value: u64) -> String {
        let array = self.presence == Presence::Array;
        let set = if array {
            "EVTAG_ARRAY_ADD_VALUE"
        } else {
            "EVTAG_ASSIGN"
        };
        let ok = if array { "!= NULL" } else { "== 0" };
        let bytes = |bytes: Vec<u8>| -> String {
            bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
        };
        match self.kind {
            Kind::Int => {
                let value = value & 0xffff_ffff;
                format!("\tCHECK({set}(msg, f{at}, {value}U) {ok});\n")
            }
            Kind::Int64 => format!("\tCHECK({set}(msg, f{at}, {value}ULL) {ok});\n"),
            Kind::Text => format!("\tCHECK({set}(msg, f{at}, \"{}\") {ok});\n", text(value)),
            Kind::Bytes => {
                let len = value % 20;
                let data = bytes(fixed(value, len));
                format!(
                    "\tCHECK(EVTAG_ASSIGN_WITH_LEN(msg, f{at}, \
                     (const ev_uint8_t *)\"{data}\", {len}) == 0);\n"
                )
            }
            Kind::Fixed(len) => {
                let data = bytes(fixed(value, len));
                format!("\tCHECK(EVTAG_ASSIGN(msg, f{at}, (const ev_uint8_t *)\"{data}\") == 0);\n")
            }
            Kind::Struct(other) if array => format!(
                "\t{{\n\t\tstruct m{other} *part = EVTAG_ARRAY_ADD(msg, f{at});\n\
                 \t\tCHECK(part);\n\t\tfill_m{other}(part);\n\t}}\n"
            ),
            Kind::Struct(other) => format!(
                "\t{{\n\t\tstruct m{other} *part;\n\
                 \t\tCHECK(EVTAG_GET(msg, f{at}, &part) == 0);\n\t\tfill_m{other}(part);\n\t}}\n"
            ),
        }
    }
}
