//! groonga-suggest-httpd: threads with a base and a server each, all on one listening socket, whose
//! requests it reads field by field.

use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::http::Client;
use super::process::{self, Daemon};
use super::stage::{Flavour, Library, Method, Stage};
use super::tally::Tally;

pub const FLAVOURS: [Flavour; 4] = [
    Flavour::new(Library::Reference, Method::Epoll),
    Flavour::new(Library::Soname, Method::Epoll),
    Flavour::new(Library::Soname, Method::Poll),
    Flavour::new(Library::Preload, Method::Epoll),
];

const CLIENTS: usize = 8;
const ROUNDS: usize = 40;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    let version = process::run(process::client("groonga")?.arg("--version"), b"")?.success()?;
    let words: Vec<&str> = version.split_whitespace().take(2).collect();
    tally.program = format!("groonga-suggest-httpd {}", words.last().unwrap_or(&""));
    let port = process::free_port()?;
    let directory = stage.directory("groonga")?;
    data(stage, flavour, &directory)?;
    let mut command = stage.command("groonga-suggest-httpd", flavour)?;
    command
        .args(["--port", &port.to_string(), "--n-threads", "4"])
        .arg("--log-base-path")
        .arg(directory.join("heard-"))
        .arg(directory.join("data"));
    let mut daemon = Daemon::start(&mut command, "groonga-suggest-httpd", &directory)?;
    daemon.wait_for_port(port)?;
    evidence::check(stage, flavour, &daemon, tally)?;
    daemon.explain(converse(port, tally))?;
    daemon.stop(libc::SIGINT)?;
    heard(&directory, tally)
}

/// Runs one of the programs beside the server to its end.
fn run(mut command: Command, directory: &Path) -> Result<(), Failed> {
    command.current_dir(directory);
    process::as_unprivileged(&mut command);
    process::run(&mut command, b"")?.success().map(drop)
}

/// A database that has learned from three users who looked for an engine.
fn data(stage: &Stage, flavour: Flavour, directory: &Path) -> Result<(), Failed> {
    let mut create = process::client("groonga-suggest-create-dataset")?;
    create.args(["data", "query"]);
    run(create, directory)?;
    let learned = directory.join("learned");
    fs::create_dir(&learned)?;
    let lines: String = (1..=3)
        .map(|user| {
            [("e", ""), ("en", ""), ("engine", "&t=submit")]
                .iter()
                .enumerate()
                .map(|(i, (typed, end))| {
                    format!("/query?q={typed}&i={user}&s={user}0{i}000&l=query{end}\n")
                })
                .collect::<String>()
        })
        .collect();
    fs::write(learned.join("log"), lines)?;
    let mut learner = stage.command("groonga-suggest-learner", flavour)?;
    learner.arg("--log-base-path").arg(learned).arg("data");
    run(learner, directory)
}

fn converse(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    const HEAD: &str = "[[1],[[\"_key\",\"ShortText\"],[\"_score\",\"Int32\"]],";
    let ask = |target: &str| -> Result<String, Failed> {
        // It closes after each reply.
        let reply = Client::connect(port)?
            .ask("GET", target, b"")?
            .expect(200)?;
        Ok(reply.text()?.to_owned())
    };
    let one = |number: usize| -> Result<(), Failed> {
        for round in 0..ROUNDS {
            let complete = "/?n=query&t=complete&frequency_threshold=1&q=e%6e";
            let found = format!("{{\"complete\":{HEAD}[\"engine\",3]]}}");
            for (target, answer) in [
                (complete.to_owned(), found.clone()),
                (
                    format!("{complete}&callback=call{number}"),
                    format!("call{number}({found});"),
                ),
                ("/?n=query&q=zz".to_owned(), "{}".to_owned()),
                (
                    format!("/query?q=word{round}&i=u{number}&s={round}000&l=query"),
                    "{}".to_owned(),
                ),
            ] {
                let got = ask(&target)?;
                if got != answer {
                    return Err(format!("{target}: {got}").into());
                }
            }
        }
        Ok(())
    };
    // The first question makes groonga load its plugin, and a thread that asks meanwhile calls what is
    // only half registered: it crashed on libevent, too.
    ask("/?n=query&t=complete&frequency_threshold=1&q=en")?;
    at_once::each(0..CLIENTS, one)?;
    tally.checked(
        (CLIENTS * ROUNDS * 4) as u64,
        format!("suggestions for {CLIENTS} clients at once"),
    );
    Ok(())
}

/// What its threads have written down of the words that they were told.
fn heard(directory: &Path, tally: &mut Tally) -> Result<(), Failed> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("heard-") {
            let text = fs::read_to_string(entry.path())?;
            lines.extend(text.lines().map(str::to_owned));
        }
    }
    for number in 0..CLIENTS {
        for round in 0..ROUNDS {
            let line = format!("/query?q=word{round}&i=u{number}&s={round}000&l=query");
            if lines.iter().filter(|other| **other == line).count() != 1 {
                return Err(format!("{line} is not written down once").into());
            }
        }
    }
    tally.checked(
        (CLIENTS * ROUNDS) as u64,
        "words written down, by the thread that was asked",
    );
    Ok(())
}
