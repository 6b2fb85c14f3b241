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
    /// What came together with the first message: it is heard next.
    early: Vec<FromLauncher>,
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
            early: Vec::new(),
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
                self.early = heard.split_off(1);
                return Ok(heard.remove(0));
            }
        }
    }

    /// Waits until something can be read or written, does it, and answers what was read. Dropped
    /// while it waits, it loses nothing.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(super) async fn hear(&mut self) -> io::Result<Vec<FromLauncher>> {
        if !self.early.is_empty() {
            return Ok(std::mem::take(&mut self.early));
        }
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::launcher::wire::Key;

    /// A launcher may tell of an exit in one breath with its welcome: neither is lost.
    #[tokio::test]
    async fn what_comes_with_the_welcome_is_heard() {
        let (ours, mut theirs) = StdStream::pair().expect("a pair");
        let unknown = |launch| FromLauncher::Unknown {
            key: Key {
                run: "r".to_owned(),
                node: 1,
                launch,
            },
        };
        let mut bytes = Vec::new();
        encode(&FromLauncher::Superseded, &mut bytes).expect("plain data");
        for launch in [1, 2, 3] {
            encode(&unknown(launch), &mut bytes).expect("plain data");
        }
        theirs.write_all(&bytes).expect("written");
        let mut link = Link::new(ours).expect("a link");
        assert_eq!(link.first().await.expect("heard"), FromLauncher::Superseded);
        let rest = tokio::time::timeout(std::time::Duration::from_secs(10), link.hear()).await;
        let rest = rest.expect("nothing is left to be heard").expect("heard");
        assert_eq!(rest, [unknown(1), unknown(2), unknown(3)]);
    }
}
