//! How many instructions an operation takes, so that a regression shows without a quiet machine:
//! works of the benchmark (`bench/*.c`), counted by callgrind, the program and the C library
//! included.
//!
//! `instructions.txt` has the counts of libevent and of libevent_rs as they were. Another C
//! library, processor or compiler changes both: what must not grow is the ratio, by more than
//! [`tolerance`]. After a change for the better, or one for the worse that is worth it, write the
//! counts anew with `INSTRUCTIONS_UPDATE=1 cargo test --test instructions`.
//!
//! And how many bytes objects take, which may not be more than libevent's.

#[path = "library.rs"]
mod library;
#[expect(dead_code, reason = "the benchmark times, too")]
#[path = "bench/worker.rs"]
mod worker;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, thread};

use library::{Problem, project, run};
use worker::Contestant;

/// Other versions of the compiler differ by less.
fn tolerance(program: &str) -> f64 {
    // How many answers an iteration of the loop finds is up to the server, a thread.
    if program == "dns" { 1.05 } else { 1.02 }
}

/// Enough that what only some operations do shows.
const OPERATIONS: &str = "640";

/// The program and the work, and the instructions of an operation.
type Counts = BTreeMap<(String, String), f64>;

fn table() -> PathBuf {
    project().join("capi-tests/instructions.txt")
}

/// Lines of program, work, libevent's count and ours; `#` begins a comment.
fn read_table(text: &str) -> (Counts, Counts) {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [program, work, reference, ours] = words[..] else {
            panic!("instructions.txt: {line}");
        };
        let key = (program.to_owned(), work.to_owned());
        let count = |word: &str| word.parse::<f64>().expect("a count");
        (key, count(reference), count(ours))
    });
    lines
        .map(|(key, reference, ours)| ((key.clone(), reference), (key, ours)))
        .unzip()
}

/// Runs works of a program under callgrind, which writes a file for each.
fn count(
    contestant: Contestant,
    program: &str,
    binary: &Path,
    works: &[&str],
) -> Result<Counts, Problem> {
    // As the program runs them.
    let works: Vec<_> = worker::works(binary)?
        .into_iter()
        .filter(|work| works.contains(&&**work))
        .collect();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("instructions")
        .join(format!("{program}-{contestant:?}"));
    fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    let out = directory.join("out");
    let mut command = Command::new("valgrind");
    command
        .args(["-q", "--tool=callgrind", "--collect-atstart=no"])
        .args([
            "--toggle-collect=worker_counted",
            "--dump-after=worker_counted",
        ])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(binary)
        .arg("once")
        .args(&works)
        .env("OPERATIONS", OPERATIONS)
        .env("LD_BIND_NOW", "1");
    let output = run(&mut worker::on(contestant, binary, command)?)?;
    let operations = worker::pairs::<f64>(&output.stdout);
    assert_eq!(
        operations.len(),
        works.len(),
        "{program} did not run all of {works:?}"
    );
    let mut counts = Counts::new();
    for (number, (work, (_, operations))) in works.into_iter().zip(operations).enumerate() {
        let path = out.with_extension((number + 1).to_string());
        let text = fs::read_to_string(&path).map_err(|error| format!("{work}: {error}"))?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let total: f64 = total
            .and_then(|total| total.parse().ok())
            .ok_or_else(|| format!("{work}: no total in {}", path.display()))?;
        counts.insert((program.to_owned(), work), total / operations);
    }
    Ok(counts)
}

fn write_table(text: &str, reference: &Counts, ours: &Counts) {
    let mut new: String = text
        .lines()
        .filter(|line| line.starts_with('#'))
        .fold(String::new(), |text, line| text + line + "\n");
    for (key, ours) in ours {
        let _ = writeln!(
            new,
            "{:11} {:22} {:9.1} {ours:9.1}",
            key.0, key.1, reference[key]
        );
    }
    fs::write(table(), new).expect("instructions.txt can be written");
}

#[test]
#[cfg_attr(
    not(target_arch = "x86_64"),
    ignore = "instructions.txt has the counts of x86-64"
)]
fn operations_take_no_more_instructions_than_before() {
    let text = fs::read_to_string(table()).expect("instructions.txt");
    let (reference_before, before) = read_table(&text);
    let mut programs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (program, work) in before.keys() {
        programs.entry(program).or_default().push(work);
    }
    let compiled = |program| worker::compile(program).unwrap_or_else(|problem| panic!("{problem}"));
    let programs: Vec<_> = programs
        .into_iter()
        .map(|(program, works)| (program, compiled(program), works))
        .collect();
    let of_all = |contestant| {
        let mut counts = Counts::new();
        for (program, binary, works) in &programs {
            let of_one = count(contestant, program, binary, works);
            counts.extend(of_one.unwrap_or_else(|problem| panic!("{problem}")));
        }
        counts
    };
    let (reference, ours) = thread::scope(|scope| {
        let reference = scope.spawn(|| of_all(Contestant::Reference));
        let ours = of_all(Contestant::Ours);
        (reference.join().expect("libevent's counts"), ours)
    });
    if env::var_os("INSTRUCTIONS_UPDATE").is_some() {
        write_table(&text, &reference, &ours);
        return;
    }
    let mut worse = String::new();
    for (key, now) in &ours {
        let before = before[key] / reference_before[key];
        let ratio = now / reference[key];
        let (program, work) = key;
        println!("{program} {work}: {now:.1}, {ratio:.3} of libevent's, was {before:.3}");
        if ratio > before * tolerance(program) {
            let more = (ratio / before - 1.0) * 100.0;
            let _ = writeln!(
                worse,
                "{program} {work}: {now:.1} instructions, {more:.1} % more"
            );
        }
    }
    assert!(worse.is_empty(), "\n{worse}");
}

#[test]
#[cfg_attr(target_pointer_width = "32", ignore = "the goal is for 64 bits")]
fn objects_take_no_more_memory_than_libevents() {
    let binary = worker::compile("memory").unwrap_or_else(|problem| panic!("{problem}"));
    let works = worker::works(&binary).unwrap_or_else(|problem| panic!("{problem}"));
    assert!(works.len() >= 5, "{works:?}");
    for work in works {
        let bytes = |contestant| {
            worker::time(contestant, &binary, &work, 1)
                .unwrap_or_else(|problem| panic!("{problem}"))
        };
        let (reference, ours) = (bytes(Contestant::Reference), bytes(Contestant::Ours));
        assert!(
            ours <= reference,
            "{work}: {ours} bytes, libevent {reference}"
        );
    }
}
