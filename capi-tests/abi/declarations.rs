//! What our headers declare, read from their text.

use std::collections::BTreeSet;
use std::fs;

use crate::library::project;
use crate::{compiler, include};

/// The text of all headers without comments and preprocessor lines.
fn code() -> String {
    let mut code = String::new();
    for name in include::all() {
        let text = fs::read_to_string(project().join("include").join(name)).expect("readable");
        code += &strip(&text);
    }
    code
}

fn strip(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        code += before;
        rest = comment.split_once("*/").expect("comments end").1;
    }
    code += rest;
    let mut directive = false;
    code.split_inclusive('\n')
        .filter(|line| {
            let inside = directive;
            directive = (inside || line.starts_with('#')) && line.trim_end().ends_with('\\');
            !inside && !line.starts_with('#')
        })
        .collect()
}

/// Every exported function's prototype: its name and the declaration.
pub fn prototypes() -> Vec<(String, String)> {
    code()
        .split("EVENT2_EXPORT_SYMBOL")
        .skip(1)
        .map(|text| {
            let declaration = text.split_once(';').expect("a declaration ends").0.trim();
            (function_name(declaration), format!("{declaration};"))
        })
        .collect()
}

/// `f` for `const char *f(int a)`.
fn function_name(declaration: &str) -> String {
    let head = declaration.split_once('(').expect("a function").0;
    let name = head.rsplit([' ', '*', '\n']).next().expect("a name");
    name.to_owned()
}

/// Every type of a callback: its name and the definition.
pub fn callbacks() -> Vec<(String, String)> {
    let code = code();
    code.match_indices("typedef ")
        .map(|(at, _)| code[at..].split_inclusive(';').next().expect("it ends"))
        // Others are other names of structs.
        .filter(|definition| definition.contains('('))
        .map(|definition| {
            let name = match definition.split_once("(*") {
                Some((_, name)) => name.split_once(')').expect("a pointer to a function").0,
                // The function's type itself.
                None => &function_name(definition),
            };
            (name.to_owned(), definition.to_owned())
        })
        .collect()
}

/// What the preprocessor makes of some C after all our headers.
pub fn preprocess(options: &[&str], source: &str) -> String {
    let mut compiler = compiler::with_our_headers(&compiler::cc());
    compiler::preprocess(compiler.args(options), &(include::includes() + source))
}

/// Every macro that our headers or the system's define: its name, parameters and text.
pub fn macros() -> Vec<String> {
    let text = preprocess(&["-dM"], "");
    text.lines()
        .map(|line| line.trim_start_matches("#define ").to_owned())
        .collect()
}

/// Every name that can stand in an expression after all our headers are included.
pub fn names() -> BTreeSet<String> {
    let macros = macros();
    let heads = macros.iter().map(|line| {
        let end = line.find(['(', ' ']).unwrap_or(line.len());
        line[..end].to_owned()
    });
    heads.chain(words(&preprocess(&["-P"], ""))).collect()
}

/// All words of some C.
pub fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| c != '_' && !c.is_ascii_alphanumeric())
        .map(str::to_owned)
        .collect()
}

#[test]
fn declarations_are_recognized() {
    let text = "/* int a(void); */\n#define B \\\n  c\nint d(int (*e)(void));\n";
    assert_eq!(strip(text), "\nint d(int (*e)(void));\n");
    assert_eq!(function_name("const char *f(int a)"), "f");
    assert_eq!(function_name("int\nf(void)"), "f");
}
