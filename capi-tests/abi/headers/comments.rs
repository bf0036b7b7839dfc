//! Turns rustdoc's Markdown inside `/** */` comments into what a C programmer reads.

use std::collections::BTreeSet;

/// A comment no longer than this stands on one line.
const WIDTH: usize = 100;

pub fn rewrite(text: &str, functions: &BTreeSet<String>) -> String {
    let mut output = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start() != "/**" {
            output.push_str(line);
            output.push('\n');
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let body: Vec<&str> = lines
            .by_ref()
            .map(str::trim_start)
            .take_while(|line| *line != "*/")
            .map(|line| line.strip_prefix('*').unwrap_or(line))
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        write(&mut output, indent, &plain(&body, functions));
    }
    output
}

fn write(output: &mut String, indent: &str, body: &[String]) {
    match body {
        [] => {}
        [line] if indent.len() + line.len() + "/**  */".len() <= WIDTH => {
            *output += &format!("{indent}/** {line} */\n");
        }
        lines => {
            *output += &format!("{indent}/**\n");
            for line in lines {
                *output += format!("{indent} * {line}").trim_end();
                output.push('\n');
            }
            *output += &format!("{indent} */\n");
        }
    }
}

fn plain(body: &[&str], functions: &BTreeSet<String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut code = false;
    let mut skip = false;
    for line in body {
        if line.trim_start().starts_with("```") {
            code = !code;
            continue;
        }
        if let Some(title) = line.strip_prefix("# ").filter(|_| !code) {
            // What a caller must keep to in Rust goes without saying in C.
            skip = title == "Safety";
            if !skip {
                lines.push(format!("{title}:"));
            }
        } else if !skip {
            lines.push(if code {
                format!("    {line}").trim_end().to_owned()
            } else {
                unmark(line, functions)
            });
        }
    }
    lines.dedup_by(|next, line| next.is_empty() && line.is_empty());
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Takes links and backticks away; the name of a function gets its parentheses.
fn unmark(line: &str, functions: &BTreeSet<String>) -> String {
    let mut output = String::new();
    let line = line.replace("*/", "* /");
    let mut rest = line.as_str();
    while let Some((before, code)) = rest.split_once('`') {
        let Some((name, mut after)) = code.split_once('`') else {
            break;
        };
        let link = before.strip_suffix('[').zip(after.strip_prefix(']'));
        output += link.map_or(before, |(before, _)| before);
        output += name;
        if functions.contains(name) {
            output += "()";
        }
        if let Some((_, target)) = link {
            let path = target
                .strip_prefix('(')
                .and_then(|path| path.split_once(')'));
            after = path.map_or(target, |(_, after)| after);
        }
        rest = after;
    }
    output + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> String {
        rewrite(text, &BTreeSet::from(["event_add".to_owned()]))
    }

    #[test]
    fn short_comments_take_one_line() {
        assert_eq!(
            rewritten("/**\n * Adds.\n */\nint a;\n"),
            "/** Adds. */\nint a;\n"
        );
    }

    #[test]
    fn safety_sections_go_and_other_sections_stay() {
        let text = "/**\n * Adds.\n *\n * # Safety\n * Valid.\n *\n * # Errors\n * -1.\n */\n";
        assert_eq!(
            rewritten(text),
            "/**\n * Adds.\n *\n * Errors:\n * -1.\n */\n"
        );
    }

    #[test]
    fn markup_goes() {
        let text = "/**\n * See [`event_add`] and `NULL` (or [`x`](crate::x)).\n */\n";
        assert_eq!(rewritten(text), "/** See event_add() and NULL (or x). */\n");
    }

    #[test]
    fn code_is_indented() {
        let text = "/**\n * So:\n * ```c\n * f();\n * ```\n */\n";
        assert_eq!(rewritten(text), "/**\n * So:\n *     f();\n */\n");
    }
}
