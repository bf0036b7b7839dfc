//! The place where the programs run: a temporary directory with the library
//! installed in it by `make install`, and the ways to start a program there.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use libtest_mimic::Failed;

use super::process;

/// Which library a program runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Library {
    /// The distribution's libevent.
    Reference,
    /// Ours under the old sonames, by the wrapper.
    Soname,
    /// Ours before the distribution's.
    Preload,
}

/// Which backend the library is told to use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    Epoll,
    Poll,
    Select,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flavour {
    pub library: Library,
    pub method: Method,
}

impl Flavour {
    pub const ALL: [Flavour; 7] = [
        Flavour::new(Library::Reference, Method::Epoll),
        Flavour::new(Library::Reference, Method::Poll),
        Flavour::new(Library::Reference, Method::Select),
        Flavour::new(Library::Soname, Method::Epoll),
        Flavour::new(Library::Soname, Method::Poll),
        Flavour::new(Library::Soname, Method::Select),
        Flavour::new(Library::Preload, Method::Epoll),
    ];

    pub const fn new(library: Library, method: Method) -> Flavour {
        Flavour { library, method }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let library = match self.library {
            Library::Reference => "reference",
            Library::Soname => "ours_by_soname",
            Library::Preload => "ours_preloaded",
        };
        let method = match self.method {
            Method::Epoll => "epoll",
            Method::Poll => "poll",
            Method::Select => "select",
        };
        write!(f, "{library}::{method}")
    }
}

/// The directory of a run; the number of its process follows.
const NAME: &str = "libevent_rs-programs.";

pub struct Stage {
    root: PathBuf,
    /// The root, locked while the run lasts.
    _lock: File,
    installed: OnceLock<Result<PathBuf, String>>,
    next_directory: AtomicU32,
}

impl Stage {
    /// An empty place; those of runs that were killed are taken away first.
    pub fn new() -> io::Result<Stage> {
        // TMPDIR may be closed to other users, or too long for the name of a socket.
        let parent = Path::new("/tmp");
        remove_leftovers(parent)?;
        let root = parent.join(format!("{NAME}{}", process::id()));
        loop {
            fs::create_dir(&root)?;
            // Before it is locked, another run may take it for a leftover and remove it.
            let Ok(lock) = File::open(&root) else {
                continue;
            };
            lock.lock()?;
            if !root.exists() {
                continue;
            }
            fs::set_permissions(&root, fs::Permissions::from_mode(0o755))?;
            return Ok(Stage {
                root,
                _lock: lock,
                installed: OnceLock::new(),
                next_directory: AtomicU32::new(0),
            });
        }
    }

    /// Where `make install` put the library, built now from the sources as
    /// they are; done once, when first asked for.
    pub fn prefix(&self) -> Result<&Path, Failed> {
        self.installed
            .get_or_init(|| {
                self.install()
                    .map_err(|error| error.message().unwrap_or("failed").to_owned())
            })
            .as_deref()
            .map_err(|error| format!("the library could not be installed: {error}").into())
    }

    fn install(&self) -> Result<PathBuf, Failed> {
        let prefix = self.root.join("inst");
        let setting = format!("PREFIX={}", prefix.display());
        make(&["all", "install", &setting])?;
        Ok(prefix)
    }

    /// The library's file, as a process map names it.
    pub fn library(&self) -> Result<PathBuf, Failed> {
        Ok(self.prefix()?.join("lib/libevent_rs.so").canonicalize()?)
    }

    /// A new empty directory that the unprivileged user owns.
    pub fn directory(&self, label: &str) -> Result<PathBuf, Failed> {
        let number = self.next_directory.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(format!("{label}-{number}"));
        fs::create_dir(&path)?;
        if let Some(user) = process::unprivileged_user() {
            std::os::unix::fs::chown(&path, Some(user), Some(user))?;
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(path)
    }

    /// The command that starts `program` on the library of `flavour`.
    pub fn command(&self, program: &str, flavour: Flavour) -> Result<Command, Failed> {
        let program = process::find(program)?;
        let mut command = match flavour.library {
            Library::Reference => Command::new(program),
            Library::Soname => {
                let mut command = Command::new(self.prefix()?.join("bin/libevent_rs-run"));
                command.arg(program);
                command
            }
            Library::Preload => {
                let mut command = Command::new(program);
                command.env("LD_PRELOAD", self.library()?);
                command
            }
        };
        match flavour.method {
            Method::Epoll => {}
            Method::Poll => {
                command.env("EVENT_NOEPOLL", "1");
            }
            Method::Select => {
                command.env("EVENT_NOEPOLL", "1").env("EVENT_NOPOLL", "1");
            }
        }
        Ok(command)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Daemons that were just killed may still be writing: once more then.
        for _ in 0..20 {
            match fs::remove_dir_all(&self.root) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                _ => break,
            }
        }
    }
}

/// Runs the project's make.
pub fn make(arguments: &[&str]) -> Result<(), Failed> {
    let mut make = Command::new("make");
    make.args(["--silent", "--directory", env!("CARGO_MANIFEST_DIR")])
        .args(arguments);
    // A make above this one must not pass its own settings on.
    for name in [
        "MAKEFLAGS",
        "MFLAGS",
        "MAKELEVEL",
        "DESTDIR",
        "PREFIX",
        "LIBDIR",
        "BINDIR",
        "INCLUDEDIR",
        "DROPINDIR",
    ] {
        make.env_remove(name);
    }
    make.stdout(Stdio::null()).stderr(Stdio::piped());
    let output = process::spawn(&mut make)?.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into())
}

/// Takes away the directories of runs that were killed: nobody holds their locks.
fn remove_leftovers(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(NAME)
            && let Ok(directory) = File::open(entry.path())
            && directory.try_lock().is_ok()
        {
            // What belongs to another user stays.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
