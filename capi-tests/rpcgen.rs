//! `event_rpcgen`: its command line, and what compilers and programs make of its code, with the
//! reference's headers and library and with ours.

mod library;
#[path = "rpcgen/random.rs"]
mod random;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use library::{project, run};

/// A new directory for the files of a test.
fn scratch(test: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("rpcgen")
        .join(test);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("the target directory is writable");
    directory
}

fn event_rpcgen(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_event_rpcgen"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("cargo has built it")
}

/// Puts `NAME.gen.h` and `NAME.gen.c` into the directory.
fn generate(directory: &Path, name: &str, text: &str) {
    let file = format!("{name}.rpc");
    fs::write(directory.join(&file), text).expect("writable");
    let output = event_rpcgen(directory, &["--quiet", &file]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!((output.stdout.len(), output.stderr.len()), (0, 0));
}

fn source(name: &str) -> PathBuf {
    project().join("capi-tests/rpcgen").join(name)
}

fn messages(directory: &Path) {
    let text = fs::read_to_string(source("messages.rpc")).expect("a file of the project");
    generate(directory, "messages", &text);
}

#[derive(Clone, Copy, Debug)]
enum Library {
    Reference,
    Ours,
}

impl Library {
    const BOTH: [Self; 2] = [Self::Reference, Self::Ours];

    fn compiler(self, compiler: &str) -> Command {
        let mut command = Command::new(compiler);
        if let Self::Ours = self {
            command.arg("-I").arg(project().join("include"));
        }
        command
    }

    /// Compiles a program, and has it run.
    fn check(self, directory: &Path, program: &Path) {
        let binary = directory.join(format!("{self:?}"));
        let mut command = self.compiler("cc");
        command
            .args(["-g", "-Wall", "-Wextra", "-Werror", "-I"])
            .arg(directory)
            .arg("-o")
            .arg(&binary)
            .arg(program);
        match self {
            Self::Reference => command.arg("-levent"),
            Self::Ours => command
                .arg("-L")
                .arg(library::directory().expect("the library is built"))
                .arg("-levent_rs"),
        };
        run(&mut command).expect("compiles");
        let mut command = Command::new(binary);
        if let Self::Ours = self {
            command.env("LD_LIBRARY_PATH", library::sonames().expect("built"));
        }
        run(&mut command).expect("works");
    }
}

#[test]
fn generated_code_compiles_without_warnings() {
    let directory = scratch("compile");
    messages(&directory);
    let schema = random::Schema::new(1, 30);
    generate(&directory, "random", &schema.text());
    let dialects: [(&[&str], &str, &[&str]); 2] = [
        (&["gcc", "clang"], "c", &["c89", "c99", "gnu17", "c2x"]),
        (&["g++", "clang++"], "c++", &["c++98", "c++11", "c++2b"]),
    ];
    for (compilers, language, standards) in dialects {
        for compiler in compilers {
            if Command::new(compiler).arg("--version").output().is_err() {
                continue;
            }
            for standard in standards {
                for library in Library::BOTH {
                    let command = &mut library.compiler(compiler);
                    command
                        .args(["-fsyntax-only", "-x", language])
                        .arg(format!("-std={standard}"))
                        .args(["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wundef"])
                        .args(["-Wwrite-strings", "-Wcast-qual", "-Wmissing-declarations"])
                        .args(["-pedantic", "-Werror"])
                        .args([
                            directory.join("messages.gen.c"),
                            directory.join("random.gen.c"),
                        ]);
                    run(command).unwrap_or_else(|problem| panic!("{library:?}: {problem}"));
                }
            }
        }
    }
}

#[test]
fn structs_have_their_layout() {
    let directory = scratch("layout");
    messages(&directory);
    for library in Library::BOTH {
        let mut command = library.compiler("cc");
        command.args(["-std=c11", "-fsyntax-only", "-Wall", "-Werror", "-I"]);
        run(command.arg(&directory).arg(source("layout.c"))).expect("the layout is libevent's");
    }
}

#[test]
fn messages_are_written_and_read() {
    let directory = scratch("messages");
    messages(&directory);
    for library in Library::BOTH {
        library.check(&directory, &source("messages.c"));
    }
}

/// Their bytes come from a second encoder, in `random.rs`.
#[test]
fn random_messages_have_the_bytes_that_they_should() {
    let directory = scratch("random");
    let schema = random::Schema::new(7, 100);
    generate(&directory, "random", &schema.text());
    let program = directory.join("program.c");
    fs::write(&program, schema.program()).expect("writable");
    for library in Library::BOTH {
        library.check(&directory, &program);
    }
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .expect("readable")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn files_have_the_names_that_were_asked_for() {
    let directory = scratch("names");
    fs::create_dir(directory.join("out")).expect("writable");
    fs::write(directory.join("a.rpc"), "struct a {\n}\n").expect("writable");
    for arguments in [
        &["a.rpc"][..],
        &["--quiet", "a.rpc", "out/b.c"],
        &["a.rpc", "out/c.h", "d.c"],
    ] {
        let output = event_rpcgen(&directory, arguments);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stdout.is_empty(), arguments[0] == "--quiet");
    }
    assert_eq!(
        names(&directory),
        ["a.gen.c", "a.gen.h", "a.rpc", "d.c", "out"]
    );
    assert_eq!(names(&directory.join("out")), ["b.c", "b.h", "c.h"]);
    let code = fs::read_to_string(directory.join("d.c")).expect("written");
    assert!(code.contains("#include \"out/c.h\""));
    for code in ["a.gen.c", "d.c", "out/b.c"] {
        let mut command = Library::Ours.compiler("cc");
        run(command
            .args(["-fsyntax-only", "-Werror"])
            .arg(directory.join(code)))
        .expect("compiles");
    }
}

#[test]
fn errors_name_file_and_line_and_leave_no_files() {
    let directory = scratch("errors");
    for (text, place) in [
        ("struct a {\n  int b= 1;\n}\n", "wrong.rpc:2: "),
        ("struct a { int b = 1; }\n", "wrong.rpc:1: "),
        ("#pragma once\n", "wrong.rpc:1: "),
        ("struct a {\n#ifdef X\n", "wrong.rpc:2: "),
        ("struct a {\n\n", "wrong.rpc:1: "),
        ("\nstruct a {\n} b\n", "wrong.rpc:3: "),
        ("struct a {\n int b = 1\n}\n", "wrong.rpc:2: "),
        ("struct a {\n int b = 1;\n int c = 1;\n}\n", "wrong.rpc:3: "),
        ("struct a {\n array bytes b = 1;\n}\n", "wrong.rpc:2: "),
        (
            "struct a {\n optional array int b = 1;\n}\n",
            "wrong.rpc:2: ",
        ),
        ("struct a {\n short b = 1;\n}\n", "wrong.rpc:2: "),
        ("/* struct a {\n}\n", "wrong.rpc:1: "),
    ] {
        fs::write(directory.join("wrong.rpc"), text).expect("writable");
        let output = event_rpcgen(&directory, &["--quiet", "wrong.rpc"]);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(message.starts_with(place), "{text}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert_eq!(names(&directory), ["wrong.rpc"]);
    }
    let output = event_rpcgen(&directory, &["--quiet", "missing.rpc"]);
    assert_eq!(output.status.code(), Some(1));
    fs::write(directory.join("wrong.rpc"), "struct a {\n}\n").expect("writable");
    let output = event_rpcgen(&directory, &["--quiet", "wrong.rpc", "a.h", "no/b.c"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(names(&directory), ["wrong.rpc"]);
    for arguments in [&[][..], &["a.txt"], &["--loud", "wrong.rpc"]] {
        assert_eq!(event_rpcgen(&directory, arguments).status.code(), Some(2));
    }
}

/// `/dev/full` takes no bytes.
#[test]
fn what_cannot_be_written_is_an_error() {
    let directory = scratch("full");
    fs::write(directory.join("a.rpc"), "struct a {\n}\n").expect("writable");
    let device = directory.join("b.c");
    std::os::unix::fs::symlink("/dev/full", &device).expect("writable");
    let output = event_rpcgen(&directory, &["a.rpc", "b.c"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    // No header without code, and the device is not this program's to remove.
    assert_eq!(names(&directory), ["a.rpc", "b.c"]);
    for arguments in [&["a.rpc"][..], &["--help"], &["--version"]] {
        let full = fs::File::options().write(true).open("/dev/full");
        let output = Command::new(env!("CARGO_BIN_EXE_event_rpcgen"))
            .args(arguments)
            .current_dir(&directory)
            .stdout(full.expect("Linux has it"))
            .output()
            .expect("cargo has built it");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(message.starts_with("standard output: "), "{message}");
    }
}

/// Text that looks like a place in the templates of the generated code.
#[test]
fn lines_are_copied_as_they_are() {
    let directory = scratch("copied");
    let line = "#define A \"@M@ @structs@ @messages@ @input@\"";
    generate(&directory, "a", &format!("{line}\nstruct a {{\n}}\n"));
    let header = fs::read_to_string(directory.join("a.gen.h")).expect("written");
    assert!(header.lines().any(|found| found == line), "{header}");
}

/// Build systems run `event_rpcgen.py`, by its path or by an interpreter's.
#[test]
fn the_launcher_runs_the_program() {
    let directory = scratch("launcher");
    fs::write(directory.join("a.rpc"), "struct a {\n}\n").expect("writable");
    let launcher = directory.join("event_rpcgen.py");
    let text = fs::read_to_string(project().join("src/dropin/event_rpcgen.py.in"));
    let text = text.expect("a file of the project");
    let program = Path::new(env!("CARGO_BIN_EXE_event_rpcgen"));
    let bin = program.parent().expect("it is in a directory");
    fs::write(&launcher, text.replace("@bindir@", &bin.to_string_lossy())).expect("writable");
    let python = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        command.arg(&launcher).args(arguments);
        command
            .current_dir(&directory)
            .output()
            .expect("there is Python")
    };
    assert!(python(&["--quiet", "a.rpc"]).status.success());
    assert_eq!(
        names(&directory),
        ["a.gen.c", "a.gen.h", "a.rpc", "event_rpcgen.py"]
    );
    assert_eq!(python(&["a.txt"]).status.code(), Some(2));
    // One beside it comes first.
    std::os::unix::fs::symlink("/bin/false", directory.join("event_rpcgen")).expect("writable");
    assert_eq!(python(&["a.rpc"]).status.code(), Some(1));
    fs::remove_file(directory.join("event_rpcgen")).expect("it was made");
    fs::write(&launcher, text).expect("writable");
    let output = python(&["a.rpc"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no event_rpcgen"));
}
