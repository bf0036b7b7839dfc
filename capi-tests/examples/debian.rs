//! libevent's own examples, compiled as Debian ships them.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use libtest_mimic::Failed;

use super::nginx::Nginx;
use super::web::{Scratch, ask, expect, free_port, output};
use super::{Backend, Library, PATIENCE, Server};

/// Whether an example does the same on the library as on libevent.
pub fn alike(
    library: Library,
    example: fn(Library) -> Result<String, Failed>,
) -> Result<(), Failed> {
    let (ours, reference) = (example(library)?, example(Library::Reference)?);
    match ours == reference {
        true => Ok(()),
        false => Err(format!("ours:\n{ours}\nlibevent:\n{reference}").into()),
    }
}

/// Compiles the first of these examples, with the others.
fn compile(scratch: &Scratch, names: &[&str], libraries: &[&str]) -> Result<PathBuf, Failed> {
    let sample = scratch.path().join("sample");
    fs::create_dir(&sample)?;
    let mut compiler = Command::new("cc");
    compiler.arg("-w").arg("-I").arg(scratch.path());
    for name in names {
        let source = sample.join(name);
        let example = Path::new("/usr/share/doc/libevent-dev/examples").join(name);
        fs::copy(example, &source)?;
        compiler.arg(source);
    }
    let binary = scratch.path().join("example");
    output(compiler.arg("-o").arg(&binary).args(libraries))?;
    Ok(binary)
}

/// What the server answers. It includes a header of libevent's sources, for `struct sockaddr_un`.
pub fn server(library: Library) -> Result<String, Failed> {
    let scratch = Scratch::new()?;
    // As if it stood in libevent's sources.
    scratch.file("util-internal.h", b"#include <sys/un.h>\n")?;
    let binary = compile(
        &scratch,
        &["http-server.c"],
        &["-levent_extra", "-levent_core"],
    )?;
    let pages = scratch.path().join("pages");
    fs::create_dir_all(pages.join("below"))?;
    fs::write(pages.join("a.html"), "<p>hello</p>")?;
    fs::write(pages.join("big.txt"), vec![b'b'; 400_000])?;
    let port = free_port()?;
    let mut command = Command::new(&binary);
    command.arg("-p").arg(port.to_string()).arg(&pages);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    library.load_into(&mut command, &binary)?;
    let _server = Ended(command.spawn()?);
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > end {
            return Err("the example does not listen".into());
        }
        thread::sleep(std::time::Duration::from_millis(10));
    }
    let mut answers = String::new();
    for arguments in [&[][..], &["--data", "abc"], &["--head"]] {
        for target in [
            "/a.html",
            "/big.txt",
            "/none",
            "/dump",
            "/../x",
            "/%2e%2e/x",
            "/below/",
        ] {
            let mut all = vec!["--include", "--path-as-is"];
            all.extend(arguments);
            answers += &ask(port, &all, &[target])?;
        }
    }
    let lines = answers.lines().filter(|line| !line.starts_with("Date: "));
    let lines: Vec<String> = lines
        .map(|line| line.replace(&port.to_string(), "PORT"))
        .collect();
    Ok(lines.join("\n"))
}

/// What the client for HTTPS makes of replies, certificates and servers that are no good. The headers of
/// its two helpers are not part of the package.
pub fn https_client(library: Library) -> Result<String, Failed> {
    let scratch = Scratch::new()?;
    scratch.file(
        "openssl_hostname_validation.h",
        b"#include <openssl/x509.h>\n\
        typedef enum { MatchFound, MatchNotFound, NoSANPresent, MalformedCertificate, Error }\n\
        HostnameValidationResult;\n\
        HostnameValidationResult validate_hostname(const char *, const X509 *);\n",
    )?;
    scratch.file(
        "hostcheck.h",
        b"enum { CURL_HOST_NOMATCH, CURL_HOST_MATCH };\n\
        int Curl_cert_hostcheck(const char *, const char *);\n",
    )?;
    let binary = compile(
        &scratch,
        &[
            "https-client.c",
            "openssl_hostname_validation.c",
            "hostcheck.c",
        ],
        &["-levent", "-levent_openssl", "-lssl", "-lcrypto"],
    )?;
    let (certificate, key) = (scratch.path().join("cert"), scratch.path().join("key"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]);
    openssl.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    output(
        openssl
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate),
    )?;
    let data = scratch.file("data", &[b'd'; 300_000])?;

    let upstream = Server::start("web", &[], Library::Reference, Backend::Epoll)?;
    let (plain, tls) = (free_port()?, free_port()?);
    let nginx = Nginx::start(
        plain,
        upstream.port,
        &format!(
            "listen 127.0.0.1:{tls} ssl;\n\
             ssl_certificate {};\n ssl_certificate_key {};\n\
             location = /hello {{ return 200 \"over TLS\\n\"; }}\n\
             location = /moved {{ return 302 /hello; }}\n\
             location = /closes {{ return 444; }}\n",
            certificate.display(),
            key.display()
        ),
    )?;
    let trust = ["-crt".into(), certificate.display().to_string()];
    let upload = ["-data".into(), data.display().to_string()];
    let targets: [(String, &[String]); 10] = [
        (format!("https://localhost:{tls}/hello"), &trust),
        (format!("https://localhost:{tls}/moved"), &trust),
        (format!("https://localhost:{tls}/closes"), &trust),
        (format!("https://localhost:{tls}/size?400000"), &trust),
        (
            format!("https://localhost:{tls}/echo"),
            &[&trust[..], &upload].concat(),
        ),
        (
            format!("https://localhost:{tls}/hello"),
            &["-ignore-cert".into()],
        ),
        // Another name than the certificate's; a certificate that nobody knows; no TLS.
        (format!("https://127.0.0.1:{tls}/hello"), &trust),
        (format!("https://localhost:{tls}/hello"), &[]),
        (format!("https://localhost:{plain}/hello"), &trust),
        ("https://localhost:1/hello".to_owned(), &trust),
    ];
    let mut answers = String::new();
    for (target, arguments) in &targets {
        let mut command = Command::new(&binary);
        command.arg("-url").arg(target).args(*arguments);
        library.load_into(&mut command, &binary)?;
        let done = command.stdin(Stdio::null()).output()?;
        answers += &format!(
            "{target}: {}\n{}\n{}\n",
            done.status,
            String::from_utf8_lossy(&done.stderr),
            String::from_utf8_lossy(&done.stdout)
        );
    }
    drop(nginx);
    upstream.stop()?;
    expect(&answers, "over TLS\n")?;
    for (port, name) in [(plain, "PLAIN"), (tls, "TLS")] {
        answers = answers.replace(&port.to_string(), name);
    }
    Ok(answers)
}

/// A child that ends with its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
