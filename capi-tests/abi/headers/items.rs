//! Turns cbindgen's items into the C that libevent's headers have: bodies of anonymous structs
//! and unions in place, link macros, literals as the source has them, no trailing commas.

use std::collections::BTreeMap;

use super::source::Module;

/// A definition that goes where its type is used.
struct Body {
    comment: Vec<String>,
    lines: Vec<String>,
}

pub fn rewrite(rendered: &str, module: &Module) -> String {
    let mut lines: Vec<String> = rendered.lines().map(str::to_owned).collect();
    for (name, documentation) in &module.enums {
        put_enum(&mut lines, name, documentation, module);
    }
    let bodies: BTreeMap<&str, Body> = module
        .anonymous
        .iter()
        .map(|name| (name.as_str(), take_definition(&mut lines, name)))
        .collect();
    // A body may have members with bodies.
    while let Some((at, body)) = lines
        .iter()
        .enumerate()
        .find_map(|(at, line)| Some((at, bodies.get(member_type(line)?)?)))
    {
        put_body(&mut lines, at, body);
    }
    let mut text = String::new();
    let mut previous = "";
    for (at, line) in lines.iter().enumerate() {
        let last_of_list = lines.get(at + 1).is_some_and(|next| next.trim() == "};");
        let line = match line.strip_suffix(',') {
            Some(line) if last_of_list => line,
            _ => line,
        };
        // What was taken out left its empty lines, and cbindgen puts one after every constant.
        if line.is_empty() && (previous.is_empty() || same_paragraph(&lines, at, module)) {
            continue;
        }
        previous = line;
        let line = if line.trim_start().starts_with(['*', '/']) {
            line.to_owned()
        } else {
            code(line, module)
        };
        text.push_str(&line);
        text.push('\n');
    }
    text.trim().to_owned() + "\n"
}

/// Whether the constants before and after an empty line stand together in the source.
fn same_paragraph(lines: &[String], at: usize, module: &Module) -> bool {
    let paragraph = |line: Option<&String>| {
        let rest = line?.strip_prefix("#define ")?;
        let name = rest.split(' ').next()?;
        Some(module.constants.get(name)?.paragraph)
    };
    let is_comment = |line: &&String| line.starts_with([' ', '/']);
    let next = lines[at + 1..].iter().find(|line| !is_comment(line));
    let before = paragraph(lines[..at].last());
    before.is_some() && before == paragraph(next)
}

fn code(line: &str, module: &Module) -> String {
    // The mark has a line of its own, however short the prototype.
    if let Some(prototype) = line.strip_prefix("EVENT2_EXPORT_SYMBOL ") {
        return format!("EVENT2_EXPORT_SYMBOL\n{}", code(prototype, module));
    }
    let line = constant(&links(line), module);
    // `void *` also where no name follows.
    let mut spaced = String::with_capacity(line.len());
    for (at, c) in line.char_indices() {
        if c == '*' && line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            spaced.push(' ');
        }
        spaced.push(c);
    }
    spaced
}

/// Where the comment above a line begins.
fn comment_start(lines: &[String], at: usize) -> usize {
    let is_comment = |line: &&String| line.starts_with([' ', '/']);
    at - lines[..at].iter().rev().take_while(is_comment).count()
}

/// Gathers the constants of one type in an enum, where the first of them stands, or before the
/// first definition that needs it.
fn put_enum(lines: &mut Vec<String>, name: &str, documentation: &[String], module: &Module) {
    let member = |line: &String| {
        let (constant, value) = line.strip_prefix("#define ")?.split_once(' ')?;
        let value = module.literals.get(constant).map_or(value, String::as_str);
        let belongs = module.constants.get(constant)?.kind == name;
        belongs.then(|| format!("    {constant} = {value},"))
    };
    let mut text = vec!["/**".to_owned()];
    text.extend(documentation.iter().cloned());
    text.extend([" */".to_owned(), format!("enum {name} {{")]);
    let mut first = None;
    while let Some((at, member)) = lines
        .iter()
        .enumerate()
        .find_map(|(at, line)| Some((at, member(line)?)))
    {
        let start = comment_start(lines, at);
        first.get_or_insert(start);
        let comment = lines[start..at].iter();
        text.extend(comment.map(|line| format!("    {line}")));
        text.push(member);
        lines.drain(start..=at);
    }
    text.push("};".to_owned());
    let first = first.unwrap_or_else(|| panic!("cbindgen does not define the constants of {name}"));
    let first = first_use(lines, name).map_or(first, |user| user.min(first));
    if lines[first..].first().is_some_and(|line| !line.is_empty()) {
        text.push(String::new());
    }
    lines.splice(first..first, text);
}

/// Where the first definition that mentions an enum begins, with its comment.
fn first_use(lines: &[String], name: &str) -> Option<usize> {
    let mentions = |line: &String| {
        let mut rest = line.as_str();
        while let Some((_, after)) = rest.split_once("enum ") {
            rest = after;
            if after
                .strip_prefix(name)
                .is_some_and(|after| !after.starts_with('_'))
            {
                return true;
            }
        }
        false
    };
    let at = lines.iter().position(mentions)?;
    let start = lines[..=at]
        .iter()
        .rposition(|line| !line.starts_with(' '))?;
    Some(comment_start(lines, start))
}

/// `a` in `    struct a b;`.
fn member_type(line: &str) -> Option<&str> {
    let declaration = line.trim_start().strip_suffix(';')?;
    let rest = declaration
        .strip_prefix("struct ")
        .or_else(|| declaration.strip_prefix("union "))?;
    let (name, member) = rest.split_once(' ')?;
    (line.starts_with(' ') && !member.contains('*')).then_some(name)
}

/// Removes `struct NAME { ... };` and the comment above it.
fn take_definition(lines: &mut Vec<String>, name: &str) -> Body {
    let heads = [format!("struct {name} {{"), format!("union {name} {{")];
    let head = lines
        .iter()
        .position(|line| heads.contains(line))
        .unwrap_or_else(|| panic!("cbindgen does not define {name}"));
    let end = head
        + lines[head..]
            .iter()
            .position(|line| line == "};")
            .expect("a definition ends");
    let start = comment_start(lines, head);
    let mut comment: Vec<String> = lines.drain(start..=end).collect();
    let body = comment.split_off(head - start);
    Body {
        comment,
        lines: body,
    }
}

/// Replaces the member at `at` by one of the body's type, under the comment of the one or the other.
fn put_body(lines: &mut Vec<String>, at: usize, body: &Body) {
    let line = lines[at].clone();
    let indent = &line[..line.len() - line.trim_start().len()];
    let kind = body.lines[0].split(' ').next().expect("struct or union");
    let member = line.rsplit(' ').next().expect("a member has a name");
    let mut text = Vec::new();
    if !lines[at - 1].ends_with("*/") {
        text.extend(body.comment.iter().map(|line| format!("{indent}{line}")));
    }
    text.push(format!("{indent}{kind} {{"));
    let members = &body.lines[1..body.lines.len() - 1];
    text.extend(members.iter().map(|line| format!("{indent}{line}")));
    text.push(format!("{indent}}} {member}"));
    lines.splice(at..=at, text);
}

/// `TailLink<struct event> next;` is `TAILQ_ENTRY(event) next;`.
fn links(line: &str) -> String {
    for (rust, c) in [("TailLink<", "TAILQ_ENTRY("), ("ListLink<", "LIST_ENTRY(")] {
        if let Some((indent, rest)) = line.split_once(rust) {
            let (linked, member) = rest.split_once('>').expect("a type's arguments end");
            return format!(
                "{indent}{c}{}){member}",
                linked.trim_start_matches("struct ")
            );
        }
    }
    line.to_owned()
}

fn constant(line: &str, module: &Module) -> String {
    line.strip_prefix("#define ")
        .and_then(|rest| rest.split_once(' '))
        .and_then(|(name, _)| Some(format!("#define {name} {}", module.literals.get(name)?)))
        .unwrap_or_else(|| line.to_owned())
}
