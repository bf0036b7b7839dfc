//! Compiles the printf-like functions (Rust cannot define them) and sets how the library is linked.

fn main() {
    println!("cargo:rerun-if-changed=src/abi/variadic.c");
    // rustc exports from a cdylib only what it knows of: these modifiers make it know of the
    // functions in the C object.
    cc::Build::new()
        .file("src/abi/variadic.c")
        .warnings(true)
        .extra_warnings(true)
        // Where a printf lies decides as much about its time as what it does: not by chance.
        .flag_if_supported("-falign-functions=64")
        .link_lib_modifier("+whole-archive")
        .link_lib_modifier("+export-symbols")
        .compile("event_rs_variadic");
    for arg in [
        "-Wl,-soname,libevent_rs.so.1",
        // Calls inside the library cannot be captured by another library with the same names.
        "-Wl,-Bsymbolic-functions",
        "-Wl,-z,relro,-z,now",
    ] {
        println!("cargo:rustc-cdylib-link-arg={arg}");
    }
}
