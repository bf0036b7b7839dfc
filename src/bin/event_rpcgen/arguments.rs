//! The command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub const USAGE: &str = "usage: event_rpcgen [--quiet] FILE.rpc [[H-FILE] C-FILE]\n";

pub const HELP: &str = "\
usage: event_rpcgen [--quiet] FILE.rpc [[H-FILE] C-FILE]

Makes C code that marshals and unmarshals the messages which FILE.rpc describes.

  FILE.rpc   the description
  H-FILE     the header to write, ending in .h (default: C-FILE with .h for .c)
  C-FILE     the code to write, ending in .c (default: FILE.gen.c)

  --quiet    print nothing but errors
  --version  print the version
  --help     print this text

The exit status is 0, or 1 after an error in a file, or 2 after one in these arguments.
";

#[derive(Debug, PartialEq)]
pub struct Arguments {
    pub quiet: bool,
    pub input: PathBuf,
    pub header: PathBuf,
    pub code: PathBuf,
}

#[derive(Debug, PartialEq)]
pub enum Command {
    Generate(Arguments),
    Help,
    Version,
}

pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut quiet = false;
    let mut options = true;
    let mut files = Vec::new();
    for argument in arguments {
        let text = argument.to_string_lossy();
        if !(options && text.starts_with('-') && text.len() > 1) {
            files.push(PathBuf::from(argument));
            continue;
        }
        match &*text {
            "--" => options = false,
            "--quiet" | "-q" => quiet = true,
            "--help" | "-h" => return Ok(Command::Help),
            "--version" => return Ok(Command::Version),
            _ => return Err(format!("unknown option {text}")),
        }
    }
    let (input, outputs) = files.split_first().ok_or("which .rpc file?")?;
    let suffixed = |path: &Path, suffix: &str| {
        if path
            .extension()
            .is_some_and(|extension| extension == suffix)
        {
            Ok(path.to_owned())
        } else {
            Err(format!("{} does not end in .{suffix}", path.display()))
        }
    };
    let input = suffixed(input, "rpc")?;
    let (header, code) = match outputs {
        [] => (input.with_extension("gen.h"), input.with_extension("gen.c")),
        [code] => (code.with_extension("h"), suffixed(code, "c")?),
        [header, code] => (suffixed(header, "h")?, suffixed(code, "c")?),
        [_, _, surplus, ..] => return Err(format!("what is {} for?", surplus.display())),
    };
    Ok(Command::Generate(Arguments {
        quiet,
        input,
        header,
        code,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generate(line: &str) -> Result<(bool, String, String, String), String> {
        match parse(line.split_whitespace().map(OsString::from))? {
            Command::Generate(found) => {
                let name = |path: &PathBuf| path.display().to_string();
                let names = (name(&found.input), name(&found.header), name(&found.code));
                Ok((found.quiet, names.0, names.1, names.2))
            }
            other => panic!("{other:?}"),
        }
    }

    fn named(quiet: bool, input: &str, header: &str, code: &str) -> (bool, String, String, String) {
        (quiet, input.into(), header.into(), code.into())
    }

    #[test]
    fn outputs_have_default_names() {
        let names = named(false, "a/b.rpc", "a/b.gen.h", "a/b.gen.c");
        assert_eq!(generate("a/b.rpc"), Ok(names));
        let names = named(true, "b.c.rpc", "b.c.gen.h", "b.c.gen.c");
        assert_eq!(generate("--quiet b.c.rpc"), Ok(names));
        let names = named(true, "b.rpc", "o/x.h", "o/x.c");
        assert_eq!(generate("b.rpc --quiet o/x.c"), Ok(names));
        let names = named(false, "b.rpc", "x.h", "o/y.c");
        assert_eq!(generate("b.rpc x.h o/y.c"), Ok(names));
        let names = named(false, "-b.rpc", "-b.gen.h", "-b.gen.c");
        assert_eq!(generate("-- -b.rpc"), Ok(names));
    }

    #[test]
    fn wrong_usage_is_refused() {
        for line in [
            "",
            "--quiet",
            "b.txt",
            "b",
            "b.rpc x.cc",
            "b.rpc x.h",
            "b.rpc x.c y.h",
            "b.rpc x.h y.c z.c",
            "--loud b.rpc",
        ] {
            assert!(generate(line).is_err(), "{line}");
        }
    }
}
