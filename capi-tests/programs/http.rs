//! A client of HTTP/1.1 that checks what a client may rely on: the framing of
//! every reply, and that a connection can be used again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use libtest_mimic::Failed;

use super::process;

/// A reply with its whole body.
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn expect(self, status: u16) -> Result<Reply, Failed> {
        match self.status == status {
            true => Ok(self),
            false => Err(format!("status {} and not {status}", self.status).into()),
        }
    }

    pub fn text(&self) -> Result<&str, Failed> {
        Ok(std::str::from_utf8(&self.body)?)
    }

    /// The body, which has to contain this.
    pub fn containing(&self, part: &str) -> Result<&str, Failed> {
        let text = self.text()?;
        match text.contains(part) {
            true => Ok(text),
            false => Err(format!("{part:?} is not in {text:?}").into()),
        }
    }
}

/// A connection that is used again and again.
pub struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    /// Header lines of every request.
    pub headers: String,
}

impl Client {
    pub fn connect(port: u16) -> Result<Client, Failed> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(process::LIMIT))?;
        stream.set_write_timeout(Some(process::LIMIT))?;
        Ok(Client {
            stream: BufReader::new(stream),
            host: format!("127.0.0.1:{port}"),
            headers: String::new(),
        })
    }

    /// Sends a request without waiting for its reply.
    pub fn send(&mut self, method: &str, target: &str, body: &[u8]) -> Result<(), Failed> {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{}\r\n",
            self.host,
            body.len(),
            self.headers
        );
        let whole = [head.as_bytes(), body].concat();
        Ok(self.stream.get_mut().write_all(&whole)?)
    }

    /// The reply to the oldest request that has none yet.
    pub fn receive(&mut self, method: &str) -> Result<Reply, Failed> {
        let line = self.line()?;
        let status = line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .ok_or_else(|| format!("no status line: {line:?}"))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line
                .split_once(": ")
                .ok_or_else(|| format!("no header: {line:?}"))?;
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        if method != "HEAD" && !matches!(status, 204 | 304) {
            self.body(&mut reply)?;
        }
        Ok(reply)
    }

    fn body(&mut self, reply: &mut Reply) -> Result<(), Failed> {
        if reply.header("Transfer-Encoding") == Some("chunked") {
            loop {
                let size = self.line()?;
                let size = usize::from_str_radix(&size, 16)?;
                let start = reply.body.len();
                reply.body.resize(start + size, 0);
                self.stream.read_exact(&mut reply.body[start..])?;
                if !self.line()?.is_empty() {
                    return Err("a chunk is longer than it says".into());
                }
                if size == 0 {
                    return Ok(());
                }
            }
        }
        let length = reply.header("Content-Length").ok_or("no length")?.parse()?;
        reply.body.resize(length, 0);
        Ok(self.stream.read_exact(&mut reply.body)?)
    }

    pub fn ask(&mut self, method: &str, target: &str, body: &[u8]) -> Result<Reply, Failed> {
        self.send(method, target, body)?;
        self.receive(method)
    }

    fn line(&mut self) -> Result<String, Failed> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(format!("the connection ended after {line:?}").into()),
        }
    }

    /// What comes until the server closes.
    pub fn rest(mut self) -> Result<Vec<u8>, Failed> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest)?;
        Ok(rest)
    }
}

/// Has curl ask, and returns what it printed.
pub fn curl(port: u16, target: &str, arguments: &[&str]) -> Result<String, Failed> {
    let mut client = process::client("curl")?;
    client
        .args(["--silent", "--show-error", "--fail", "--max-time"])
        .arg(process::LIMIT.as_secs().to_string())
        .args(arguments)
        .arg(format!("http://127.0.0.1:{port}{target}"));
    process::run(&mut client, b"")?.success()
}
