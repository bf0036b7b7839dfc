//! Clients at work at the same time.

use std::thread;

use libtest_mimic::Failed;

/// Does `work` with each of `inputs`, on a thread of its own. What came of it, in the same order, or
/// the first error.
pub fn each<I: Send, T: Send>(
    inputs: impl IntoIterator<Item = I>,
    work: impl Fn(I) -> Result<T, Failed> + Sync,
) -> Result<Vec<T>, Failed> {
    let work = &work;
    thread::scope(|scope| {
        let running: Vec<_> = inputs
            .into_iter()
            .map(|input| scope.spawn(move || work(input)))
            .collect();
        running
            .into_iter()
            .map(|one| one.join().expect("clients report errors"))
            .collect()
    })
}
