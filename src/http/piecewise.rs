//! Reading a head line by line out of any buffer, as test programs do that know libevent's private
//! functions.

use super::connection::MAX_HEAD;
use super::connection::read::collect;
use super::head::{self, Rules, Scan};
use super::request::Req;
use super::start_line::{BAD, NO_MEMORY, Refused};
use super::{client, server};
use crate::buffer::Buf;

/// What became of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    Done,
    /// The buffer ends too early.
    More,
    Corrupt,
    TooLong,
}

impl Progress {
    fn of(result: Result<(), Refused>) -> Progress {
        match result {
            Ok(()) => Progress::Done,
            Err(_) => Progress::Corrupt,
        }
    }
}

/// The lines that a peer may send to this request.
fn rules(req: Req) -> Rules {
    let lenient = req.con().is_some_and(|con| con.is_lenient());
    Rules {
        bare_lf: lenient,
        fold: lenient || !req.is_request(),
    }
}

/// The most that a head may have.
fn limit(req: Req) -> usize {
    req.con().map_or(MAX_HEAD, |con| con.max_head.get())
}

/// Takes the first line out of the buffer.
pub fn first_line(req: Req, buf: Buf) -> Progress {
    let _hold = req.hold();
    let mut buf = buf.lock();
    let mut unknown = None;
    let mut scan = Scan::default();
    let Some(bytes) = buf.pull_up_all() else {
        return Progress::Corrupt;
    };
    scan.end(bytes);
    let Some(end) = scan.first_line() else {
        let long = bytes.len() > limit(req);
        return if long {
            Progress::TooLong
        } else {
            Progress::More
        };
    };
    let mut parse = || -> Result<Progress, Refused> {
        let (line, _) = head::line(&bytes[..end], rules(req).bare_lf)?;
        req.set_headers_size(line.len());
        if line.len() > limit(req) {
            return Ok(Progress::TooLong);
        }
        let con = req.con().map(|con| con.keep());
        if req.is_request() {
            unknown = server::receive::request_line(con.as_deref().map(|con| &**con), req, line)?;
        } else {
            client::status_line(req, line)?;
        }
        Ok(Progress::Done)
    };
    let result = parse();
    let drained = buf.drain(end).map_err(|_| NO_MEMORY);
    drop(buf);
    if let Some(unknown) = unknown {
        let con = req.con().map(|con| con.keep());
        unknown.ask(req);
        if con.is_some_and(|con| con.is_gone()) {
            return Progress::Corrupt;
        }
    }
    match result {
        Ok(progress) if drained.is_ok() => progress,
        _ => Progress::Corrupt,
    }
}

/// Takes the headers out of the buffer, if all are there.
pub fn headers(req: Req, buf: Buf) -> Progress {
    let mut buf = buf.lock();
    let mut scan = Scan::of_trailer();
    let Some(bytes) = buf.pull_up_all() else {
        return Progress::Corrupt;
    };
    let end = scan.end(bytes);
    let size = req.headers_size() + scan.size(end.unwrap_or(bytes.len()));
    if size > limit(req) {
        return Progress::TooLong;
    }
    let Some(end) = end else {
        return Progress::More;
    };
    let list = req.input_headers();
    let collected = collect(&bytes[..end], list, rules(req), &mut Scan::default(), None);
    req.set_headers_size(size);
    let drained = buf.drain(end).map_err(|_| BAD);
    Progress::of(drained.and(collected.map(|fields| req.set_received(fields))))
}
