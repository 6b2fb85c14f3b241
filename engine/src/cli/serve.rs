//! `usher server`: a process that is nothing but the engine.
//!
//! While another process is the engine it stands by and takes over when that one ends. In the
//! background it also ends by itself: when nothing has needed an engine for a while.

use std::io::Write as _;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::args::ServerArgs;
use super::output::Optional;
use super::session::Session;
use super::{DONE, output, postbox, signals};
use crate::client::{Client, Error, Offline};
use crate::host;
use crate::notifier::web::Web;

/// How long nothing has needed a background engine when it ends.
const IDLE: Duration = Duration::from_secs(5);

/// How often it looks whether that is so, at most.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug)]
enum News {
    Interrupted,
    EngineGone,
}

/// Is the engine until a signal, or stands by for it. Whoever ends it means it: nothing is handed
/// on to another engine.
pub(super) fn server(session: &mut Session, args: &ServerArgs) -> anyhow::Result<u8> {
    let result = serve(session, args);
    session.dismiss();
    result
}

fn serve(session: &mut Session, args: &ServerArgs) -> anyhow::Result<u8> {
    if args.background {
        // Refused only to the leader of a group, who needs none.
        let _ = rustix::process::setsid();
    } else {
        session.show_pages();
    }
    let (tell, news) = mpsc::channel();
    signals::tell(tell.clone(), |_| News::Interrupted).context("listen to signals")?;
    let mut idle = Idle::new(session, args);
    if !stand_by(session, args, (&tell, &news), &mut idle)? {
        return Ok(DONE);
    }
    if !args.background
        && let Some(url) = Web::read(&session.state).and_then(|web| web.mailbox_url())
    {
        output::note(&postbox::line(&url));
    }
    let dir = session.state.path().display();
    say(&format!(
        "usher is ready on {dir} (process {})",
        std::process::id()
    ));
    loop {
        match news.recv_timeout(idle.look) {
            Ok(News::Interrupted) | Err(RecvTimeoutError::Disconnected) => return Ok(DONE),
            Ok(News::EngineGone) => {}
            Err(RecvTimeoutError::Timeout) => {
                let Some(host) = session.host() else {
                    return Ok(DONE);
                };
                if host.has_ended(Duration::ZERO) || idle.is_over(host.api().clients()) {
                    return Ok(DONE);
                }
            }
        }
    }
}

/// Waits until this process is the engine; false when it is to end before.
fn stand_by(
    session: &mut Session,
    args: &ServerArgs,
    (tell, news): (&Sender<News>, &Receiver<News>),
    idle: &mut Idle,
) -> anyhow::Result<bool> {
    let mut told = false;
    loop {
        if session.try_host()? {
            return Ok(true);
        }
        let mut client = match Client::connect(&session.state) {
            Ok(client) => client,
            Err(Error::NoEngine(_)) => {
                host::pause(Duration::from_millis(5));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if !told {
            told = true;
            let dir = session.state.path().display();
            let pid = client.pid();
            say(&format!(
                "usher stands by: process {pid} is the engine of {dir}"
            ));
        }
        if args.background && !args.heir {
            return Ok(false);
        }
        let tell = tell.clone();
        std::thread::Builder::new()
            .name("stand-by".to_owned())
            .spawn(move || {
                // It is asked nothing, so this ends with the engine.
                let _ = client.hear();
                let _ = tell.send(News::EngineGone);
            })
            .context("watch the engine")?;
        loop {
            match news.recv_timeout(idle.look) {
                Ok(News::EngineGone) => break,
                Ok(News::Interrupted) | Err(RecvTimeoutError::Disconnected) => return Ok(false),
                Err(RecvTimeoutError::Timeout) if idle.is_over(0) => return Ok(false),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// Says how it stands to whoever started it. Nobody need listen.
fn say(line: &str) {
    let mut out = Optional::default();
    let _ = out.write_all(format!("{line}\n").as_bytes());
    let _ = out.flush();
}

/// Whether a background engine is still needed.
struct Idle {
    state: crate::state::StateDir,
    applies: bool,
    after: Duration,
    look: Duration,
    since: Option<Instant>,
}

impl Idle {
    fn new(session: &Session, args: &ServerArgs) -> Idle {
        let given = session.global.idle_after_ms;
        let after = given.map_or(IDLE, |ms| Duration::from_millis(u64::from(ms)));
        Idle {
            state: session.state.clone(),
            applies: args.background,
            after,
            look: after.clamp(Duration::from_millis(20), LOOK),
            since: None,
        }
    }

    fn is_over(&mut self, clients: usize) -> bool {
        if !self.applies {
            return false;
        }
        // In doubt it stays.
        let needed = clients > 0
            || match Offline::open(&self.state) {
                Ok(Some(mut offline)) => offline.needs_engine().unwrap_or(true),
                Ok(None) => false,
                Err(_) => true,
            };
        if needed {
            self.since = None;
            return false;
        }
        self.since.get_or_insert_with(Instant::now).elapsed() >= self.after
    }
}
