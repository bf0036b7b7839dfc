//! nginx in front of a server, and as the server that clients ask.

use std::fs;
use std::net::TcpStream;
use std::process::{Child, Command};
use std::thread;
use std::time::Instant;

use libtest_mimic::Failed;

use super::web::{Scratch, ask, expect, free_port, output, python};
use super::{Backend, Library, PATIENCE, Server};

/// nginx, which answers at one port and asks at another.
pub struct Nginx {
    child: Child,
    scratch: Scratch,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SAFETY: a signal to a child that has not been waited for.
        unsafe { libc::kill(self.child.id() as libc::pid_t, libc::SIGTERM) };
        let _ = self.child.wait();
    }
}

impl Nginx {
    /// `more` is for its server.
    pub fn start(port: u16, upstream: u16, more: &str) -> Result<Nginx, Failed> {
        let scratch = Scratch::new()?;
        let directory = scratch.path().display();
        let configuration = format!(
            "pid {directory}/pid;\nerror_log {directory}/log;\nworker_processes 1;\n\
             events {{}}\n\
             http {{\n access_log off;\n client_max_body_size 0;\n\
             client_body_temp_path {directory}/1;\n proxy_temp_path {directory}/2;\n\
             fastcgi_temp_path {directory}/3;\n uwsgi_temp_path {directory}/4;\n\
             scgi_temp_path {directory}/5;\n\
             upstream ours {{\n  server 127.0.0.1:{upstream};\n  keepalive 8;\n }}\n\
             server {{\n  listen 127.0.0.1:{port};\n  root {directory};\n{more}\n\
             location / {{\n\
             proxy_pass http://ours;\n   proxy_http_version 1.1;\n\
             proxy_set_header Connection \"\";\n   proxy_request_buffering off;\n\
             proxy_next_upstream off;\n  }}\n }}\n}}\n"
        );
        let file = scratch.file("conf", configuration.as_bytes())?;
        let child = Command::new("/usr/sbin/nginx")
            .args(["-g", "daemon off;", "-e"])
            .arg(scratch.path().join("log"))
            .arg("-p")
            .arg(scratch.path())
            .arg("-c")
            .arg(file)
            .spawn()?;
        let mut nginx = Nginx { child, scratch };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if nginx.child.try_wait()?.is_some() || Instant::now() > end {
                let log = fs::read_to_string(nginx.scratch.path().join("log")).unwrap_or_default();
                return Err(format!("nginx does not start: {log}").into());
            }
            thread::sleep(std::time::Duration::from_millis(10));
        }
        Ok(nginx)
    }
}

/// What holds without a proxy holds behind one, which keeps its connections to the server.
pub fn in_front(server: &Server) -> Result<(), Failed> {
    let port = free_port()?;
    let _nginx = Nginx::start(port, server.port, "")?;
    python("web.py", port)?;
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c32", "-d1s", "--timeout", "30s"]);
    let report = output(wrk.arg(format!("http://127.0.0.1:{port}/size?1000")))?;
    match report.contains("Socket errors") || report.contains("Non-2xx") {
        true => Err(report.into()),
        false => Ok(()),
    }
}

/// A proxy of ours asks nginx, which asks the server or answers itself. Its connections end after
/// some requests.
pub fn behind(library: Library) -> Result<(), Failed> {
    const SIZE: usize = 5 << 20;
    let server = Server::start("web", &[], library, Backend::Epoll)?;
    let port = free_port()?;
    let more = "keepalive_requests 7;\n\
                location /files/ { gzip on; gzip_types *; gzip_min_length 1; }\n\
                location = /short { return 200 short; }\n\
                location = /moved { return 301 /short; }\n\
                location = /dropped { return 444; }";
    let nginx = Nginx::start(port, server.port, more)?;
    let files = nginx.scratch.path().join("files");
    fs::create_dir(&files)?;
    let large: String = (0..SIZE / 8).map(|i| format!("{i:07}\n")).collect();
    fs::write(files.join("large"), &large)?;
    // Its workers are of another user.
    fs::set_permissions(
        nginx.scratch.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )?;
    let proxy = Server::start("forward", &[port.to_string()], library, Backend::Epoll)?;
    python("web.py", proxy.port)?;
    let get = |arguments: &[&str], target: &str| ask(proxy.port, arguments, &[target]);
    if get(&[], "/files/large")? != large {
        return Err("the file came changed".into());
    }
    // In chunks, and curl unpacks it.
    if get(&["--compressed"], "/files/large")? != large {
        return Err("the file came changed in a coding".into());
    }
    let part = get(&["--include", "--range", "4000-4007"], "/files/large")?;
    expect(&part, "HTTP/1.1 206 Partial Content\r\n")?;
    expect(&part, &format!("Content-Range: bytes 4000-4007/{SIZE}\r\n"))?;
    expect(&part, "\r\n\r\n0000500\n")?;
    let beyond = get(&["--include", "--range", "9000000-"], "/files/large")?;
    expect(&beyond, "HTTP/1.1 416 ")?;
    let head = get(&["--head"], "/files/large")?;
    expect(&head, &format!("Content-Length: {SIZE}\r\n"))?;
    let tag = head
        .lines()
        .find_map(|line| line.strip_prefix("ETag: "))
        .ok_or("no tag")?;
    let same = format!("If-None-Match: {tag}");
    let unchanged = get(&["--include", "--header", &same], "/files/large")?;
    expect(&unchanged, "HTTP/1.1 304 Not Modified\r\n")?;
    expect(&get(&["--include"], "/moved")?, "Location: ")?;
    for _ in 0..30 {
        expect(&get(&[], "/short")?, "short")?;
        expect(
            &get(&["--include"], "/dropped")?,
            "HTTP/1.1 502 No reply\r\n",
        )?;
    }
    drop(nginx);
    // Whom nobody answers any more.
    expect(&get(&["--include"], "/short")?, "HTTP/1.1 502 No reply\r\n")?;
    proxy.stop()?;
    server.stop()
}
