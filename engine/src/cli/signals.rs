//! Ctrl-C and its kin. The first asks the verb to come to its end, the second ends it at once:
//! everything that counts is in the ledger by then.

use std::sync::mpsc::Sender;

use tokio::signal::unix::{SignalKind, signal};

/// Exit codes after a signal are this plus its number.
const BY_SIGNAL: u8 = 128;

/// A request to come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interrupt {
    /// The exit code that tells of it.
    pub(super) code: u8,
}

/// Tells the first signal to `tell` and ends the process at the second. `SIGHUP` counts too: the
/// terminal has gone.
///
/// # Errors
/// When signals cannot be listened to.
pub(super) fn tell<T: Send + 'static>(
    tell: Sender<T>,
    as_news: impl Fn(Interrupt) -> T + Send + 'static,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let guard = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    drop(guard);
    let listen = async move {
        let mut is_first = true;
        loop {
            let number = tokio::select! {
                _ = interrupt.recv() => 2,
                _ = terminate.recv() => 15,
                _ = hang_up.recv() => 1,
            };
            let code = BY_SIGNAL + number;
            if !is_first {
                std::process::exit(i32::from(code));
            }
            is_first = false;
            // Nobody listens any more when the verb is ending anyhow.
            let _ = tell.send(as_news(Interrupt { code }));
        }
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(listen))?;
    Ok(())
}
