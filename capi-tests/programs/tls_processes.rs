//! How a process can have come by its OpenSSL: in each, the library finds the one that the program
//! uses. (Linked, preloaded and by soname: all programs of the conformance suite in `tls/`.)

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};

use super::process;
use super::stage::Stage;

/// How a process is built and what it says.
struct Process {
    name: &'static str,
    /// A source in `tls/`, and what the compiler is told.
    program: (&'static str, &'static [&'static str]),
    /// The same of the object that the program opens.
    object: Option<(&'static str, &'static [&'static str])>,
    says: &'static str,
}

const PROCESSES: [Process; 14] = [
    Process {
        name: "linked",
        program: ("session.c", &["-DMAIN", "@shared", "-lssl", "-lcrypto"]),
        object: None,
        says: "answered",
    },
    Process {
        name: "openssl_in_the_program",
        program: (
            "session.c",
            &["-DMAIN", "@shared", "-l:libssl.a", "-l:libcrypto.a"],
        ),
        object: None,
        says: "answered",
    },
    Process {
        name: "all_in_the_program",
        program: (
            "session.c",
            &[
                "-DMAIN",
                "-static",
                "@static",
                "-l:libssl.a",
                "-l:libcrypto.a",
                "@private",
            ],
        ),
        object: None,
        says: "answered",
    },
    Process {
        name: "mbedtls_linked",
        program: (
            "session.c",
            &[
                "-DMAIN",
                "-DMBEDTLS",
                "@shared",
                "-lmbedtls",
                "-lmbedx509",
                "-lmbedcrypto",
            ],
        ),
        object: None,
        says: "answered",
    },
    Process {
        name: "mbedtls_in_the_program",
        program: (
            "session.c",
            &[
                "-DMAIN",
                "-DMBEDTLS",
                "@shared",
                "-l:libmbedtls.a",
                "-l:libmbedx509.a",
                "-l:libmbedcrypto.a",
            ],
        ),
        object: None,
        says: "answered",
    },
    Process {
        name: "all_of_mbedtls_in_the_program",
        program: (
            "session.c",
            &[
                "-DMAIN",
                "-DMBEDTLS",
                "-static",
                "@static",
                "-l:libmbedtls.a",
                "-l:libmbedx509.a",
                "-l:libmbedcrypto.a",
                "@private",
            ],
        ),
        object: None,
        says: "answered",
    },
    Process {
        name: "plugin",
        program: ("opener.c", &["-ldl"]),
        object: Some(("session.c", &["@shared", "-lssl", "-lcrypto"])),
        says: "answered",
    },
    Process {
        name: "plugin_in_a_namespace",
        program: ("opener.c", &["-DOWN_NAMESPACE", "-ldl"]),
        object: Some(("session.c", &["@shared", "-lssl", "-lcrypto"])),
        says: "answered",
    },
    Process {
        name: "openssl_loaded_late",
        program: ("opener.c", &["-DUSES_LIBEVENT", "@shared", "-ldl"]),
        object: Some(("session.c", &["-lssl", "-lcrypto"])),
        says: "answered",
    },
    Process {
        name: "sandboxed",
        program: (
            "session.c",
            &["-DMAIN", "-DSANDBOX", "@shared", "-lssl", "-lcrypto"],
        ),
        object: None,
        says: "answered",
    },
    Process {
        name: "mbedtls_sandboxed",
        program: (
            "session.c",
            &[
                "-DMAIN",
                "-DMBEDTLS",
                "-DSANDBOX",
                "@shared",
                "-lmbedtls",
                "-lmbedx509",
                "-lmbedcrypto",
            ],
        ),
        object: None,
        says: "answered",
    },
    Process {
        name: "plugin_sandboxed",
        program: ("opener.c", &["-ldl"]),
        object: Some(("session.c", &["-DSANDBOX", "@shared", "-lssl", "-lcrypto"])),
        says: "answered",
    },
    Process {
        name: "openssl_loaded_late_and_sandboxed",
        program: ("opener.c", &["-DUSES_LIBEVENT", "@shared", "-ldl"]),
        object: Some(("session.c", &["-DSANDBOX", "-lssl", "-lcrypto"])),
        says: "answered",
    },
    Process {
        name: "none",
        program: ("none.c", &["@shared"]),
        object: None,
        says: "refused",
    },
];

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    PROCESSES
        .iter()
        .map(|process| {
            let stage = Arc::clone(stage);
            let run = move || check(&stage, process);
            Trial::test(format!("tls_processes::{}", process.name), run)
        })
        .chain([{
            let stage = Arc::clone(stage);
            let run = move || check_strong_references(&stage);
            Trial::test("tls_processes::archive_asks_for_its_libraries", run)
        }])
        .collect()
}

/// What the archive takes from a TLS library it asks the linker for, and only where a program has
/// a session.
fn check_strong_references(stage: &Stage) -> Result<(), Failed> {
    let directory = stage.directory("tls-archive")?;
    let libraries = stage.prefix()?.join("lib");
    let arguments = ["-static", "@static", "@private"];
    let without = directory.join("without.c");
    std::fs::write(
        &without,
        "#include <event2/event.h>\nint main(void) { return !event_base_new(); }\n",
    )?;
    let program = compile(&directory.join("without"), &without, &arguments, &libraries)?;
    process::run(&mut Command::new(program), b"")?.success()?;
    let Err(refusal) = compile(
        &directory.join("none"),
        &source("none.c"),
        &arguments,
        &libraries,
    ) else {
        return Err("links without the TLS libraries".into());
    };
    let refusal = refusal.message().unwrap_or_default().to_owned();
    for function in [
        "SSL_renegotiate",
        "BIO_meth_set_ctrl",
        "mbedtls_ssl_check_pending",
    ] {
        if !refusal.contains(&format!("undefined reference to `{function}'")) {
            return Err(format!("{function} is not asked for:\n{refusal}").into());
        }
    }
    Ok(())
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("capi-tests/programs/tls")
        .join(name)
}

fn check(stage: &Stage, process: &Process) -> Result<(), Failed> {
    let directory = stage.directory(&format!("tls-{}", process.name))?;
    let libraries = stage.prefix()?.join("lib");
    let (source, arguments) = process.program;
    let program = compile(
        &directory.join("program"),
        &self::source(source),
        arguments,
        &libraries,
    )?;
    let mut command = Command::new(&program);
    command.env("LD_LIBRARY_PATH", &libraries);
    if let Some((source, arguments)) = process.object {
        let arguments = [&["-shared", "-fPIC"], arguments].concat();
        command.arg(compile(
            &directory.join("object.so"),
            &self::source(source),
            &arguments,
            &libraries,
        )?);
    }
    let said = process::run(&mut command, b"")?.success()?;
    if said.trim() != process.says {
        return Err(format!("says {said:?} instead of {:?}", process.says).into());
    }
    Ok(())
}

fn compile(
    output: &Path,
    source: &Path,
    arguments: &[&str],
    libraries: &Path,
) -> Result<PathBuf, Failed> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = process::client("cc")?;
    command
        .arg("-I")
        .arg(project.join("include"))
        .arg("-o")
        .arg(output);
    command.arg(source);
    for argument in arguments {
        match *argument {
            "@shared" => command.arg("-L").arg(libraries).arg("-levent_rs"),
            "@static" => command.arg(libraries.join("libevent_rs.a")),
            "@private" => command.args(["-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"]),
            argument => command.arg(argument),
        };
    }
    process::run(&mut command, b"")?.success()?;
    Ok(output.to_owned())
}
