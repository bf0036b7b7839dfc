//! How many system calls an operation makes, exactly: works of the benchmark
//! (`bench/*.c`), counted by `bench/count.c`.

#[path = "library.rs"]
mod library;
#[expect(dead_code, reason = "the benchmark times, too")]
#[path = "bench/worker.rs"]
mod worker;

use std::path::PathBuf;
use std::sync::LazyLock;

use worker::{Calls, Contestant};

fn compiled(name: &str) -> PathBuf {
    worker::compile(name).unwrap_or_else(|problem| panic!("{problem}"))
}

fn calls(contestant: Contestant, program: &str, work: &str) -> Calls {
    static COUNTER: LazyLock<PathBuf> = LazyLock::new(|| compiled("count"));
    static EVENT: LazyLock<PathBuf> = LazyLock::new(|| compiled("event"));
    static BUFFEREVENT: LazyLock<PathBuf> = LazyLock::new(|| compiled("bufferevent"));
    static DNS: LazyLock<PathBuf> = LazyLock::new(|| compiled("dns"));
    static HTTP: LazyLock<PathBuf> = LazyLock::new(|| compiled("http"));
    let binary = match program {
        "event" => &*EVENT,
        "dns" => &*DNS,
        "http" => &*HTTP,
        _ => &*BUFFEREVENT,
    };
    Calls::of(&COUNTER, contestant, binary, work).unwrap_or_else(|problem| panic!("{problem}"))
}

/// Every operation makes each of these calls so often, and no others.
fn makes_only(program: &str, work: &str, times: u64, kinds: &[&str]) {
    let calls = calls(Contestant::Ours, program, work);
    let mut made: Vec<_> = calls
        .counts
        .iter()
        .map(|(kind, count)| (kind.as_str(), *count))
        .collect();
    made.sort_unstable();
    let each = times * calls.operations;
    let mut wanted: Vec<_> = kinds.iter().map(|kind| (*kind, each)).collect();
    wanted.sort_unstable();
    assert_eq!(made, wanted, "{work}");
}

#[test]
fn persistent_event_only_reads_writes_and_waits() {
    makes_only("event", "persistent", 1, &["read", "write", "epoll_wait"]);
    makes_only(
        "event",
        "persistent-timeout",
        1,
        &["read", "write", "epoll_wait"],
    );
}

/// The `epoll_ctl` finds out whether the descriptor is still the one that was registered:
/// `event_add` has to fail if it was closed, and to see to it that another one is watched.
#[test]
fn one_shot_event_added_again_is_one_epoll_ctl() {
    makes_only(
        "event",
        "one-shot",
        1,
        &["epoll_ctl", "read", "write", "epoll_wait"],
    );
}

#[test]
fn another_direction_is_one_epoll_ctl() {
    makes_only("event", "del-set-add", 1, &["epoll_ctl", "epoll_wait"]);
}

#[test]
fn add_and_delete_is_one_epoll_ctl() {
    makes_only("event", "add-delete", 1, &["epoll_ctl"]);
}

/// Each write is an edge for epoll; a loop that is not waiting is not even written to. How often
/// that is, and whether the threads meet at a lock, is up to the scheduler.
#[test]
fn wake_up_is_never_read() {
    let calls = calls(Contestant::Ours, "event", "wake-up");
    let made = |kind: &str| calls.counts.iter().any(|(name, _)| name == kind);
    assert!(made("epoll_wait"), "{:?}", calls.counts);
    assert!(!made("read"), "{:?}", calls.counts);
}

/// There and back is two messages: each is read once, written once, and waited for once.
#[test]
fn echo_reads_writes_and_waits_once_for_each_message() {
    for work in ["echo", "echo-deferred", "echo-locked"] {
        makes_only(
            "bufferevent",
            work,
            2,
            &["recvfrom", "sendto", "epoll_wait"],
        );
    }
}

/// The request and its reply are a message each, as above: the reply, with its head, is written
/// where the request was read.
#[test]
fn requests_that_keep_the_connection_are_read_written_and_waited_for() {
    makes_only("http", "small/1", 2, &["recvfrom", "sendto", "epoll_wait"]);
}

/// Sixteen requests that came together are read together, and their replies written together.
#[test]
fn requests_of_a_pipeline_are_answered_by_one_write() {
    let calls = calls(Contestant::Ours, "http", "small/16");
    // Of requests, and of replies.
    let messages = 2 * calls.operations / 16;
    let made = |kinds: &[&str]| -> u64 {
        let counts = calls.counts.iter();
        let those = counts.filter(|(kind, _)| kinds.contains(&kind.as_str()));
        those.map(|(_, count)| count).sum()
    };
    let each = [
        made(&["read", "recvfrom"]),
        made(&["write", "writev", "sendto", "sendmsg"]),
        made(&["epoll_wait"]),
    ];
    assert_eq!(each, [messages; 3], "{:?}", calls.counts);
    let all: u64 = calls.counts.iter().map(|(_, count)| count).sum();
    assert_eq!(all, 3 * messages, "{:?}", calls.counts);
}

/// A port for each question costs one call: the socket's old one is given back. The server, a thread
/// of the same process, makes two more for each.
#[test]
fn a_lookup_is_four_calls() {
    let calls = calls(Contestant::Ours, "dns", "lookup/1");
    assert!(calls.each() <= 4.05 + 2.0, "{:?}", calls.counts);
}

#[test]
fn never_more_calls_than_libevent() {
    let works = [
        ("event", "once"),
        ("event", "activate-batch"),
        ("event", "descriptors/1000"),
        ("bufferevent", "echo"),
        ("bufferevent", "echo-500"),
        ("bufferevent", "echo-8k"),
        ("bufferevent", "bulk"),
        ("bufferevent", "bufferevent-new-free"),
        ("http", "small/16"),
        ("http", "reply-100k"),
        ("http", "chunked-100"),
        ("dns", "lookup/1"),
        ("dns", "lookup/64"),
    ];
    for (program, work) in works {
        let ours = calls(Contestant::Ours, program, work).each();
        let reference = calls(Contestant::Reference, program, work).each();
        assert!(ours <= reference, "{work}: {ours}, libevent {reference}");
    }
}
