//! Programs linked with the library: statically, and with another library in its way.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::facts::Symbol;
use crate::library::{self, project};
use crate::{compiler, emulator, symbols};

/// The value of a variable in the Makefile, from which the pkg-config files get it.
fn make_variable(name: &str) -> String {
    let text = fs::read_to_string(project().join("Makefile")).expect("a file of the project");
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(" := "))
        .unwrap_or_else(|| panic!("the Makefile does not set {name}"))
        .to_owned()
}

fn compile(name: &str, program: &Path) -> Command {
    let mut command = compiler::with_our_headers(&compiler::cc());
    command
        .args(["-Wall", "-Wextra", "-Werror", "-o"])
        .arg(program)
        .arg(project().join("capi-tests/abi").join(name));
    command
}

#[test]
fn a_program_links_statically() {
    let program = compiler::scratch("static").join("uses");
    let libraries = make_variable("PRIVATE_LIBS");
    compiler::run(
        compile("uses.c", &program)
            .arg(library::directory().unwrap().join("libevent_rs.a"))
            .args(libraries.split_whitespace()),
    )
    .unwrap();
    compiler::run(&mut emulator::command(&program)).unwrap();
    let needed = compiler::run(
        Command::new("readelf")
            .args(["--dynamic", "--wide"])
            .arg(&program),
    );
    let needed = needed.unwrap();
    assert!(!needed.contains("libevent"), "{needed}");
}

/// As the guide says how: a shared library of the archive that needs the C library only.
#[test]
fn the_archive_makes_a_library_without_libgcc() {
    let directory = compiler::scratch("without_libgcc");
    let ours = symbols::ours();
    let names: Vec<&str> = ours.keys().map(String::as_str).collect();
    let script = directory.join("exports");
    fs::write(
        &script,
        format!("{{ global: {}; local: *; }};\n", names.join("; ")),
    )
    .expect("the target directory is writable");
    let library = directory.join("libevent_rs.so.1");
    compiler::run(
        Command::new(compiler::cc())
            .args(["-shared", "-static-libgcc", "-Wl,-soname,libevent_rs.so.1"])
            .arg("-Wl,-Bsymbolic-functions,-z,relro,-z,now,--gc-sections")
            .arg(format!("-Wl,--version-script={}", script.display()))
            .arg("-o")
            .arg(&library)
            .arg("-Wl,--whole-archive")
            .arg(library::directory().unwrap().join("libevent_rs.a"))
            .arg("-Wl,--no-whole-archive")
            .args(make_variable("PRIVATE_LIBS").split_whitespace()),
    )
    .unwrap();
    let needed = compiler::run(Command::new("readelf").arg("-dW").arg(&library)).unwrap();
    assert!(
        needed.contains("[libc.so.6]") && !needed.contains("libgcc"),
        "{needed}"
    );
    assert_eq!(symbols::exported(&library), ours);
    let program = directory.join("uses");
    compiler::run(compile("uses.c", &program).arg(&library)).unwrap();
    let mut run = emulator::command(&program);
    compiler::run(run.env("LD_LIBRARY_PATH", &directory)).unwrap();
}

/// A preloaded library takes the place of every exported function, and ends the process when one
/// is called. `interposed.c` works nevertheless, because it asks for our functions and they call
/// each other directly.
#[test]
fn another_library_cannot_capture_calls_inside() {
    let directory = compiler::scratch("interposed");
    let mut source = "void abort(void);\n".to_owned();
    let ours = library::shared_object().unwrap();
    for (name, symbol) in symbols::ours() {
        if symbol == Symbol::Function {
            source += &format!("void {name}(void)\n{{\n\tabort();\n}}\n");
        }
    }
    let hostile = directory.join("libhostile.so");
    fs::write(directory.join("hostile.c"), source).expect("the target directory is writable");
    compiler::run(
        Command::new(compiler::cc())
            .args(["-shared", "-fPIC", "-w", "-fno-builtin", "-o"])
            .arg(&hostile)
            .arg(directory.join("hostile.c")),
    )
    .unwrap();
    let program = directory.join("interposed");
    compiler::run(compile("interposed.c", &program).arg("-ldl")).unwrap();
    let run = |library: &Path| {
        compiler::run(
            emulator::command(&program)
                .arg(library)
                .env("LD_PRELOAD", &hostile),
        )
    };
    run(&ours).unwrap();
    // The preloaded functions do take the place of others: with themselves the program fails.
    run(&hostile).unwrap_err();
}
