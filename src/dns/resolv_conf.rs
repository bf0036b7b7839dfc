//! What a resolv.conf file says, line by line.

/// One statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line<'a> {
    /// A server's address.
    Nameserver(&'a [u8]),
    /// The one domain to search.
    Domain(&'a [u8]),
    /// The domains to search, as words.
    Search(&'a [u8]),
    /// Options, as words.
    Options(&'a [u8]),
}

/// The words of a text.
pub fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
        .filter(|word| !word.is_empty())
}

/// A word and what follows it.
fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| matches!(byte, b' ' | b'\t'))
        .unwrap_or(text.len());
    text.split_at(end)
}

/// The statements of a file. What is not known is passed over, as everybody's resolver does.
/// Comments begin with `#` or `;` where a word could.
pub fn lines(file: &[u8]) -> impl Iterator<Item = Line<'_>> {
    file.split(|&byte| byte == b'\n').filter_map(|line| {
        let line = without_comment(line).trim_ascii();
        let (keyword, rest) = split_word(line);
        let rest = rest.trim_ascii();
        match keyword {
            b"nameserver" => words(rest).next().map(Line::Nameserver),
            b"domain" => words(rest).next().map(Line::Domain),
            b"search" => Some(Line::Search(rest)),
            b"options" => Some(Line::Options(rest)),
            _ => None,
        }
    })
}

fn without_comment(line: &[u8]) -> &[u8] {
    let begins = |at: usize| {
        matches!(line[at], b'#' | b';') && (at == 0 || matches!(line[at - 1], b' ' | b'\t'))
    };
    let end = (0..line.len()).find(|&at| begins(at)).unwrap_or(line.len());
    &line[..end]
}

/// An option and its value, which may be empty. The name keeps its colon.
pub fn option(word: &[u8]) -> (&[u8], &[u8]) {
    match word.iter().position(|&byte| byte == b':') {
        Some(colon) => word.split_at(colon + 1),
        None => (word, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Vec<Line<'_>> {
        lines(file.as_bytes()).collect()
    }

    #[test]
    fn statements() {
        let file = "# comment\n; too\n\n nameserver\t1.2.3.4 5.6.7.8\r\nnameserver ::1#x\n\
                    search a.test  b.test # not this\ndomain c.test d\nsortlist 1\noptions ndots:5 rotate\n\
                    nameserver\nsearch\nnameservers 1.1.1.1\nnameserver 9.9.9.9";
        assert_eq!(
            read(file),
            [
                Line::Nameserver(b"1.2.3.4"),
                Line::Nameserver(b"::1#x"),
                Line::Search(b"a.test  b.test"),
                Line::Domain(b"c.test"),
                Line::Options(b"ndots:5 rotate"),
                Line::Search(b""),
                Line::Nameserver(b"9.9.9.9"),
            ]
        );
        assert_eq!(words(b" a \t b\r").count(), 2);
    }

    #[test]
    fn options() {
        assert_eq!(option(b"ndots:5"), (b"ndots:".as_slice(), b"5".as_slice()));
        assert_eq!(option(b"rotate"), (b"rotate".as_slice(), b"".as_slice()));
        assert_eq!(option(b":"), (b":".as_slice(), b"".as_slice()));
    }

    #[test]
    fn a_megabyte_in_one_line() {
        let file = format!("search {}\nnameserver 1.1.1.1", "x ".repeat(500_000));
        let lines = read(&file);
        assert_eq!(lines.len(), 2);
        let Line::Search(domains) = lines[0] else {
            panic!();
        };
        assert_eq!(words(domains).count(), 500_000);
    }
}
