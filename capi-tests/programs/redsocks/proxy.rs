//! The proxies that redsocks sends its clients through: SOCKS 4, SOCKS 5 and
//! HTTP CONNECT, with what each expects to be told, and an echo behind them.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use libtest_mimic::Failed;

use crate::programs::process;

pub const LOGIN: &str = "somebody";
pub const PASSWORD: &str = "some word";
/// Base64 of both with a colon between.
const CREDENTIALS: &str = "c29tZWJvZHk6c29tZSB3b3Jk";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Socks4,
    Socks5,
    HttpConnect,
}

/// Threads that serve until the tests end.
pub struct Proxy {
    port: u16,
    served: Arc<AtomicU64>,
    /// What clients were told that was not as it should have been.
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Serves clients that want to go to any address of the loopback network
    /// with this port.
    pub fn start(kind: Kind, wanted_port: u16) -> Result<Proxy, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let served = Arc::new(AtomicU64::new(0));
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let (count, notes) = (Arc::clone(&served), Arc::clone(&complaints));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (count, notes) = (Arc::clone(&count), Arc::clone(&notes));
                thread::spawn(move || match serve(kind, wanted_port, stream) {
                    Ok(served) => {
                        count.fetch_add(u64::from(served), Ordering::Relaxed);
                    }
                    Err(error) => notes
                        .lock()
                        .expect("nobody panics with it")
                        .push(error.to_string()),
                });
            }
        });
        Ok(Proxy {
            port,
            served,
            complaints,
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    pub fn complaints(&self) -> Vec<String> {
        self.complaints
            .lock()
            .expect("nobody panics with it")
            .clone()
    }
}

/// True if the client got where it wanted to, false if it has to come again.
fn serve(kind: Kind, wanted_port: u16, mut stream: TcpStream) -> io::Result<bool> {
    stream.set_read_timeout(Some(process::LIMIT))?;
    stream.set_write_timeout(Some(process::LIMIT))?;
    let wanted = match kind {
        Kind::Socks4 => socks4(&mut stream)?,
        Kind::Socks5 => match socks5(&mut stream)? {
            Request::Connect(wanted) => wanted,
            Request::Associate => return associate(stream, wanted_port),
        },
        Kind::HttpConnect => match http_connect(&mut stream)? {
            Some(wanted) => wanted,
            None => return Ok(false),
        },
    };
    if !wanted.ip().is_loopback() || wanted.port() != wanted_port {
        return Err(wrong("destination", wanted));
    }
    // The first bytes tell where the client meant to go.
    stream.write_all(wanted.to_string().as_bytes())?;
    stream.write_all(b"\n")?;
    let mut buffer = vec![0; 30_000];
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            stream.shutdown(Shutdown::Write)?;
            return Ok(true);
        }
        stream.write_all(&buffer[..length])?;
    }
}

fn socks4(stream: &mut TcpStream) -> io::Result<SocketAddrV4> {
    expect(stream, &[4, 1])?;
    let [high, low, a, b, c, d] = take(stream)?;
    expect(stream, LOGIN.as_bytes())?;
    expect(stream, &[0])?;
    stream.write_all(&[0, 90, 0, 0, 0, 0, 0, 0])?;
    Ok(SocketAddrV4::new(
        Ipv4Addr::new(a, b, c, d),
        u16::from_be_bytes([high, low]),
    ))
}

enum Request {
    Connect(SocketAddrV4),
    Associate,
}

fn socks5(stream: &mut TcpStream) -> io::Result<Request> {
    // Two ways to tell who one is: not at all, or with a password.
    expect(stream, &[5, 2, 0, 2])?;
    stream.write_all(&[5, 2])?;
    expect(stream, &[1, LOGIN.len() as u8])?;
    expect(stream, LOGIN.as_bytes())?;
    expect(stream, &[PASSWORD.len() as u8])?;
    expect(stream, PASSWORD.as_bytes())?;
    stream.write_all(&[1, 0])?;
    let [version, command, zero, kind] = take(stream)?;
    let [a, b, c, d, high, low] = take(stream)?;
    let address = SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]));
    match [version, command, zero, kind] {
        [5, 1, 0, 1] => {
            stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 9])?;
            Ok(Request::Connect(address))
        }
        [5, 3, 0, 1] => Ok(Request::Associate),
        other => Err(wrong("request", format!("{other:?} {address}"))),
    }
}

/// Echoes datagrams, each with the header that SOCKS puts before it, until the
/// connection ends.
fn associate(mut stream: TcpStream, wanted_port: u16) -> io::Result<bool> {
    let relay = UdpSocket::bind("127.0.0.1:0")?;
    relay.set_read_timeout(Some(process::LIMIT))?;
    let [high, low] = relay.local_addr()?.port().to_be_bytes();
    stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, high, low])?;
    let echo = relay.try_clone()?;
    let echoing = thread::spawn(move || -> io::Result<()> {
        let [high, low] = wanted_port.to_be_bytes();
        let header = [0, 0, 0, 1, 127, 0, 0, 1, high, low];
        let mut buffer = vec![0; 65_536];
        loop {
            let (length, from) = echo.recv_from(&mut buffer)?;
            if length == 0 {
                return Ok(());
            }
            if !buffer[..length].starts_with(&header) {
                let begin = length.min(header.len());
                return Err(wrong("header", format!("{:?}", &buffer[..begin])));
            }
            echo.send_to(&buffer[..length], from)?;
        }
    });
    // redsocks closes the connection when the client has been silent.
    let end = stream.read(&mut [0])?;
    relay.send_to(&[], relay.local_addr()?)?;
    echoing.join().expect("echoing reports errors")?;
    match end {
        0 => Ok(true),
        _ => Err(wrong("bytes", "after the association")),
    }
}

fn http_connect(stream: &mut TcpStream) -> io::Result<Option<SocketAddrV4>> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let [byte] = take(stream)?;
        request.push(byte);
    }
    let request = String::from_utf8_lossy(&request);
    let credentials = format!("\r\nProxy-Authorization: Basic {CREDENTIALS}\r\n");
    if !request.contains(&credentials) {
        // Asked for them, it comes again.
        stream.write_all(
            b"HTTP/1.0 407 Who is it?\r\nProxy-Authenticate: Basic realm=\"test\"\r\n\
              Content-Length: 0\r\n\r\n",
        )?;
        return Ok(None);
    }
    let wanted = request
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split_once(' '))
        .and_then(|(wanted, _)| wanted.parse().ok());
    let Some(SocketAddr::V4(wanted)) = wanted else {
        return Err(wrong("request", request));
    };
    stream.write_all(b"HTTP/1.0 200 Here you are\r\nVia: a test\r\n\r\n")?;
    Ok(Some(wanted))
}

fn take<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn expect(stream: &mut TcpStream, expected: &[u8]) -> io::Result<()> {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes)?;
    if bytes != expected {
        return Err(wrong("greeting", format!("{bytes:?} and not {expected:?}")));
    }
    Ok(())
}

fn wrong(what: &str, got: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("the proxy got this {what}: {got}"))
}
