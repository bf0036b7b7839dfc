use core::fmt::Write;

use super::line::LineEnd;
use super::*;

fn filled(bytes: &[u8]) -> OwnedBuf {
    let buf = OwnedBuf::new().unwrap();
    buf.lock().add(bytes).unwrap();
    buf
}

fn bytes(bytes: &[u8]) -> chain::Bytes {
    // SAFETY: the slice has its bytes.
    unsafe { chain::Bytes::new(bytes.as_ptr(), bytes.len()) }
}

fn contents(buf: &OwnedBuf) -> Vec<u8> {
    buf.lock().pieces().collect::<Vec<_>>().concat()
}

#[test]
fn bytes_come_out_as_they_went_in() {
    let buf = filled(b"world");
    let mut locked = buf.lock();
    locked.prepend_bytes(bytes(b"hello, ")).unwrap();
    locked.add(b"!!").unwrap();
    assert_eq!(locked.len(), 14);
    assert_eq!(locked.find(b"ld!", 0), Some(10));
    assert_eq!(locked.find(b"l", 4), Some(10));
    assert_eq!(locked.find(b"l", 15), None);
    assert_eq!(locked.pull_up(12), Some(&b"hello, world"[..]));
    assert_eq!(locked.pull_up(15), None);
    assert_eq!(locked.pull_up(0), Some(&b""[..]));
    let mut out = [0; 5];
    assert_eq!(locked.copy_out(7, &mut out), Ok(5));
    assert_eq!(&out, b"world");
    assert_eq!(locked.copy_out(12, &mut out), Ok(2));
    assert_eq!(locked.copy_out(15, &mut out), Err(Refused));
    assert_eq!(locked.remove(&mut out), Ok(5));
    assert_eq!(&out, b"hello");
    locked.drain(2).unwrap();
    assert_eq!(locked.pull_up_all(), Some(&b"world!!"[..]));
    locked.drain(usize::MAX).unwrap();
    assert!(locked.is_empty() && buf.is_empty());
    assert_eq!(locked.pull_up_all(), Some(&b""[..]));
}

#[test]
fn frozen_ends_refuse() {
    let buf = filled(b"abc");
    let mut locked = buf.lock();
    locked.set_frozen(End::Start, true);
    assert_eq!(locked.drain(1), Err(Refused));
    assert_eq!(locked.remove(&mut [0; 2]), Err(Refused));
    locked.set_frozen(End::End, true);
    assert_eq!(locked.add(b"d"), Err(Refused));
    assert!(write!(locked, "{}", 1).is_err());
    locked.set_frozen(End::Start, false);
    assert_eq!(locked.drain(1), Ok(()));
    assert_eq!(contents(&buf), b"bc");
}

#[test]
fn lines_are_found_and_read() {
    let buf = filled(b"one\r\ntwo\nrest");
    let mut locked = buf.lock();
    let end = locked.find_line_end(LineEnd::CrLf).unwrap();
    assert_eq!((end.at, end.len), (3, 2));
    assert_eq!(&*locked.read_line(LineEnd::CrLf).unwrap(), b"one");
    assert_eq!(&*locked.read_line(LineEnd::CrLf).unwrap(), b"two");
    assert!(locked.read_line(LineEnd::CrLf).is_none());
    assert_eq!(locked.len(), 4);
}

#[test]
fn bytes_move_between_buffers() {
    let (a, b) = (filled(b"abc"), filled(b"def"));
    a.append_from(*b).unwrap();
    assert_eq!((contents(&a), b.len()), (b"abcdef".to_vec(), 0));
    b.move_front_from(*a, 2).unwrap();
    b.prepend_from(*a).unwrap();
    assert_eq!(contents(&b), b"cdefab");
    let (mut to, mut from) = a.lock_both(*b);
    assert!(to.buf() == *a && from.buf() == *b);
    to.append_shared(&mut from).unwrap();
    assert_eq!(to.move_front_from(&mut from, 2), Ok(2));
    to.append_from(&mut from).unwrap();
    drop((to, from));
    assert_eq!(contents(&a), b"cdefabcdefab");
    drop(b);
    assert_eq!(contents(&a), b"cdefabcdefab");
}

#[test]
fn printing_is_whole_or_not_at_all() {
    let buf = OwnedBuf::new().unwrap();
    let mut expected = String::new();
    for width in [0, 10, 63, 64, 65, 900, 1000, 5000, 3] {
        write!(buf.lock(), "{width:>width$}|x\r\n").unwrap();
        write!(expected, "{width:>width$}|x\r\n").unwrap();
        buf.lock().write_str("plain").unwrap();
        expected += "plain";
    }
    assert_eq!(contents(&buf), expected.as_bytes());
}

#[test]
fn space_is_filled() {
    let buf = filled(b"abc");
    // SAFETY: all that is counted is written.
    let written = unsafe {
        buf.lock().fill(2000, |space| {
            assert!(space.len() >= 2000);
            space[..4].write_copy_of_slice(b"defg");
            4
        })
    };
    assert_eq!(written, Ok(4));
    // SAFETY: nothing is counted.
    let written = unsafe { buf.lock().fill(1, |_| 0) };
    assert_eq!(written, Ok(0));
    assert_eq!(contents(&buf), b"abcdefg");
}
