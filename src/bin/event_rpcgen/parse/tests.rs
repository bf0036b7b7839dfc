use super::*;

fn fields(text: &str) -> Vec<(String, Kind, u32, Presence)> {
    let text = format!("struct m {{\n{text}\n}}");
    let mut messages = schema(&text).expect("this is correct").messages;
    assert_eq!(messages.len(), 1);
    messages
        .remove(0)
        .fields
        .into_iter()
        .map(|field| (field.name, field.kind, field.tag, field.presence))
        .collect()
}

#[test]
fn every_kind_of_field() {
    let found = fields(
        "int a = 1;
        optional int64 b = 0x10;
        array string c = 3;
        bytes d = 4; bytes e[ H + 1 ] = 5;
        array struct[other] f = 6;
        optional
            struct[m]
            g = 2147483646;",
    );
    use Presence::{Array, Optional, Required};
    let expected = [
        ("a", Kind::Int, 1, Required),
        ("b", Kind::Int64, 16, Optional),
        ("c", Kind::Text, 3, Array),
        ("d", Kind::Bytes, 4, Required),
        ("e", Kind::FixedBytes("H + 1".into()), 5, Required),
        ("f", Kind::Struct("other".into()), 6, Array),
        ("g", Kind::Struct("m".into()), MAX_TAG, Optional),
    ]
    .map(|(name, kind, tag, presence)| (name.to_owned(), kind, tag, presence));
    assert_eq!(found, expected);
}

#[test]
fn lines_around_structs_are_copied() {
    let schema = schema(
        "#include <a.h> // why\n#define H 3 /* bytes */\n\n#ifdef X\n  #  include \"b.h\"\n#endif\n\
         struct a{\n}\nstruct b {\n int x = 1; }\n",
    )
    .expect("this is correct");
    assert_eq!(schema.header_lines, ["#define H 3"]);
    let code = ["#include <a.h>", "#ifdef X", "#  include \"b.h\"", "#endif"];
    assert_eq!(schema.code_lines, code);
    let names: Vec<_> = schema
        .messages
        .iter()
        .map(|message| &message.name)
        .collect();
    assert_eq!(names, ["a", "b"]);
}

/// Fields' names are parts of names in C only.
#[test]
fn text_may_come_from_anywhere() {
    let found = schema("\u{feff}struct m {\r\n  /* \u{fffd} */ int int = 1;\r\n}\r\n");
    let messages = found.expect("this is correct").messages;
    assert_eq!(messages[0].fields[0].name, "int");
}

#[test]
fn an_error_names_its_line() {
    for (line, text) in [
        (1, "int a = 1;"),
        (2, "\n#pragma once"),
        (1, "struct m { int a = 1; }"),
        (1, "struct m"),
        (1, "struct {"),
        (1, "struct 1m {\n}"),
        (1, "struct m {\nint a = 1;"),
        (2, "struct m {\n};"),
        (3, "struct m {\n\n} int a = 1;"),
        (2, "struct m {\n#ifdef X\n"),
        (2, "struct m {\nint a = 1\n}"),
        (3, "struct m {\nint a = 1;\nint\nb= 1;\n}"),
        (2, "struct m {\nint a =1;\n}"),
        (2, "struct m {\nint a;\n}"),
        (2, "struct m {\nint = 1;\n}"),
        (2, "struct m {\na = 1;\n}"),
        (2, "struct m {\n;\n}"),
        (2, "struct m {\nshort a = 1;\n}"),
        (2, "struct m {\nint a-b = 1;\n}"),
        (2, "struct m {\nint a b = 1;\n}"),
        (2, "struct m {\nint a[3] = 1;\n}"),
        (2, "struct m {\nbytes a[] = 1;\n}"),
        (2, "struct m {\nbytes a[3 = 1;\n}"),
        (2, "struct m {\nstruct a = 1;\n}"),
        (2, "struct m {\nstruct[] a = 1;\n}"),
        (2, "struct m {\noptional array int a = 1;\n}"),
        (2, "struct m {\noptional optional int a = 1;\n}"),
        (2, "struct m {\narray bytes a = 1;\n}"),
        (2, "struct m {\narray bytes a[3] = 1;\n}"),
        (2, "struct m {\nint a = b;\n}"),
        (2, "struct m {\nint a = -1;\n}"),
        (2, "struct m {\nint a = +1;\n}"),
        (2, "struct m {\nint a = 2147483647;\n}"),
        (2, "struct m {\nint a = 0x100000000;\n}"),
        (2, "struct m {\nint a = 1 2;\n}"),
        (3, "struct m {\nint a = 1;\nint b = 0x1;\n}"),
        (3, "struct m {\nint a = 1;\nint A = 2;\n}"),
        (2, "struct m {\nint max_tags = 1;\n}"),
        (3, "struct m {\n}\nstruct m {\n}"),
        (3, "struct m {\n}\nstruct M {\n}"),
        (3, "struct m {\n}\nstruct m_ {\n}"),
        (2, "struct m {\n/* }\n"),
        (1, "struct int {\n}"),
        (2, "struct m {\nstruct[void] a = 1;\n}"),
        (3, "struct m {\nint a_b = 1;\n} struct m_a {\nint b = 1;\n}"),
        (
            4,
            "struct m {\nint a_b = 1;\n}\nstruct m_a {\nint b = 1;\n}",
        ),
        (4, "struct m {\nint a_max_tags = 1;\n}\nstruct m_a {\n}"),
        (2, "\n#include \"\u{fffd}.h\""),
    ] {
        match schema(text) {
            Ok(_) => panic!("{text:?} is accepted"),
            Err(error) => assert_eq!(error.line, line, "{text:?}: {}", error.message),
        }
    }
}
