//! The binary: composition only.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    match (args.next(), args.next(), args.next()) {
        // Hidden, and before all else: a launcher is small and has no flags.
        (Some(verb), Some(dir), None) if verb == "launcher" => {
            usher::launcher::main(Path::new(&dir))
        }
        _ => usher::cli::main(),
    }
}
