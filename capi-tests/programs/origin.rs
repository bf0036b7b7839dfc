//! A server of files for programs that fetch: what it answers is a function of the path.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use libtest_mimic::Failed;

/// The body for a path; without one it is not found.
type Pages = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;

/// Serves until it is dropped, each connection on a thread of its own.
pub struct Origin {
    pub port: u16,
    requests: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Origin {
    pub fn start(
        pages: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Result<Origin, Failed> {
        // Below 32768: apt-cacher-ng reaches no other.
        let port = super::process::free_port()?;
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let origin = Origin {
            port,
            requests: Arc::default(),
            over: Arc::default(),
        };
        let (requests, over) = (Arc::clone(&origin.requests), Arc::clone(&origin.over));
        let pages: Arc<Pages> = Arc::new(pages);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let (requests, pages) = (Arc::clone(&requests), Arc::clone(&pages));
                // A client that goes away ends its connection: its own affair.
                thread::spawn(move || serve(stream, &requests, &*pages).ok());
            }
        });
        Ok(origin)
    }

    /// How many have been answered.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the listener; if nobody can connect, it goes with the process.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(stream: TcpStream, requests: &AtomicU64, pages: &Pages) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(request) = lines.next() {
        let request = request?;
        // The rest of the head.
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let page = pages(path);
        let status = if page.is_some() {
            "200 OK"
        } else {
            "404 Not Found"
        };
        let kind = if path.ends_with(".html") {
            "text/html"
        } else {
            "application/octet-stream"
        };
        let body = page.unwrap_or_default();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Date: Sat, 28 Nov 2026 12:00:00 GMT\r\n\
             Last-Modified: Fri, 27 Nov 2026 12:00:00 GMT\r\n\r\n",
            body.len()
        );
        requests.fetch_add(1, Ordering::SeqCst);
        writer.write_all(&[head.as_bytes(), &body].concat())?;
    }
    Ok(())
}

/// Bytes of which no part looks like another.
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    (0..length)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect()
}
