//! Going along with a run until it ends, whichever process is the engine meanwhile.
//!
//! When the engine goes away, this process tries to become it; if another was faster, it follows
//! that one.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::session::{Session, Verb};
use super::signals::{self, Interrupt};
use crate::client::{Client, Error, unexpected};
use crate::server::protocol::{Answer, Request, RunRef, is_over};

/// What a follower hears.
#[derive(Debug)]
enum News {
    Object { object: Box<Value>, waits: bool },
    Broken(Error),
    Interrupted(Interrupt),
}

/// How following ended.
#[derive(Debug)]
pub(super) enum End {
    /// Nothing more will come of the run.
    Over(Box<Value>),
    /// Only a person or a time will move it on.
    Waits(Box<Value>),
    /// A signal came.
    Interrupted(Interrupt),
}

/// Hears of runs, one after the other, and of signals.
#[derive(Debug)]
pub(super) struct Follower {
    tell: Sender<News>,
    news: Receiver<News>,
}

/// How to follow.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct How {
    /// Come back when only a person or a time will move the run on.
    pub(super) until_waiting: bool,
    /// Show the run so often though nothing changed: time passes.
    pub(super) tick: Option<Duration>,
    /// Nothing is shown before the end: the engine need not tell of changes.
    pub(super) only_end: bool,
}

impl Follower {
    /// One that hears of signals from now on.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub(super) fn new() -> anyhow::Result<Follower> {
        let (tell, news) = mpsc::channel();
        signals::tell(tell.clone(), News::Interrupted).context("listen to signals")?;
        Ok(Follower { tell, news })
    }

    /// Follows a run, showing every picture of it.
    ///
    /// # Errors
    /// When the run is not there, or no engine can be had.
    pub(super) fn follow(
        &self,
        session: &mut Session,
        run: &RunRef,
        how: How,
        show: &mut dyn FnMut(&Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<End> {
        let mut last: Option<Box<Value>> = None;
        let mut line = self.listen(session, run, how)?;
        loop {
            match self.next(how.tick) {
                None => {
                    if let Some(object) = &last {
                        show(object)?;
                    }
                }
                Some(News::Interrupted(interrupt)) => return Ok(End::Interrupted(interrupt)),
                Some(News::Broken(error)) if error.is_ending() => {
                    line = self.listen(session, run, how)?;
                }
                Some(News::Broken(error)) => return Err(error.into()),
                Some(News::Object { object, waits }) => {
                    if is_over(&object) {
                        return Ok(End::Over(object));
                    }
                    show(&object)?;
                    if waits && how.until_waiting {
                        drop(line);
                        return Ok(End::Waits(object));
                    }
                    last = Some(object);
                }
            }
        }
    }

    /// Waits for a signal, whatever else is heard.
    pub(super) fn wait_for_signal(&self) {
        while let Ok(news) = self.news.recv() {
            if matches!(news, News::Interrupted(_)) {
                return;
            }
        }
    }

    fn next(&self, tick: Option<Duration>) -> Option<News> {
        let Some(tick) = tick else {
            // We hold a sender ourselves: somebody may always speak.
            return self.news.recv().ok();
        };
        self.news.recv_timeout(tick).ok()
    }

    /// Has an engine tell us of the run.
    fn listen(&self, session: &mut Session, run: &RunRef, how: How) -> anyhow::Result<Line> {
        let client = session.connect(Verb::Stays)?;
        let line = Line(client.hang_up()?);
        let (tell, run) = (self.tell.clone(), run.clone());
        std::thread::Builder::new()
            .name("listener".to_owned())
            .spawn(move || hear(client, run, how, &tell))
            .context("listen to the engine")?;
        Ok(line)
    }
}

/// A connection that a thread listens on; it hangs up when this is dropped.
#[derive(Debug)]
struct Line(UnixStream);

impl Drop for Line {
    fn drop(&mut self) {
        // Fails only when the engine hung up before.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

fn hear(mut client: Client, run: RunRef, how: How, tell: &Sender<News>) {
    let mut answer = if how.only_end && !how.until_waiting {
        let ended = client.ask(&Request::Await { run: run.clone() });
        ended.and_then(|_| client.ask(&Request::Get { run }))
    } else {
        client.ask(&Request::Watch { run })
    };
    loop {
        let news = match answer {
            Ok(Answer::Object { object, waits }) => News::Object { object, waits },
            Ok(other) => News::Broken(unexpected(&other)),
            Err(error) => News::Broken(error),
        };
        let is_last = match &news {
            News::Object { object, .. } => is_over(object),
            News::Broken(_) | News::Interrupted(_) => true,
        };
        if tell.send(news).is_err() || is_last {
            return;
        }
        answer = client.hear();
    }
}
