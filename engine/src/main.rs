//! The binary: composition only.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    match (args.next(), args.next()) {
        (Some(verb), Some(dir)) if verb == "launcher" => usher::launcher::main(Path::new(&dir)),
        _ => ExitCode::from(2),
    }
}
