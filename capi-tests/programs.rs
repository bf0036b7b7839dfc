//! Unmodified programs of the distribution at work on the library.
//!
//! Each program runs on the reference library first (the control: what fails
//! there is wrong in the driver) and then on ours, started through the
//! installed `libevent_rs-run` and by `LD_PRELOAD`, on each backend. Real
//! clients drive it, every answer is checked, and so is the library that the
//! process loaded and that its calls are bound to.
//!
//! `cargo test --test programs -- demo` runs the same drivers once and tells in
//! words what it saw.

mod programs {
    pub mod apt_cacher_ng;
    pub mod at_once;
    pub mod bitlbee;
    pub mod build_systems;
    pub mod coturn;
    pub mod demo;
    pub mod dig;
    pub mod evhtp;
    pub mod evidence;
    pub mod fstrm_capture;
    pub mod gearmand;
    pub mod groonga;
    pub mod http;
    pub mod inetd;
    pub mod install;
    pub mod links;
    pub mod litecoind;
    pub mod memcached;
    pub mod name_servers;
    pub mod noise;
    pub mod nsd;
    pub mod origin;
    pub mod packages;
    pub mod pgbouncer;
    pub mod process;
    pub mod redsocks;
    pub mod sslsplit;
    pub mod stage;
    pub mod tally;
    pub mod tls_processes;
    pub mod tmux;
    pub mod tor;
    pub mod transmission;
    pub mod unbound;
    pub mod ustreamer;
    pub mod webdis;
    pub mod wrapper;
}

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use programs::stage::{Flavour, Stage};
use programs::tally::Tally;
use programs::{
    apt_cacher_ng, bitlbee, build_systems, coturn, demo, evhtp, fstrm_capture, gearmand, groonga,
    inetd, install, links, litecoind, memcached, name_servers, nsd, packages, pgbouncer, process,
    redsocks, sslsplit, tls_processes, tmux, tor, transmission, unbound, ustreamer, webdis,
    wrapper,
};

/// A driver: starts the program on the given library, has it do real work,
/// checks everything, stops it.
type Driver = fn(&Stage, Flavour, &mut Tally) -> Result<(), Failed>;

/// Each with the libraries and backends that it runs on.
const DRIVERS: [(&str, Driver, &[Flavour]); 21] = [
    ("memcached", memcached::drive, &Flavour::ALL),
    ("unbound", unbound::drive, &Flavour::ALL),
    ("nsd", nsd::drive, &Flavour::ALL),
    ("gearmand", gearmand::drive, &Flavour::ALL),
    ("pgbouncer", pgbouncer::drive, &Flavour::ALL),
    ("inetd", inetd::drive, &Flavour::ALL),
    ("fstrm_capture", fstrm_capture::drive, &Flavour::ALL),
    ("redsocks", redsocks::drive, &Flavour::ALL),
    ("tmux", tmux::drive, &tmux::FLAVOURS),
    ("tor", tor::drive, &Flavour::ALL),
    ("transmission", transmission::drive, &Flavour::ALL),
    ("ustreamer", ustreamer::drive, &Flavour::ALL),
    ("litecoind", litecoind::drive, &Flavour::ALL),
    ("groonga", groonga::drive, &groonga::FLAVOURS),
    ("evhtp", evhtp::drive, &evhtp::FLAVOURS),
    ("sslsplit", sslsplit::drive, &Flavour::ALL),
    ("coturn", coturn::drive, &Flavour::ALL),
    ("webdis", webdis::drive, &groonga::FLAVOURS),
    ("bitlbee", bitlbee::drive, &groonga::FLAVOURS),
    ("apt_cacher_ng", apt_cacher_ng::drive, &groonga::FLAVOURS),
    ("links", links::drive, &groonga::FLAVOURS),
];

fn main() -> ExitCode {
    process::prepare();
    let demonstration = std::env::args().nth(1).as_deref() == Some("demo");
    // Ends the process when it is asked for help.
    let arguments = (!demonstration).then(Arguments::from_args);
    let stage = match Stage::new() {
        Ok(stage) => Arc::new(stage),
        Err(error) => {
            eprintln!("a directory in /tmp: {error}");
            return ExitCode::FAILURE;
        }
    };
    let Some(mut arguments) = arguments else {
        return demo::run(&stage, &DRIVERS);
    };
    // The programs and their clients wait for one another more than they compute.
    arguments.test_threads = arguments.test_threads.or(Some(4));
    let mut trials = Vec::new();
    for (name, driver, flavours) in DRIVERS {
        for &flavour in flavours {
            let stage = Arc::clone(&stage);
            trials.push(Trial::test(format!("{name}::{flavour}"), move || {
                driver(&stage, flavour, &mut Tally::default())
            }));
        }
    }
    trials.extend(name_servers::trials(&stage));
    trials.extend(install::trials(&stage));
    trials.extend(build_systems::trials(&stage));
    trials.extend(packages::trials(&stage));
    trials.extend(wrapper::trials(&stage));
    trials.extend(tls_processes::trials(&stage));
    trials.push(memcached::valgrind_trial(&stage));
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(stage);
    conclusion.exit_code()
}
