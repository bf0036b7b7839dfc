//! Nothing is missing of libevent 2.1, nor of what 2.2 adds.

use crate::{constants, exports, layouts, macros};

#[test]
fn every_name_is_there() {
    let kinds = [
        ("export", exports::missing()),
        ("struct", layouts::missing()),
        ("constant", constants::missing()),
        ("macro", macros::missing()),
    ];
    for (kind, names) in kinds {
        assert!(names.is_empty(), "missing {kind}s: {names:?}");
    }
}
