//! The figures, and the tables made of them.

use std::fmt::Write as _;
use std::fs;

use super::rows::{GROWTHS, ROWS, Row};
use super::worker::Contestant;

/// The least that was seen of one contestant at one work.
pub struct Measured {
    pub work: String,
    pub contestant: Contestant,
    /// Nanoseconds per operation, or bytes.
    pub value: f64,
    /// System calls per operation.
    pub calls: Option<f64>,
}

#[derive(Default)]
pub struct Report(Vec<Measured>);

impl Report {
    pub fn add(&mut self, work: &str, contestant: Contestant, value: f64) {
        match self.get_mut(work, contestant) {
            Some(measured) => measured.value = measured.value.min(value),
            None => self.0.push(Measured {
                work: work.to_owned(),
                contestant,
                value,
                calls: None,
            }),
        }
    }

    pub fn get_mut(&mut self, work: &str, contestant: Contestant) -> Option<&mut Measured> {
        self.0
            .iter_mut()
            .find(|it| it.work == work && it.contestant == contestant)
    }

    pub fn get(&self, work: &str, contestant: Contestant) -> Option<&Measured> {
        self.0
            .iter()
            .find(|it| it.work == work && it.contestant == contestant)
    }

    /// A contestant's value divided by libevent's.
    pub fn ratio(&self, work: &str, contestant: Contestant) -> Option<f64> {
        let reference = self.get(work, Contestant::Reference)?.value;
        Some(self.get(work, contestant)?.value / reference)
    }

    /// The rows that were measured.
    pub fn rows(&self) -> impl Iterator<Item = &'static Row> {
        ROWS.iter()
            .filter(|row| self.get(row.work, Contestant::Reference).is_some())
    }

    pub fn csv(&self) -> String {
        let mut text = String::from("work,library,unit,value,ratio,syscalls\n");
        for it in &self.0 {
            let memory = ROWS
                .iter()
                .any(|row| row.work == it.work && row.is_memory());
            let _ = writeln!(
                text,
                "{},{},{},{:.2},{:.4},{}",
                it.work,
                it.contestant.name(),
                if memory { "bytes" } else { "ns" },
                it.value,
                self.ratio(&it.work, it.contestant).unwrap_or(1.0),
                it.calls
                    .map(|calls| format!("{calls:.3}"))
                    .unwrap_or_default(),
            );
        }
        text
    }

    pub fn markdown(&self) -> String {
        let mut text = format!("On {}.\n\n", machine());
        self.table(&mut text, "nanoseconds per operation", |row| {
            !row.is_memory()
        });
        self.table(&mut text, "bytes of memory", Row::is_memory);
        self.growth(&mut text);
        text
    }

    fn table(&self, text: &mut String, head: &str, which: impl Fn(&Row) -> bool) {
        let rows: Vec<_> = self.rows().filter(|row| which(row)).collect();
        if rows.is_empty() {
            return;
        }
        let memory = rows.iter().all(|row| row.is_memory());
        let _ = write!(text, "| {head} | libevent | libevent_rs | ratio | goal |");
        text.push_str(if memory {
            "\n| --- | ---: | ---: | ---: | ---: |\n"
        } else {
            " others | system calls |\n| --- | ---: | ---: | ---: | ---: | --- | --- |\n"
        });
        for row in rows {
            let cell = |contestant| {
                self.get(row.work, contestant)
                    .map_or(String::new(), |it| number(it.value))
            };
            let _ = write!(
                text,
                "| {} | {} | {} | {:.2} | {} |",
                row.title,
                cell(Contestant::Reference),
                cell(Contestant::Ours),
                self.ratio(row.work, Contestant::Ours).unwrap_or(f64::NAN),
                row.goal.map_or(String::new(), |goal| format!("{goal}")),
            );
            if !memory {
                let calls = |contestant| {
                    self.get(row.work, contestant)
                        .and_then(|it| it.calls)
                        .map_or(String::new(), calls_text)
                };
                let _ = write!(
                    text,
                    " {} | {} |",
                    self.others(row),
                    if row.has_calls() {
                        format!(
                            "{} → {}",
                            calls(Contestant::Reference),
                            calls(Contestant::Ours)
                        )
                    } else {
                        String::new()
                    },
                );
            }
            text.push('\n');
        }
        text.push('\n');
    }

    /// What others take, and how we stand beside the one that is to be reached.
    fn others(&self, row: &Row) -> String {
        let mut cells = Vec::new();
        for &other in row.others {
            let Some(measured) = self.get(row.work, other) else {
                continue;
            };
            let mut cell = format!("{} {}", other.name(), number(measured.value));
            if let (Some((peer, goal)), Some(ours)) =
                (row.peer, self.get(row.work, Contestant::Ours))
                && peer == other
            {
                let _ = write!(cell, " (× {:.2}, goal {goal})", ours.value / measured.value);
            }
            cells.push(cell);
        }
        cells.join(", ")
    }

    fn growth(&self, text: &mut String) {
        for growth in GROWTHS {
            let sizes: Vec<_> = self
                .0
                .iter()
                .filter(|it| it.contestant == Contestant::Reference)
                .filter_map(|it| it.work.strip_prefix(growth.prefix)?.strip_prefix('/'))
                .collect();
            let mut sizes: Vec<u32> = sizes.iter().filter_map(|size| size.parse().ok()).collect();
            sizes.sort_unstable();
            if sizes.len() < 2 {
                continue;
            }
            let _ = write!(text, "| {} |", growth.title);
            for size in &sizes {
                let _ = write!(text, " {size} |");
            }
            let _ = writeln!(text, "\n| --- |{}", " ---: |".repeat(sizes.len()));
            for contestant in Contestant::ALL {
                let measured = |size: &u32| {
                    let work = format!("{}/{size}", growth.prefix);
                    self.get(&work, contestant)
                };
                // Of those who were asked for one size only that is a row.
                if sizes.iter().filter_map(measured).count() < 2 {
                    continue;
                }
                let _ = write!(text, "| {} |", contestant.name());
                for size in &sizes {
                    let value = measured(size);
                    let _ = write!(
                        text,
                        " {} |",
                        value.map_or(String::new(), |it| number(it.value))
                    );
                }
                text.push('\n');
            }
            text.push('\n');
        }
    }
}

fn number(value: f64) -> String {
    if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

fn calls_text(calls: f64) -> String {
    if (calls - calls.round()).abs() < 0.005 {
        format!("{calls:.0}")
    } else {
        format!("{calls:.2}")
    }
}

/// The processor, the kernel and the day.
fn machine() -> String {
    let first = |path: &str, key: &str| {
        fs::read_to_string(path).ok().and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix(key))
                .map(|rest| rest.trim_start_matches([' ', '\t', ':']).trim().to_owned())
        })
    };
    let processor = first("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into());
    let kernel = first("/proc/sys/kernel/osrelease", "").unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{processors} processors ({processor}), Linux {kernel}")
}

const START: &str = "<!-- make bench-publish writes what follows -->\n";
const END: &str = "<!-- end of what make bench-publish writes -->\n";

/// The page with another run's tables.
pub fn replace_section(readme: &str, markdown: &str) -> Option<String> {
    let (before, rest) = readme.split_once(START)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{START}\n{markdown}{END}{after}"))
}
