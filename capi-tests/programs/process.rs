//! Starting, watching and ending processes.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use super::evidence;

/// What takes longer hangs: nothing comes near it on the slowest of machines.
pub const LIMIT: Duration = Duration::from_secs(120);

/// A new child has copies of all descriptors until it executes its program: who
/// holds the lock has some that no child may have.
static FORKING: RwLock<()> = RwLock::new(());

/// Starts a process, which executes its program when this returns.
pub fn spawn(command: &mut Command) -> Result<Child, Failed> {
    let _forking = FORKING.read().unwrap_or_else(PoisonError::into_inner);
    command
        .spawn()
        .map_err(|error| format!("{command:?}: {error}").into())
}

/// Writes a program, which can be executed at once: nobody else has it open.
pub fn write_program(path: &Path, text: &str) -> Result<(), Failed> {
    let _not_forking = FORKING.write().unwrap_or_else(PoisonError::into_inner);
    fs::write(path, text)?;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o755),
    )?)
}

pub fn id() -> u32 {
    std::process::id()
}

/// The user that programs run as when the tests run as root: servers refuse to
/// run as root, or behave differently.
pub fn unprivileged_user() -> Option<u32> {
    const NOBODY: u32 = 65534;
    // SAFETY: geteuid only returns a number.
    (unsafe { libc::geteuid() } == 0).then_some(NOBODY)
}

/// Has a command run as that user.
pub fn as_unprivileged(command: &mut Command) {
    if let Some(user) = unprivileged_user() {
        command.uid(user).gid(user);
    }
}

/// What programs expect when they are started, whoever started the tests.
pub fn prepare() {
    raise_descriptor_limit();
    // SAFETY: neither touches memory, and there is no other thread yet.
    unsafe {
        // The programs run as another user and read what is written for them.
        libc::umask(0o022);
        // In the background and under nohup some are ignored.
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
            libc::signal(signal, libc::SIG_DFL);
        }
    }
}

/// Raises the soft limit on descriptors: the clients hold many connections.
fn raise_descriptor_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is a valid rlimit to write to and to read from.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max.min(65536);
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

/// Finds a program, in the administrator's directories too.
pub fn find(program: &str) -> Result<PathBuf, Failed> {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':')
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"])
        .map(|directory| Path::new(directory).join(program))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| format!("{program} is not installed (`make check` installs it)").into())
}

/// A port of the loopback interface that nobody uses, for UDP and TCP. It is
/// taken below the range from which the kernel gives ports to clients, so
/// that none of those gets it before the program does.
pub fn free_port() -> Result<u16, Failed> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 15_000;
    const COUNT: u32 = 15_000;
    let _not_forking = FORKING.write().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..COUNT {
        let offset = id() * 97 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = (FIRST + offset % COUNT) as u16;
        let address = ("127.0.0.1", port);
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return Ok(port);
        }
    }
    Err("no free port".into())
}

/// What a finished client left.
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// The standard output of a client that succeeded.
    pub fn success(self) -> Result<String, Failed> {
        if self.status.success() {
            return Ok(self.stdout);
        }
        Err(format!("{}\n{}{}", self.status, self.stdout, self.stderr).into())
    }
}

/// A client by name, with the environment of the distribution's library.
pub fn client(program: &str) -> Result<Command, Failed> {
    Ok(Command::new(find(program)?))
}

/// Runs a client to its end, feeding it `input`, and kills it if it takes
/// longer than [`LIMIT`].
pub fn run(command: &mut Command, input: &[u8]) -> Result<Finished, Failed> {
    let finished = run_unless(command, input, |_| false)?;
    Ok(finished.expect("nobody gives it up"))
}

/// [`run`], but the client is also killed, and `None` returned, once `hopeless`
/// says so, which is told for how long it has run.
pub fn run_unless(
    command: &mut Command,
    input: &[u8],
    mut hopeless: impl FnMut(Duration) -> bool,
) -> Result<Option<Finished>, Failed> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = spawn(command)?;
    let mut stdin = child.stdin.take().expect("piped above");
    let stdout = child.stdout.take().expect("piped above");
    let stderr = child.stderr.take().expect("piped above");
    thread::scope(|scope| {
        scope.spawn(move || {
            // A client that reads no input closes it early: its own affair.
            let _ = stdin.write_all(input);
        });
        let stdout = scope.spawn(|| read_all(stdout));
        let stderr = scope.spawn(|| read_all(stderr));
        let start = Instant::now();
        let mut given_up = false;
        let status = wait_unless(&mut child, || {
            given_up = hopeless(start.elapsed());
            given_up
        })?;
        if status.is_none() {
            child.kill()?;
            child.wait()?;
        }
        let stdout = stdout.join().expect("reading does not panic");
        let stderr = stderr.join().expect("reading does not panic");
        match status {
            Some(status) => Ok(Some(Finished {
                status,
                stdout,
                stderr,
            })),
            None if given_up => Ok(None),
            None => {
                let limit = LIMIT.as_secs();
                Err(format!("{command:?} hung for {limit} s\n{stdout}{stderr}").into())
            }
        }
    })
}

fn read_all(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    // What came before an error is what there is to show.
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for a child's end, `None` when the time is up.
fn wait(child: &mut Child) -> Result<Option<ExitStatus>, Failed> {
    wait_unless(child, || false)
}

/// [`wait`], `None` also once `hopeless` says so.
fn wait_unless(
    child: &mut Child,
    mut hopeless: impl FnMut() -> bool,
) -> Result<Option<ExitStatus>, Failed> {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if hopeless() || Instant::now() > deadline {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// A server under test, in a process group of its own, ended when dropped.
pub struct Daemon {
    child: Child,
    name: String,
    directory: PathBuf,
    ended: bool,
}

impl Daemon {
    /// Starts a server in `directory`, its output in the file `name.log` there
    /// and the loader's account of its symbol bindings beside it.
    pub fn start(command: &mut Command, name: &str, directory: &Path) -> Result<Daemon, Failed> {
        let log = File::create(directory.join(format!("{name}.log")))?;
        command
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        as_unprivileged(command);
        evidence::record_bindings(command, &directory.join(name));
        // SAFETY: prctl is async-signal-safe and touches no memory here.
        unsafe {
            command.pre_exec(|| {
                // Nothing outlives tests that are killed.
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        Ok(Daemon {
            child: spawn(command)?,
            name: name.to_owned(),
            directory: directory.to_owned(),
            ended: false,
        })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where the server's log, bindings and own files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn log(&self) -> String {
        let path = self.directory.join(format!("{}.log", self.name));
        fs::read_to_string(path).unwrap_or_default()
    }

    /// Waits until `ready` says yes; fails at once if the server ends.
    pub fn wait_until(
        &mut self,
        what: &str,
        mut ready: impl FnMut() -> bool,
    ) -> Result<(), Failed> {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.ended = true;
                return Err(self.complaint(&format!("ended with {status} before {what}")));
            }
            if ready() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(self.complaint(&format!("took too long: {what}")));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the server accepts connections.
    pub fn wait_for_port(&mut self, port: u16) -> Result<(), Failed> {
        self.wait_until("accepting connections", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        })
    }

    /// Sends a signal to the server itself.
    pub fn signal(&self, signal: i32) {
        // SAFETY: kill touches no memory; the child is not yet waited for, so
        // the id is still its own.
        unsafe { libc::kill(self.pid() as i32, signal) };
    }

    /// Asks the server to end, and checks that it does so by itself, orderly
    /// and in time.
    pub fn stop(self, signal: i32) -> Result<(), Failed> {
        self.signal(signal);
        self.expect_end(&format!("signal {signal}"), Some(signal))
    }

    /// Checks that the server ends after `request`, by itself, orderly and in
    /// time; by the signal, if that is what asked it to.
    pub fn expect_end(mut self, request: &str, signal: Option<i32>) -> Result<(), Failed> {
        let Some(status) = wait(&mut self.child)? else {
            return Err(self.complaint(&format!("did not end on {request}")));
        };
        self.ended = true;
        if !status.success() && (signal.is_none() || status.signal() != signal) {
            return Err(self.complaint(&format!("ended with {status}")));
        }
        let deadline = Instant::now() + LIMIT;
        while self.signal_group(0) {
            if Instant::now() > deadline {
                self.signal_group(libc::SIGKILL);
                return Err(self.complaint("left processes behind"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Signals the server's process group, false when nobody is left in it.
    fn signal_group(&self, signal: i32) -> bool {
        // SAFETY: kill touches no memory. The group was made by `start`; its
        // number is not given out again while it has members.
        unsafe { libc::kill(-(self.pid() as i32), signal) == 0 }
    }

    /// Puts the end of this server's log to an error that a client met, and what ended the server if
    /// that was the cause.
    pub fn explain<T>(&self, outcome: Result<T, Failed>) -> Result<T, Failed> {
        outcome.map_err(|error| {
            let error = error.message().unwrap_or("failed");
            match self.signal_that_killed() {
                Some(signal) => self.complaint(&format!("killed by signal {signal}: {error}")),
                None => self.complaint(error),
            }
        })
    }

    /// Its connections are reset before it can be waited for: a second must be enough.
    fn signal_that_killed(&self) -> Option<i32> {
        for _ in 0..100 {
            // SAFETY: a siginfo_t of zeroes is valid.
            let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
            let how = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
            // SAFETY: `info` is written to; the child stays to be waited for.
            let done = unsafe { libc::waitid(libc::P_PID, self.pid(), &raw mut info, how) };
            // SAFETY: filled in for a child that ended, otherwise zero.
            let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
            if done == 0 && pid != 0 {
                let killed = [libc::CLD_KILLED, libc::CLD_DUMPED].contains(&info.si_code);
                return killed.then_some(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// An error about this server, with the end of its log.
    pub fn complaint(&self, what: &str) -> Failed {
        let log = self.log();
        let tail = log
            .char_indices()
            .rev()
            .nth(2000)
            .map_or(&*log, |(i, _)| &log[i..]);
        format!("{}: {what}; its log ends:\n{tail}", self.name).into()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !self.ended && self.signal_group(libc::SIGKILL) {
            // Nothing to do about an error here.
            let _ = self.child.wait();
        }
    }
}
