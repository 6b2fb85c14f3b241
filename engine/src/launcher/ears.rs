//! What the launcher hears: one `epoll` over its listener, its connections and its steps.
//!
//! An `epoll` and not a `poll`, because the price of a wake-up must not grow with the number of
//! steps that sleep.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::process::Pid;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use super::kernel::timespec;

/// How much is heard at a time.
const EVENTS: usize = 64;

/// Who makes himself heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Somebody wants to connect.
    Listener,
    /// A connection, by its number.
    Connection(u32),
    /// The leader of a step has ended.
    Step(Pid),
    /// A nap is over.
    Nap,
}

/// Two halves: what it is, and which of these.
fn token(source: Source) -> EventData {
    EventData::new_u64(match source {
        Source::Listener => 0,
        Source::Connection(number) => 1 << 32 | u64::from(number),
        Source::Step(pid) => 2 << 32 | u64::from(pid.as_raw_nonzero().get().unsigned_abs()),
        Source::Nap => 3 << 32,
    })
}

fn source(token: EventData) -> Option<Source> {
    let low = u32::try_from(token.u64() & u64::from(u32::MAX)).ok()?;
    match token.u64() >> 32 {
        0 => Some(Source::Listener),
        1 => Some(Source::Connection(low)),
        3 => Some(Source::Nap),
        _ => Some(Source::Step(Pid::from_raw(i32::try_from(low).ok()?)?)),
    }
}

/// The ears.
pub(super) struct Ears {
    epoll: OwnedFd,
    events: Vec<Event>,
    /// Finer than the whole milliseconds of a wait.
    clock: OwnedFd,
}

impl Ears {
    /// Hears nobody yet.
    ///
    /// # Errors
    /// When the kernel has no more to give.
    pub(super) fn new() -> io::Result<Ears> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let events = Vec::with_capacity(EVENTS);
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let clock = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        // Told once for each nap: then nobody has to read it.
        let flags = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &clock, token(Source::Nap), flags)?;
        Ok(Ears {
            epoll,
            events,
            clock,
        })
    }

    /// Hears the end of a nap of this long, below a second, from now on. False when there is no
    /// clock for it.
    pub(super) fn nap(&self, time: Duration) -> bool {
        let none = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let until = Itimerspec {
            it_interval: none,
            it_value: timespec(time),
        };
        timerfd_settime(&self.clock, TimerfdTimerFlags::empty(), &until).is_ok()
    }

    /// Hears this one from now on, whenever it can be read.
    ///
    /// # Errors
    /// When the kernel has no more to give.
    pub(super) fn hear(&self, fd: impl AsFd, of: Source) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, fd, token(of), EventFlags::IN)?)
    }

    /// Hears this one when it can be read, when it can be written, both or neither.
    pub(super) fn mind(&self, fd: impl AsFd, of: Source, read: bool, write: bool) {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, read);
        flags.set(EventFlags::OUT, write);
        // It was added: nothing else can go wrong.
        let _ = epoll::modify(&self.epoll, fd, token(of), flags);
    }

    /// Hears this one no more; needed where another descriptor of the same file stays open.
    pub(super) fn forget(&self, fd: impl AsFd) {
        let _ = epoll::delete(&self.epoll, fd);
    }

    /// Waits for somebody, at most this long (whole milliseconds, rounded up).
    ///
    /// # Errors
    /// When a signal came first.
    pub(super) fn wait(&mut self, at_most: Option<Duration>) -> rustix::io::Result<Vec<Source>> {
        let millis = at_most.map(|time| time.as_nanos().div_ceil(1_000_000));
        let timeout = millis.map(|millis| Timespec {
            tv_sec: i64::try_from(millis / 1_000).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(millis % 1_000).unwrap_or(0) * 1_000_000,
        });
        self.events.clear();
        let spare = spare_capacity(&mut self.events);
        epoll::wait(&self.epoll, spare, timeout.as_ref())?;
        let heard = self.events.iter().map(|event| event.data);
        Ok(heard.filter_map(source).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_as_it_is_written() {
        let pid = Pid::from_raw(i32::MAX).unwrap();
        for one in [
            Source::Listener,
            Source::Connection(0),
            Source::Connection(u32::MAX),
            Source::Step(pid),
            Source::Nap,
        ] {
            assert_eq!(source(token(one)), Some(one));
        }
    }
}
