//! Renders the public headers.
//!
//! `src/abi/headers/NAME.h.in` becomes `include/event2/NAME.h`, and `src/abi/headers/root/NAME.h.in`
//! becomes `include/NAME.h`. A fragment is plain C that includes `event2/event-config.h` first; its
//! line `@generated@` stands for what cbindgen makes of the module of that name in `src/ctypes/`
//! (types and constants) and in `src/abi/` (functions; those of the files in `src/abi/NAME/` follow in
//! the order in which the module declares them),
//! rewritten as libevent's headers have it:
//!
//! | in the module                                | in the header                                 |
//! |----------------------------------------------|-----------------------------------------------|
//! | `pub type some_cb = Option<unsafe extern ..>` | a `typedef`                                   |
//! | `pub type some_enum = c_int` and its constants | `enum some_enum`                             |
//! | any other alias                              | nothing: the fragment or `cbindgen.toml` tells what the name is |
//! | a type of another module                     | as `export.rename` in `cbindgen.toml` says     |
//! | `/// cbindgen:anonymous` on a struct or union | its body, where a member has its type         |
//! | `/// cbindgen:no-export`                     | nothing: the fragment declares the struct      |
//! | `TailLink<T>`, `ListLink<T>`                 | `TAILQ_ENTRY(T)`, `LIST_ENTRY(T)`             |
//! | constants: `0x10`, `4_u32`, `c"text"`        | `0x10`, `4U`, `"text"`, in the same paragraphs |
//! | a parameter of a type of `src/abi/argument.rs` | the pointer that it is                       |
//! | rustdoc                                      | a comment without Markdown and `# Safety`      |
//!
//! What C can express only otherwise (macros with parameters, variadic functions, `va_list`)
//! stands in the fragment.

mod arguments;
mod comments;
mod items;
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use source::Module;

const MARK: &str = "@generated@\n";

/// The path below `include/` and the text of every header.
pub fn render(project: &Path) -> Vec<(PathBuf, String)> {
    let headers_of = project.join("src/abi/headers");
    let modules: Vec<Module> = fragments(&headers_of)
        .into_iter()
        .filter_map(|fragment| Module::read(project, &stem(&fragment)))
        .collect();
    let functions = modules
        .iter()
        .flat_map(|module| module.functions.iter().cloned())
        .collect();
    let mut headers = Vec::new();
    for fragment in fragments(&headers_of) {
        let module = modules.iter().find(|module| module.name == stem(&fragment));
        let path = Path::new("event2").join(stem(&fragment) + ".h");
        headers.push((path, header(project, &fragment, module, &functions)));
    }
    for fragment in fragments(&headers_of.join("root")) {
        let path = PathBuf::from(stem(&fragment) + ".h");
        headers.push((path, header(project, &fragment, None, &functions)));
    }
    headers
}

/// The prototypes of the modules that have no header.
pub fn render_private(project: &Path) -> String {
    let abi = project.join("src/abi");
    let fragments = abi.join("headers");
    let entries = fs::read_dir(&abi).expect("the modules' directory is readable");
    entries
        .map(|entry| entry.expect("the modules' directory is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| !path.ends_with("mod.rs"))
        .filter_map(|path| Module::read(project, &path.file_stem()?.to_string_lossy()))
        .filter(|module| !module.functions.is_empty())
        .filter(|module| !fragments.join(format!("{}.h.in", module.name)).exists())
        .map(|module| items::rewrite(&cbindgen(project, &module), &module))
        .collect()
}

fn header(
    project: &Path,
    fragment: &Path,
    module: Option<&Module>,
    functions: &BTreeSet<String>,
) -> String {
    let text = fs::read_to_string(fragment).expect("fragments are readable");
    let local = |path: &Path| {
        let path = path.strip_prefix(project).expect("inside the project");
        path.display().to_string()
    };
    let mut sources = local(fragment);
    let body = match (module, text.matches(MARK).count()) {
        (None, 0) => text,
        (Some(module), 1) => {
            // Not the parts, which are below the module's own file.
            let files = module.files.iter().filter(|file| !module.is_part(file));
            let files: Vec<_> = files.map(|file| local(file)).collect();
            sources = format!("{} and {sources}", files.join(", "));
            let rendered = cbindgen(project, module);
            text.replace(MARK, &items::rewrite(&rendered, module))
        }
        (module, marks) => panic!(
            "{}: {marks} marks, and its module {}",
            fragment.display(),
            module.map_or("does not exist", |_| "exists")
        ),
    };
    let body = comments::rewrite(&body, functions);
    format!("/* Made from {sources} by `make headers`: edit those. */\n{body}")
}

/// cbindgen's own rendering of the items of one module, in the order constants, types, functions.
fn cbindgen(project: &Path, module: &Module) -> String {
    let mut config = cbindgen::Config::from_file(project.join("cbindgen.toml"))
        .expect("cbindgen.toml is a configuration");
    for name in &module.types {
        config.export.rename.remove(name);
    }
    config.export.exclude.extend(module.aliases.iter().cloned());
    // Types that no function mentions are wanted too.
    config.export.include.extend(module.types.iter().cloned());
    let prepared = Prepared::new(module);
    let builder = prepared
        .files
        .iter()
        .fold(cbindgen::Builder::new(), |builder, file| {
            builder.with_src(file)
        });
    let bindings = builder
        .with_config(config)
        .generate()
        .expect("the modules are Rust");
    let mut text = module.texts.concat().into_bytes();
    bindings.write(&mut text);
    let text = String::from_utf8(text).expect("cbindgen writes UTF-8");
    // It passes over what it does not understand.
    let constants = module
        .constants
        .keys()
        .map(|name| format!("#define {name} "));
    let functions = module.functions.iter().map(|name| format!("{name}("));
    for item in constants.chain(functions) {
        assert!(text.contains(&item), "cbindgen cannot express {item:?}");
    }
    text
}

/// Copies of a module's files with C's types in the prototypes. They go on drop.
struct Prepared {
    directory: PathBuf,
    files: Vec<PathBuf>,
}

impl Prepared {
    fn new(module: &Module) -> Self {
        // Several tests render, each in a thread of its own.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let unique = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("headers-{}-{unique}", std::process::id()));
        fs::create_dir_all(&directory).expect("writable");
        let copy = |(at, file): (usize, &PathBuf)| {
            let text = fs::read_to_string(file).expect("modules are readable");
            let copy = directory.join(format!("{at}.rs"));
            fs::write(&copy, arguments::to_c(&text)).expect("writable");
            copy
        };
        let files = module.files.iter().enumerate().map(copy).collect();
        Self { directory, files }
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // What can't be removed lies in the build's own folder.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn fragments(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .expect("the modules' directory is readable")
        .map(|entry| entry.expect("the modules' directory is readable").path())
        .filter(|path| path.to_string_lossy().ends_with(".h.in"))
        .collect();
    paths.sort();
    paths
}

/// `event` for `src/abi/headers/event.h.in`.
fn stem(fragment: &Path) -> String {
    let name = fragment.file_name().expect("a file").to_string_lossy();
    name.trim_end_matches(".h.in").to_owned()
}
