//! One connection of an engine, read and written without waiting.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::wire::{FromLauncher, LINE_MAX_BYTES, ToLauncher, decode, encode};

/// How much is read at a time, in bytes.
const CHUNK_BYTES: usize = 64 << 10;

/// A buffer that has grown beyond this is given back once it is empty, in bytes.
const KEPT_BYTES: usize = 256 << 10;

/// How long a message that is not urgent waits for company.
const SOON: Duration = Duration::from_millis(5);

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// Its number among all of this launcher.
    pub(super) number: u32,
    stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
    /// When what is queued is sent, though nothing of it is urgent.
    send_at: Option<Instant>,
    /// Something urgent is queued.
    urgent: bool,
    /// Whether it was behind after the last flush: then it is heard when it can be written, too.
    pub(super) was_behind: bool,
    /// The engine's generation, once it said hello.
    pub(super) generation: Option<u64>,
    open: bool,
}

impl Connection {
    /// Takes a stream over.
    ///
    /// # Errors
    /// When it cannot be made non-blocking.
    pub(super) fn new(stream: UnixStream, number: u32) -> io::Result<Connection> {
        stream.set_nonblocking(true)?;
        let (input, output) = (Vec::new(), Vec::new());
        Ok(Connection {
            number,
            stream,
            input,
            output,
            send_at: None,
            urgent: false,
            was_behind: false,
            generation: None,
            open: true,
        })
    }

    /// Whether it still stands.
    #[must_use]
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether something urgent could not be written yet.
    #[must_use]
    pub(super) fn is_behind(&self) -> bool {
        self.urgent
    }

    /// When it is to be flushed, though nothing happens.
    #[must_use]
    pub(super) fn due(&self) -> Option<Instant> {
        self.send_at
    }

    /// Reads what is there, as messages.
    pub(super) fn read(&mut self) -> Vec<serde_json::Result<ToLauncher>> {
        let mut chunk = [0; CHUNK_BYTES];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => {
                    self.open = false;
                    break;
                }
                Ok(count) => {
                    self.input.extend_from_slice(&chunk[..count]);
                    // The rest is told of by the next poll.
                    if count < CHUNK_BYTES {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.open = false;
                    break;
                }
            }
        }
        let messages = decode(&mut self.input);
        if self.input.is_empty() && self.input.capacity() > KEPT_BYTES {
            self.input = Vec::new();
        }
        if self.input.len() > LINE_MAX_BYTES {
            self.open = false;
        }
        messages
    }

    /// Queues a message; [`Connection::flush`] sends it.
    pub(super) fn send(&mut self, message: &FromLauncher) {
        // Its words hold no paths: they can always be written.
        let _ = encode(message, &mut self.output);
        self.urgent = true;
    }

    /// Queues a message that may wait a little: a short step's start and end are one write then,
    /// and wake the engine once.
    pub(super) fn send_soon(&mut self, message: &FromLauncher) {
        let _ = encode(message, &mut self.output);
        self.send_at = self.send_at.or_else(|| Some(Instant::now() + SOON));
    }

    /// Writes what is queued, as far as it goes, if something of it is urgent or was put off long
    /// enough.
    pub(super) fn flush(&mut self) {
        let waits = self.send_at.is_none_or(|at| at > Instant::now());
        if !self.urgent && waits {
            return;
        }
        let mut written = 0;
        while self.open && written < self.output.len() {
            match self.stream.write(&self.output[written..]) {
                Ok(0) => self.open = false,
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.open = false,
            }
        }
        self.output.drain(..written);
        self.send_at = None;
        self.urgent = !self.output.is_empty();
        if !self.urgent && self.output.capacity() > KEPT_BYTES {
            self.output = Vec::new();
        }
    }

    /// Ends it after what is queued.
    pub(super) fn close(&mut self) {
        self.flush();
        self.open = false;
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The first connection is standard input too, which stays open.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
