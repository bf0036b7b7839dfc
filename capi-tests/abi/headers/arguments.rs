//! The C types of parameters whose Rust type is one of `src/abi/argument.rs`, or a handle.

/// Handles, and the struct that each points to.
const HANDLES: &[(&str, &str)] = &[
    ("At", "evbuffer_ptr"),
    ("BaseRef", "event_base"),
    ("Bev", "bufferevent"),
    ("Buf", "evbuffer"),
    ("CallRef", "evrpc_req_generic"),
    ("Cb", "event_callback"),
    ("Con", "evhttp_connection"),
    ("ContextRef", "c_void"),
    ("Ev", "event"),
    ("EntryRef", "evbuffer_cb_entry"),
    ("HooksRef", "c_void"),
    ("List", "evkeyvalq"),
    ("OwnedBuf", "evbuffer"),
    ("Req", "evhttp_request"),
    ("SegmentRef", "evbuffer_file_segment"),
    ("Stream", "FILE"),
];

/// A module's text with C's types in the prototypes of its exported functions.
pub fn to_c(text: &str) -> String {
    const START: &str = "extern \"C\" fn ";
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(START) {
        let (before, prototype) = rest.split_at(at + START.len());
        written.push_str(before);
        rest = prototype;
        let exported = before
            .rsplit('\n')
            .next()
            .is_some_and(|line| line.starts_with("pub "));
        if !exported {
            continue;
        }
        let open = prototype.find('(').expect("a function has parameters") + 1;
        let end = open + closing(&prototype[open..]);
        let parameters = split(&prototype[open..end]);
        let parameters: Vec<String> = parameters.into_iter().map(parameter).collect();
        written.push_str(&prototype[..open]);
        written.push_str(&parameters.join(","));
        rest = &prototype[end..];
        if let Some(after) = rest.strip_prefix(") -> ") {
            let (result, body) = after.split_once(" {").expect("a function has a body");
            written.push_str(") -> ");
            written.push_str(&c_type(result, "mut").unwrap_or_else(|| result.to_owned()));
            written.push_str(" {");
            rest = body;
        }
    }
    written + rest
}

/// Where the parenthesis ends in which `text` begins.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    text.find(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth < 0
    })
    .expect("a parenthesis ends")
}

/// At the commas that are in no brackets.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0;
    text.split(|c| {
        depth += match c {
            '(' | '<' | '[' => 1,
            ')' | '>' | ']' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    })
    .collect()
}

fn parameter(text: &str) -> String {
    match text.split_once(':') {
        Some((name, kind)) => match c_type(kind.trim(), "mut") {
            Some(kind) => format!("{name}: {kind}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

fn c_type(kind: &str, mutability: &str) -> Option<String> {
    if let Some((_, name)) = HANDLES.iter().find(|(handle, _)| *handle == kind) {
        return Some(format!("*{mutability} {name}"));
    }
    if kind == "Str<'_>" {
        return Some("*const c_char".to_owned());
    }
    let (outer, inner) = kind.strip_suffix('>')?.split_once('<')?;
    match outer {
        "Option" | "Required" => c_type(inner, mutability),
        "Const" => c_type(inner, "const"),
        "In" => Some(format!("*const {inner}")),
        "Out" => {
            let value = c_type(inner, "mut");
            Some(format!("*mut {}", value.as_deref().unwrap_or(inner)))
        }
        // Objects that have no handle type of their own.
        "mm::Box" | "Ref" => Some(format!("*{mutability} {inner}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::to_c;

    #[test]
    fn parameters_get_the_types_of_c() {
        let rust = "pub unsafe extern \"C\" fn f(\n    a: Buf,\n    b: Const<Option<Ev>>, c: Out<*mut u8>) -> Option<mm::Box<T>> {}";
        let c = "pub unsafe extern \"C\" fn f(\n    a: *mut evbuffer,\n    b: *const event, c: *mut *mut u8) -> *mut T {}";
        assert_eq!(to_c(rust), c);
        let same = "pub extern \"C\" fn f(a: Option<unsafe extern \"C\" fn(b: c_int, c: *mut T)>, d: u8) -> c_int {}";
        assert_eq!(to_c(same), same);
    }
}
