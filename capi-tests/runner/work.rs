//! Where the suite keeps what it makes, and how it makes each thing once.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

/// Where everything that the suite makes is kept.
pub fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("conformance")
        .join(name);
    fs::create_dir_all(&directory).expect("the target directory is writable");
    directory
}

/// Computes each key's value once, however many trials ask for it at a time.
pub struct Once<T>(LazyLock<Mutex<HashMap<String, Arc<OnceLock<T>>>>>);

impl<T: Clone> Once<T> {
    pub const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    pub fn get(&self, key: String, compute: impl FnOnce() -> T) -> T {
        let cell = Arc::clone(self.0.lock().expect("not poisoned").entry(key).or_default());
        cell.get_or_init(compute).clone()
    }
}
