//! The writing thread: groups, replies, waiters, the end.
//!
//! A reply is called on the writing thread, so a test can hold that thread inside a reply and
//! know exactly what waits behind it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod ends;
mod groups;
mod waiters;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::{Handle, OnApplied, OnWritten, Writer};
use crate::error::Error;
use crate::memory::Memory;
use crate::rows::{Fence, Outcome, Turn, Write};
use crate::samples::{birth, born, command, committed, turn};

/// An answer that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A writer on a ledger in memory, with run `u1` born.
struct Desk {
    memory: Memory,
    fences: Vec<Fence>,
    handle: Handle,
    fatal: Receiver<Error>,
}

impl Desk {
    fn new() -> Desk {
        let mut memory = Memory::new();
        let fences = memory.take_over_all("tester");
        let (tell, fatal) = channel();
        let on_fatal = Box::new(move |error: &Error| drop(tell.send(error.clone())));
        let handle = Writer::spawn(Box::new(memory.clone()), on_fatal);
        let desk = Desk {
            memory,
            fences,
            handle,
            fatal,
        };
        assert_eq!(desk.write(born(birth(&desk.fences, "u1"))), committed(1));
        desk
    }

    fn turn(&self, version: i64) -> Turn {
        turn(&self.fences, "u1", version)
    }

    /// Sends a write; the answer comes through the channel.
    fn send(&self, write: Write) -> Receiver<Result<Outcome, Error>> {
        let (reply, told) = reply();
        self.handle.submit(write, reply);
        told
    }

    fn write(&self, write: Write) -> Outcome {
        self.send(write).recv_timeout(PATIENCE).unwrap().unwrap()
    }

    fn command(&self) -> i64 {
        match self.write(command("u1", "{}")) {
            Outcome::Inserted { id } => id,
            other => panic!("{other:?}"),
        }
    }

    fn wait_for(&self, id: i64) -> Receiver<Result<Vec<u8>, Error>> {
        let (tell, told) = channel();
        let reply: OnApplied = Box::new(move |outcome| drop(tell.send(outcome)));
        self.handle.when_applied(id, reply);
        told
    }

    /// [`Desk::wait_for`], and the thread knows of it when this returns.
    fn waiting_for(&self, id: i64) -> Receiver<Result<Vec<u8>, Error>> {
        let told = self.wait_for(id);
        // There is no command 0, so this is answered at once, and after what came before it.
        assert!(self.wait_for(0).recv_timeout(PATIENCE).unwrap().is_err());
        told
    }

    /// Holds the thread until the guard is dropped; returns when it is held.
    fn hold(&self) -> Held {
        let (entered, is_held) = channel();
        let (release, released) = channel::<()>();
        let reply: OnWritten = Box::new(move |_| {
            entered.send(()).unwrap();
            let _ = released.recv();
        });
        self.handle.submit(command("u1", "\"hold\""), reply);
        is_held.recv_timeout(PATIENCE).unwrap();
        Held { _release: release }
    }
}

struct Held {
    _release: Sender<()>,
}

fn reply() -> (OnWritten, Receiver<Result<Outcome, Error>>) {
    let (tell, told) = channel();
    (Box::new(move |outcome| drop(tell.send(outcome))), told)
}
