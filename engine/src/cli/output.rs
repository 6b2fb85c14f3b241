//! Writing to stdout and stderr. What a verb is asked for goes to stdout, everything else to
//! stderr; a reader that has gone ends the printing, not the program with a panic.

use std::io::{self, ErrorKind, Write};

/// Prints what was asked for.
///
/// # Errors
/// When stdout does not take it; [`is_closed`] tells whether its reader has gone.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Says something by the way, as a line of its own.
pub(super) fn note(text: &str) {
    // Nobody is left to hear of it when this fails.
    let _ = io::stderr().write_all(format!("usher: {text}\n").as_bytes());
}

/// Says why a verb was not followed, with all causes.
pub(super) fn complain(error: &anyhow::Error) {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    note(&causes.join(": "));
}

/// Whether the reader of stdout has gone: `usher list | head`.
pub(super) fn is_closed(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Stdout for what goes on whether or not somebody reads: once the reader has gone, the rest is
/// dropped.
#[derive(Debug, Default)]
pub(super) struct Optional {
    gone: bool,
}

impl Optional {
    fn unless_gone<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(instead)
            }
            result => result,
        }
    }
}

impl Write for Optional {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gone {
            return Ok(bytes.len());
        }
        let written = io::stdout().write(bytes);
        self.unless_gone(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let flushed = io::stdout().flush();
        self.unless_gone(flushed, ())
    }
}

/// Shows a text of several lines on stderr.
pub(super) fn show_aside(text: &str) {
    // As `note`.
    let _ = io::stderr().write_all(text.as_bytes());
}
