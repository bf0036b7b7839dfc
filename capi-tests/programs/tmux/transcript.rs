//! What was seen, in the order in which it was seen, compared with what the
//! same script shows on the reference library.

use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use crate::programs::process::LIMIT;

/// How often in a row a sight that nothing is compared with has to be the same:
/// on a slow machine looking takes longer, too.
const SETTLED: u32 = 20;
const PAUSE: Duration = Duration::from_millis(15);

#[derive(Clone)]
pub struct Sight {
    label: String,
    text: String,
}

pub struct Transcript<'a> {
    /// None while the reference itself is looked at.
    reference: Option<&'a [Sight]>,
    seen: Vec<Sight>,
}

impl<'a> Transcript<'a> {
    pub fn new(reference: Option<&'a [Sight]>) -> Self {
        Transcript {
            reference,
            seen: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Looks until there is what `ready` asks for and, besides, exactly what
    /// the reference showed at this point.
    pub fn see(
        &mut self,
        label: &str,
        mut look: impl FnMut() -> Result<String, Failed>,
        ready: impl Fn(&str) -> bool,
    ) -> Result<(), Failed> {
        let reference = match self.reference {
            Some(sights) => match sights.get(self.seen.len()) {
                Some(sight) if sight.label == label => Some(sight.text.as_str()),
                _ => return Err(format!("{label}: the reference was not looked at there").into()),
            },
            None => None,
        };
        let deadline = Instant::now() + LIMIT;
        let mut text = look()?;
        let mut same = 1;
        loop {
            let settled = match reference {
                Some(reference) => text == reference,
                None => same >= SETTLED,
            };
            if settled && ready(&text) {
                break;
            }
            if Instant::now() > deadline {
                let expected = reference.unwrap_or("something else");
                return Err(
                    format!("{label}: seen\n{text}\n---- and expected\n{expected}\n----").into(),
                );
            }
            thread::sleep(PAUSE);
            let next = look()?;
            same = if next == text { same + 1 } else { 1 };
            text = next;
        }
        self.seen.push(Sight {
            label: label.to_owned(),
            text,
        });
        Ok(())
    }

    /// All that was seen, to compare others with.
    pub fn finish(self) -> Result<Vec<Sight>, Failed> {
        match self.reference {
            Some(sights) if sights.len() != self.seen.len() => {
                Err("the reference was looked at more often".into())
            }
            _ => Ok(self.seen),
        }
    }
}

/// Asks again and again until the answer is yes.
pub fn wait_until(
    what: &str,
    mut ready: impl FnMut() -> Result<bool, Failed>,
) -> Result<(), Failed> {
    let deadline = Instant::now() + LIMIT;
    while !ready()? {
        if Instant::now() > deadline {
            return Err(format!("waited in vain: {what}").into());
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}
