//! One connection to the launcher: messages in and out, many to a write.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream as StdStream;

use tokio::io::Interest;
use tokio::net::UnixStream;

use crate::launcher::wire::{FromLauncher, LINE_MAX_BYTES, ToLauncher, decode, encode};

/// How much is read at a time, in bytes.
const CHUNK_BYTES: usize = 16 << 10;

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Link {
    /// Takes a stream over.
    ///
    /// # Errors
    /// When the runtime does not take it.
    pub(super) fn new(stream: StdStream) -> io::Result<Link> {
        stream.set_nonblocking(true)?;
        let stream = UnixStream::from_std(stream)?;
        Ok(Link {
            stream,
            input: Vec::new(),
            output: Vec::new(),
        })
    }

    /// Queues a message; [`Link::flush`] and [`Link::hear`] send it.
    ///
    /// # Errors
    /// When a path in it is not UTF-8; nothing is queued then.
    pub(super) fn send(&mut self, message: &ToLauncher) -> io::Result<()> {
        Ok(encode(message, &mut self.output)?)
    }

    /// Writes what is queued as far as it goes now.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.output.len() {
            match self.stream.try_write(&self.output[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.output.drain(..written);
        Ok(())
    }

    /// Writes all that is queued.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(super) async fn drain(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            self.stream.writable().await?;
            self.flush()?;
        }
        Ok(())
    }

    /// The answer to the first message.
    ///
    /// # Errors
    /// When the connection is broken, or the answer is none that we know.
    pub(super) async fn first(&mut self) -> io::Result<FromLauncher> {
        loop {
            let mut heard = self.hear().await?;
            if !heard.is_empty() {
                return Ok(heard.swap_remove(0));
            }
        }
    }

    /// Waits until something can be read or written, does it, and answers what was read. Dropped
    /// while it waits, it loses nothing.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(super) async fn hear(&mut self) -> io::Result<Vec<FromLauncher>> {
        let interest = match self.output.is_empty() {
            true => Interest::READABLE,
            false => Interest::READABLE | Interest::WRITABLE,
        };
        let ready = self.stream.ready(interest).await?;
        if ready.is_writable() {
            self.flush()?;
        }
        if !ready.is_readable() {
            return Ok(Vec::new());
        }
        let mut broken = None;
        let mut chunk = [0; CHUNK_BYTES];
        loop {
            match self.stream.try_read(&mut chunk) {
                Ok(0) => broken = Some(io::Error::from(ErrorKind::UnexpectedEof)),
                Ok(count) => {
                    self.input.extend_from_slice(&chunk[..count]);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => broken = Some(error),
            }
            break;
        }
        let heard = self.understood();
        match broken {
            // What came before the end counts; the end is met again at the next call.
            Some(error) if heard.is_empty() => Err(error),
            _ if self.input.len() > LINE_MAX_BYTES => Err(ErrorKind::InvalidData.into()),
            _ => Ok(heard),
        }
    }

    fn understood(&mut self) -> Vec<FromLauncher> {
        let messages = decode::<FromLauncher>(&mut self.input).into_iter();
        messages
            .filter_map(|message| {
                let said = message.inspect_err(|error| {
                    tracing::warn!(%error, "the launcher said what is not understood");
                });
                said.ok()
            })
            .collect()
    }
}
