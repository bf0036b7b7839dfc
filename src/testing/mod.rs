//! What must hold whatever bytes come in: functions that take any bytes and fail where it doesn't.
//!
//! `make fuzz` looks for such bytes, guided by the code that they reach; the tests here run those
//! that are kept in `capi-tests/fuzz/corpus`, and noise. A new target is a line in `targets!`
//! and a directory of the same name there.

mod addresses;
mod bufferevents;
pub mod choices;
mod dns;
mod events;
mod http;
#[cfg(test)]
mod strict;
mod tags;
mod uri;
mod websocket;

/// The targets by name, each a function that fails on bytes for which the library is wrong; and,
/// for libFuzzer, an exported `fuzz_NAME`.
macro_rules! targets {
    ($($name:literal, $export:ident: $run:path;)*) => {
        #[cfg(test)]
        const TARGETS: &[(&str, fn(&[u8]))] = &[$(($name, $run)),*];
        $(
            /// # Safety
            /// `data` points to `len` bytes.
            #[cfg(fuzzing)]
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $export(data: *const u8, len: usize) -> core::ffi::c_int {
                let input = match len {
                    0 => &[],
                    // SAFETY: promised by the caller.
                    _ => unsafe { core::slice::from_raw_parts(data, len) },
                };
                $run(input);
                0
            }
        )*
    };
}

targets! {
    "addresses", fuzz_addresses: addresses::run;
    "buffer", fuzz_buffer: crate::buffer::model::run;
    "buffer_unruly", fuzz_buffer_unruly: crate::buffer::model::unruly::run;
    "bufferevents", fuzz_bufferevents: bufferevents::run;
    "dns_files", fuzz_dns_files: dns::files;
    "dns_messages", fuzz_dns_messages: dns::messages;
    "dns_questions", fuzz_dns_questions: dns::questions;
    "events", fuzz_events: events::run;
    "http_reply", fuzz_http_reply: http::answer;
    "http_request", fuzz_http_request: http::request;
    "tags", fuzz_tags: tags::run;
    "uri", fuzz_uri: uri::run;
    "websocket", fuzz_websocket: websocket::run;
}

/// Numbers that look random, the same in every run.
#[cfg(test)]
pub fn noise(mut seed: u64) -> impl Iterator<Item = u8> {
    core::iter::repeat_with(move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 24) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn kept_inputs() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("capi-tests/fuzz/corpus");
        for (name, run) in TARGETS {
            let files: Vec<_> = corpus.join(name).read_dir().unwrap().collect();
            assert!(!files.is_empty(), "nothing is kept for {name}");
            for file in files {
                let path = file.unwrap().path();
                println!("{}", path.display());
                run(&std::fs::read(path).unwrap());
            }
        }
        let directories = corpus.read_dir().unwrap().count();
        assert_eq!(directories, TARGETS.len(), "a directory without a target");
    }

    #[test]
    fn noise_of_any_length() {
        for (name, run) in TARGETS {
            for seed in 1..16 {
                println!("{name}, seed {seed}");
                let input: Vec<u8> = noise(seed).take(3000).collect();
                run(&input);
                run(&input[..seed as usize]);
            }
        }
    }
}
