//! `libevent_rs-run`: what it runs, what it refuses and the reason it gives.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};

use super::process::{self, Daemon, Finished};
use super::stage::Stage;

type Case = fn(&Stage) -> Result<(), Failed>;

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let cases: [(&str, Case); 12] = [
        ("passes_on_status_and_arguments", passes_on),
        ("says_that_a_program_can_run", can_run),
        ("stands_in_a_path_with_blanks", path_with_blanks),
        ("refuses_programs_without_libevent", without_libevent),
        ("refuses_what_is_not_found", not_found),
        ("names_missing_functions", missing_functions),
        ("names_missing_libraries", missing_libraries),
        ("refuses_set_user_id_programs", set_user_id),
        ("follows_interpreter_lines", interpreter_lines),
        ("runs_anything_when_forced", forced),
        ("reports_on_the_loops", statistics),
        ("gets_no_reports_from_set_user_id_programs", unwatched),
    ];
    cases
        .into_iter()
        .map(|(name, case)| {
            let stage = Arc::clone(stage);
            Trial::test(format!("wrapper::{name}"), move || case(&stage))
        })
        .collect()
}

fn wrapper(stage: &Stage, arguments: &[&str]) -> Result<Finished, Failed> {
    let mut command = Command::new(stage.prefix()?.join("bin/libevent_rs-run"));
    process::run(command.args(arguments), b"")
}

/// Checks exit status and that the message says what it should.
fn expect(finished: &Finished, status: i32, message: &str) -> Result<(), Failed> {
    let text = format!("{}{}", finished.stdout, finished.stderr);
    if finished.status.code() == Some(status) && text.contains(message) {
        return Ok(());
    }
    Err(format!(
        "{} and not {status} with {message:?}:\n{text}",
        finished.status
    )
    .into())
}

fn passes_on(stage: &Stage) -> Result<(), Failed> {
    let finished = wrapper(stage, &["memcached", "--no-such-option"])?;
    expect(&finished, 1, "unrecognized option '--no-such-option'")?;
    expect(&wrapper(stage, &["memcached", "-V"])?, 0, "memcached 1.")
}

fn can_run(stage: &Stage) -> Result<(), Failed> {
    let finished = wrapper(stage, &["--check", "memcached"])?;
    expect(
        &finished,
        0,
        "memcached runs on libevent_rs: libevent-2.1.so.7",
    )?;
    let finished = wrapper(stage, &["--check", "--", "memcached"])?;
    expect(&finished, 0, "memcached runs on libevent_rs")?;
    expect(&wrapper(stage, &["--", "--"])?, 127, "--: not found")
}

fn path_with_blanks(stage: &Stage) -> Result<(), Failed> {
    let place = stage.directory("a path with blanks")?;
    let installed = stage.prefix()?.join("lib/libevent_rs");
    let dropin = place.join("drop in");
    std::os::unix::fs::symlink(&installed, &dropin)?;
    let script = fs::read_to_string(stage.prefix()?.join("bin/libevent_rs-run"))?;
    let moved = place.join("run");
    fs::write(
        &moved,
        script.replace(&*installed.to_string_lossy(), &dropin.to_string_lossy()),
    )?;
    let mut command = Command::new("sh");
    let finished = process::run(command.arg(&moved).args(["--check", "memcached"]), b"")?;
    expect(&finished, 0, "memcached runs on libevent_rs")
}

fn without_libevent(stage: &Stage) -> Result<(), Failed> {
    let finished = wrapper(stage, &["ls"])?;
    expect(&finished, 125, "ls does not use libevent")?;
    let finished = wrapper(stage, &["--check", "ls"])?;
    expect(&finished, 125, "ls does not use libevent")?;
    let program = stage.directory("static")?.join("program");
    fs::write(program.with_extension("c"), "int main(void){return 0;}\n")?;
    compile(&program, &["-static"])?;
    let finished = wrapper(stage, &[&program.display().to_string()])?;
    expect(&finished, 125, "not a dynamically linked program")
}

fn not_found(stage: &Stage) -> Result<(), Failed> {
    let finished = wrapper(stage, &["no-such-program-here"])?;
    expect(&finished, 127, "no-such-program-here: not found")?;
    expect(&wrapper(stage, &["/etc/passwd"])?, 126, "not a program")?;
    expect(&wrapper(stage, &["/etc"])?, 126, "not a program")?;
    expect(&wrapper(stage, &[])?, 125, "Usage:")?;
    expect(&wrapper(stage, &["--unknown", "ls"])?, 125, "--unknown")
}

/// A program built against a libevent that has a function of the future.
fn missing_functions(stage: &Stage) -> Result<(), Failed> {
    let directory = stage.directory("future")?;
    let library = directory.join("libevent-2.1.so.7");
    fs::write(
        directory.join("libevent-2.1.so.c"),
        "int event_of_the_future(void){return 0;}\nint event_get_version_number(void){return 0;}\n",
    )?;
    compile_from(
        &directory.join("libevent-2.1.so.c"),
        &library,
        &["-shared", "-fPIC", "-Wl,-soname,libevent-2.1.so.7"],
    )?;
    let program = directory.join("program");
    fs::write(
        directory.join("program.c"),
        "int event_of_the_future(void);\nint event_get_version_number(void);\n\
         int main(void){return event_of_the_future()+event_get_version_number();}\n",
    )?;
    compile(&program, &[&library.display().to_string()])?;
    let finished = wrapper(stage, &[&program.display().to_string()])?;
    expect(&finished, 125, "does not have: event_of_the_future\n")
}

/// A program whose other libraries are not there: no fault of ours.
fn missing_libraries(stage: &Stage) -> Result<(), Failed> {
    let directory = stage.directory("absent")?;
    let library = directory.join("libabsent.so");
    fs::write(
        directory.join("libabsent.c"),
        "int absent(void){return 0;}\n",
    )?;
    compile_from(
        &directory.join("libabsent.c"),
        &library,
        &["-shared", "-fPIC", "-Wl,-soname,libabsent.so.1"],
    )?;
    let program = directory.join("program");
    fs::write(
        directory.join("program.c"),
        "int absent(void);\nint main(void){return absent();}\n",
    )?;
    compile(&program, &[&library.display().to_string()])?;
    let finished = wrapper(stage, &[&program.display().to_string()])?;
    expect(&finished, 125, "not on this system: libabsent.so.1\n")
}

/// Only where the tests can make a program that belongs to somebody else.
fn set_user_id(stage: &Stage) -> Result<(), Failed> {
    let Some(user) = process::unprivileged_user() else {
        // passwd is set-uid root on every system.
        let finished = wrapper(stage, &["passwd"])?;
        return expect(&finished, 125, "with another user's rights");
    };
    let program = stage.directory("setuid")?.join("memcached");
    fs::copy(process::find("memcached")?, &program)?;
    std::os::unix::fs::chown(&program, Some(user), None)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755))?;
    let finished = wrapper(stage, &[&program.display().to_string(), "-V"])?;
    expect(&finished, 125, "with another user's rights")
}

fn interpreter_lines(stage: &Stage) -> Result<(), Failed> {
    let directory = stage.directory("scripts")?;
    let memcached = process::find("memcached")?.display().to_string();
    for (name, line, status, message) in [
        ("direct", format!("#!{memcached} -V"), 0, "memcached 1."),
        (
            "by-env",
            "#!/usr/bin/env -S memcached -V".into(),
            0,
            "memcached 1.",
        ),
        ("other", "#!/bin/cat".into(), 125, "does not use libevent"),
        (
            "broken",
            "#!/no/such/program".into(),
            125,
            "cannot be found",
        ),
    ] {
        let script = directory.join(name);
        process::write_program(&script, &format!("{line}\n"))?;
        let finished = wrapper(stage, &[&script.display().to_string()])?;
        expect(&finished, status, message).map_err(|error| format!("{name}: {error:?}"))?;
    }
    Ok(())
}

fn forced(stage: &Stage) -> Result<(), Failed> {
    let finished = wrapper(
        stage,
        &["--force", "sh", "-c", "echo $LD_LIBRARY_PATH; exit 7"],
    )?;
    expect(&finished, 7, "lib/libevent_rs")
}

/// memcached has a base for each thread. It is told to work, asked for a report, and ended.
fn statistics(stage: &Stage) -> Result<(), Failed> {
    let directory = stage.directory("statistics")?;
    let report = directory.join("report");
    let reports = || fs::read_to_string(&report).unwrap_or_default();
    let port = process::free_port()?;
    let mut command = Command::new(stage.prefix()?.join("bin/libevent_rs-run"));
    command
        .current_dir(&directory)
        .args(["--stats=report", "--stats-signal=USR2", "--", "memcached"])
        .args(["-U", "0", "-l", "127.0.0.1", "-t", "2"])
        .arg(format!("--port={port}"));
    process::as_unprivileged(&mut command);
    if let Some(user) = process::unprivileged_user() {
        std::os::unix::fs::chown(&directory, Some(user), None)?;
    }
    let mut daemon = Daemon::start(&mut command, "memcached", &directory)?;
    daemon.wait_for_port(port)?;
    let mut answer = String::new();
    for _ in 0..10 {
        let mut connection = TcpStream::connect(("127.0.0.1", port))?;
        connection.write_all(b"set key 0 0 5\r\nvalue\r\nget key\r\nquit\r\n")?;
        connection.read_to_string(&mut answer)?;
    }
    daemon.explain(if answer.matches("value\r\n").count() == 10 {
        Ok(())
    } else {
        Err(Failed::from(answer))
    })?;
    daemon.signal(libc::SIGUSR2);
    daemon.wait_until("a report", || {
        reports().matches(", asked for\n").count() == 3
    })?;
    let asked = reports();
    daemon.stop(libc::SIGTERM)?;
    let ended = reports();
    for (text, report) in [
        ("libevent_rs: base 1 of process ", &asked),
        ("  called for    reading ", &asked),
        ("  waiting now   for ", &asked),
        ("  memcached+0x", &asked),
        (", at its end\n", &ended),
    ] {
        if !report.contains(text) {
            return Err(format!("no {text:?} in:\n{report}").into());
        }
    }
    Ok(())
}

/// A program that runs with the rights of its owner writes no file for whoever started it.
fn unwatched(stage: &Stage) -> Result<(), Failed> {
    let directory = stage.directory("unwatched")?;
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o777))?;
    let (program, report) = (directory.join("program"), directory.join("report"));
    fs::write(
        directory.join("program.c"),
        "#include <event2/event.h>\n#include <stdio.h>\n#include <sys/auxv.h>\n\
         int main(void){struct event_base *base = event_base_new(); event_base_dispatch(base);\n\
         event_base_free(base); puts(getauxval(AT_SECURE) ? \"secure\" : \"plain\"); return 0;}\n",
    )?;
    let prefix = stage.prefix()?;
    let lib = prefix.join("lib").display().to_string();
    let headers = prefix.join("include/libevent_rs").display().to_string();
    compile(
        &program,
        &[
            "-I",
            &headers,
            "-L",
            &lib,
            "-levent_rs",
            &format!("-Wl,-rpath,{lib}"),
        ],
    )?;
    let run = || {
        let mut command = Command::new(&program);
        process::run(command.env("LIBEVENT_RS_STATS", &report), b"")?.success()
    };
    if run()? != "plain\n" || !fs::read_to_string(&report)?.contains(", at its end\n") {
        return Err("no report from a program without other rights".into());
    }
    fs::remove_file(&report)?;
    // Only root can make a program that belongs to somebody else.
    let Some(user) = process::unprivileged_user() else {
        return Ok(());
    };
    std::os::unix::fs::chown(&program, Some(user), None)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755))?;
    // Where the file system leaves out such rights, there is nothing to see.
    if run()? == "secure\n" && report.exists() {
        return Err(fs::read_to_string(&report)?.into());
    }
    Ok(())
}

/// Compiles `PROGRAM.c`.
fn compile(program: &Path, arguments: &[&str]) -> Result<(), Failed> {
    compile_from(
        &PathBuf::from(format!("{}.c", program.display())),
        program,
        arguments,
    )
}

fn compile_from(source: &Path, output: &Path, arguments: &[&str]) -> Result<(), Failed> {
    let mut cc = process::client("cc")?;
    cc.arg(source).arg("-o").arg(output).args(arguments);
    process::run(&mut cc, b"")?.success()?;
    Ok(())
}
