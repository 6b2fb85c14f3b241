//! One connection of an engine, read and written without waiting.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use super::wire::{FromLauncher, LINE_MAX_BYTES, ToLauncher, decode, encode};

/// How much is read at a time, in bytes.
const CHUNK_BYTES: usize = 64 << 10;

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
    /// The engine's generation, once it said hello.
    pub(super) generation: Option<u64>,
    open: bool,
}

impl Connection {
    /// Takes a stream over.
    ///
    /// # Errors
    /// When it cannot be made non-blocking.
    pub(super) fn new(stream: UnixStream) -> io::Result<Connection> {
        stream.set_nonblocking(true)?;
        let (input, output) = (Vec::new(), Vec::new());
        Ok(Connection {
            stream,
            input,
            output,
            generation: None,
            open: true,
        })
    }

    /// Whether it still stands.
    #[must_use]
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether something waits to be written.
    #[must_use]
    pub(super) fn is_behind(&self) -> bool {
        !self.output.is_empty()
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
        if self.input.len() > LINE_MAX_BYTES {
            self.open = false;
        }
        messages
    }

    /// Queues a message; [`Connection::flush`] sends it.
    pub(super) fn send(&mut self, message: &FromLauncher) {
        // Its words hold no paths: they can always be written.
        let _ = encode(message, &mut self.output);
    }

    /// Writes what is queued, as far as it goes.
    pub(super) fn flush(&mut self) {
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
