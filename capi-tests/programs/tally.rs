//! What a driver counted: the demo prints it.

use std::fmt::Display;

#[derive(Default)]
pub struct Tally {
    /// First words of the report: the program and its version.
    pub program: String,
    /// What was seen of the library in the process.
    pub evidence: Vec<String>,
    /// What was done, with the number of answers that were checked.
    pub work: Vec<(String, u64)>,
}

impl Tally {
    /// Notes work whose `answers` answers all turned out right.
    pub fn checked(&mut self, answers: u64, what: impl Display) {
        self.work.push((what.to_string(), answers));
    }

    /// All answers that were checked.
    pub fn answers(&self) -> u64 {
        self.work.iter().map(|(_, answers)| answers).sum()
    }
}
