//! Offset, size and type of every member of every struct that our headers define.

use std::collections::BTreeSet;

use crate::facts::{self, Struct};
use crate::{compiler, declarations, include};

/// Whether our headers define it rather than only mention it.
fn defined(of: &Struct, code: &str) -> bool {
    let words: Vec<&str> = code.split_whitespace().collect();
    words
        .windows(3)
        .any(|three| three == ["struct", of.name.as_str(), "{"])
}

/// Those of the reference's structs that our headers define, and the others.
fn ours() -> (Vec<Struct>, Vec<Struct>) {
    let code = declarations::preprocess(&["-P"], "").replace('{', " { ");
    facts::structs()
        .into_iter()
        .partition(|of| defined(of, &code))
}

pub fn missing() -> BTreeSet<String> {
    ours().1.into_iter().map(|of| of.name).collect()
}

/// C that compiles only if the structs have the layouts of the facts.
fn assertions(structs: &[Struct]) -> String {
    let mut source = include::includes() + "#include <stddef.h>\n";
    for of in structs {
        let name = &of.name;
        let mut check = |condition: String| {
            source += &format!("_Static_assert({condition}, \"struct {name}\");\n");
        };
        check(format!("sizeof(struct {name}) == {}", of.size));
        check(format!("_Alignof(struct {name}) == {}", of.align));
        // Bit-fields have no address; the members around them have.
        let bits = |kind: &Option<String>| kind.as_ref().is_some_and(|kind| kind.contains("bits="));
        for member in of.members.iter().filter(|member| !bits(&member.kind)) {
            let path = &member.path;
            let value = format!("((struct {name} *)0)->{path}");
            check(format!(
                "offsetof(struct {name}, {path}) == {}",
                member.offset
            ));
            check(format!("sizeof({value}) == {}", member.size));
            if let Some(kind) = &member.kind {
                check(format!(
                    "__builtin_types_compatible_p(__typeof__({value}), {kind})"
                ));
            }
        }
    }
    source
}

fn compile(structs: &[Struct]) -> Result<(), String> {
    compiler::check(
        &mut compiler::with_our_headers(&compiler::cc()),
        "layouts",
        &assertions(structs),
    )
}

#[test]
fn structs_have_their_layouts() {
    let (ours, _) = ours();
    assert!(!ours.is_empty());
    compile(&ours).unwrap();
}

#[test]
fn a_wrong_layout_is_noticed() {
    let mutations: [fn(&mut Struct); 5] = [
        |of| of.size += 8,
        |of| of.align *= 2,
        |of| of.members.last_mut().unwrap().offset += 4,
        |of| of.members.last_mut().unwrap().size += 4,
        |of| of.members.last_mut().unwrap().kind = Some("struct event *".to_owned()),
    ];
    for mutation in mutations {
        let mut structs = ours().0;
        mutation(&mut structs[0]);
        let errors = compile(&structs).unwrap_err();
        assert_eq!(errors.matches(": error:").count(), 1, "{errors}");
        assert!(errors.contains(&structs[0].name), "{errors}");
    }
}
