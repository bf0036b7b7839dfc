//! The text without its comments.

/// A message about a line, which counts from 1.
#[derive(Debug, PartialEq)]
pub struct Error {
    pub line: usize,
    pub message: String,
}

impl Error {
    pub fn new(line: usize, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { line, message }
    }
}

/// Puts a blank in the place of each comment. Line ends within comments stay.
pub fn without_comments(text: &str) -> Result<String, Error> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (length, kept) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), " ".to_owned())
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let end = comment
                .find("*/")
                .ok_or_else(|| Error::new(line, "this comment does not end"))?;
            let kept = match comment[..end].matches('\n').count() {
                0 => " ".to_owned(),
                lines => "\n".repeat(lines),
            };
            (end + 4, kept)
        } else if first == '"' {
            let line_end = rest.find('\n').unwrap_or(rest.len());
            let end = rest[1..line_end].find('"').map_or(line_end, |end| end + 2);
            (end, rest[..end].to_owned())
        } else {
            (first.len_utf8(), first.to_string())
        };
        line += kept.matches('\n').count();
        plain += &kept;
        rest = &rest[length..];
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_blanks() {
        let plain = |text| without_comments(text).expect("all comments end");
        assert_eq!(plain("a // b\nc"), "a  \nc");
        assert_eq!(plain("a/* b */c/**/d"), "a c d");
        assert_eq!(plain("a /* b\n// c\n*/ d"), "a \n\n d");
        assert_eq!(plain("a // /* b\nc */"), "a  \nc */");
        assert_eq!(plain("#include \"a//b.h\" // c"), "#include \"a//b.h\"  ");
        assert_eq!(plain("/*/ a */b"), " b");
        assert_eq!(plain("ä\"\n//"), "ä\"\n ");
    }

    #[test]
    fn a_comment_ends() {
        assert_eq!(
            without_comments("a\nb /* c\nd").map_err(|error| error.line),
            Err(2)
        );
        assert_eq!(
            without_comments("/*\n*/\n/*/").map_err(|error| error.line),
            Err(3)
        );
    }
}
