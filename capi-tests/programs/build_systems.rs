//! Small projects that find libevent as people's projects do, by CMake, Meson, autoconf or
//! pkg-config, find ours in the drop-in directory; what they build runs on both libraries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};

use super::process;
use super::stage::{self, Library, Stage};

/// Builds the project in `source` inside `build`; the program.
type Build = fn(&Path, &Path, &Path) -> Result<PathBuf, Failed>;

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let projects: [(&str, Build); 6] = [
        ("cmake", cmake),
        ("cmake_all", cmake),
        ("cmake_variables", cmake),
        ("meson", meson),
        ("autoconf", autoconf),
        ("make", make),
    ];
    projects
        .into_iter()
        .map(|(name, build)| {
            let stage = Arc::clone(stage);
            let body = move || {
                let directory = stage.directory(name)?;
                let source = copy(name, &directory)?;
                let dropin = stage.prefix()?.join("lib/libevent_rs");
                let program = build(&source, &directory, &dropin)?;
                runs_on(Library::Soname, &stage, &program)?;
                runs_on(Library::Reference, &stage, &program)
            };
            Trial::test(format!("build_systems::{name}"), body)
        })
        .chain(["lib64", "lib/x86_64-linux-gnu"].map(|libdir| {
            let stage = Arc::clone(stage);
            let name = format!("build_systems::cmake_in_{}", libdir.replace('/', "_"));
            Trial::test(name, move || elsewhere(&stage, libdir))
        }))
        .collect()
}

/// CMake finds the library where distributions put libraries other than in `lib`.
fn elsewhere(stage: &Stage, libdir: &str) -> Result<(), Failed> {
    stage.prefix()?;
    let directory = stage.directory("cmake_elsewhere")?;
    let prefix = directory.join("prefix");
    let place = prefix.join(libdir);
    stage::make(&[
        "install",
        &format!("PREFIX={}", prefix.display()),
        &format!("LIBDIR={}", place.display()),
    ])?;
    let source = copy("cmake", &directory)?;
    let dropin = place.join("libevent_rs");
    let program = cmake(&source, &directory, &dropin)?;
    let output = process::run(Command::new(program).env("LD_LIBRARY_PATH", &dropin), b"")?;
    match output.success()? {
        answer if answer == "done\n" => Ok(()),
        other => Err(format!("the program wrote {other:?}").into()),
    }
}

/// Runs a program that asks the loader for libevent's names, and checks where they lead.
pub fn runs_on(library: Library, stage: &Stage, program: &Path) -> Result<(), Failed> {
    let dropin = match library {
        Library::Reference => None,
        _ => Some(stage.prefix()?.join("lib/libevent_rs")),
    };
    let run = |command: &mut Command| {
        match &dropin {
            Some(directory) => command.env("LD_LIBRARY_PATH", directory),
            None => command.env_remove("LD_LIBRARY_PATH"),
        };
        process::run(command, b"")?.success()
    };
    let output = run(&mut Command::new(program))?;
    if output != "done\n" {
        return Err(format!("the program wrote {output:?}").into());
    }
    let loaded = run(process::client("ldd")?.arg(program))?;
    if loaded.contains("libevent_rs.so.1 => ") == dropin.is_some() {
        return Ok(());
    }
    Err(format!("{library:?}: {loaded}").into())
}

fn projects() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("capi-tests/programs/projects")
}

/// A copy of the project, since some build systems write into their sources, and of the program
/// inside and above it.
fn copy(name: &str, directory: &Path) -> Result<PathBuf, Failed> {
    let source = directory.join("source");
    fs::create_dir(&source)?;
    for entry in fs::read_dir(projects().join(name))? {
        let entry = entry?;
        fs::copy(entry.path(), source.join(entry.file_name()))?;
    }
    for place in [directory, &source] {
        fs::copy(projects().join("program.c"), place.join("program.c"))?;
    }
    Ok(source)
}

fn run(command: &mut Command) -> Result<(), Failed> {
    process::run(command, b"")?.success().map(|_| ())
}

fn cmake(source: &Path, directory: &Path, dropin: &Path) -> Result<PathBuf, Failed> {
    let build = directory.join("build");
    run(process::client("cmake")?
        .arg("-S")
        .arg(source)
        .arg("-B")
        .arg(&build)
        .arg(format!("-DCMAKE_PREFIX_PATH={}", dropin.display()))
        // Otherwise the program is tied to the directory it was linked from.
        .arg("-DCMAKE_SKIP_RPATH=ON"))?;
    run(process::client("cmake")?.arg("--build").arg(&build))?;
    Ok(build.join("program"))
}

fn meson(source: &Path, directory: &Path, dropin: &Path) -> Result<PathBuf, Failed> {
    let build = directory.join("build");
    run(process::client("meson")?
        .args(["setup", "--bindir=bin"])
        .arg(format!("--prefix={}", directory.display()))
        .arg(&build)
        .arg(source)
        .env("PKG_CONFIG_PATH", dropin.join("pkgconfig")))?;
    // Installing takes the directory that it was linked from out of the program.
    run(process::client("meson")?
        .arg("install")
        .arg("-C")
        .arg(&build))?;
    Ok(directory.join("bin/program"))
}

fn autoconf(source: &Path, _: &Path, dropin: &Path) -> Result<PathBuf, Failed> {
    run(process::client("autoconf")?.current_dir(source))?;
    let include = dropin.join("../../include/libevent_rs");
    run(process::client("sh")?
        .arg("./configure")
        .arg(format!("CPPFLAGS=-I{}", include.display()))
        .arg(format!("LDFLAGS=-L{}", dropin.display()))
        .current_dir(source))?;
    make(source, source, dropin)
}

fn make(source: &Path, _: &Path, dropin: &Path) -> Result<PathBuf, Failed> {
    run(process::client("make")?
        .arg("program")
        .env("PKG_CONFIG_PATH", dropin.join("pkgconfig"))
        .current_dir(source))?;
    Ok(source.join("program"))
}
