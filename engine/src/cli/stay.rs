//! Runs that a verb has begun: shown once, and then followed to their end as was asked.

use super::args::{Output, Stay};
use super::follow::Follower;
use super::session::{Session, Verb};
use super::submit::{Submitted, shown};
use super::{DONE, logs, output, run, wait};
use crate::server::protocol::{Answer, Request};

impl Stay {
    /// Whether this process stays until the runs have ended.
    pub(super) fn verb(self) -> Verb {
        match self.watch || self.wait || self.log {
            true => Verb::Stays,
            false => Verb::Leaves,
        }
    }
}

/// Shows a run that has begun, unless it is to be watched.
pub(super) fn show(
    session: &mut Session,
    begun: &Submitted,
    stay: Stay,
    form: Option<Output>,
) -> anyhow::Result<()> {
    if stay.watch {
        return Ok(());
    }
    let request = Request::Get {
        run: begun.by_uid.clone(),
    };
    if let Answer::Object { object, .. } = session.ask(stay.verb(), &request)? {
        output::print(&shown(&object, session, form))?;
    }
    Ok(())
}

/// Stays with the runs as was asked; the exit code tells how they ended.
pub(super) fn until_the_end(
    session: &mut Session,
    begun: &[Submitted],
    stay: Stay,
) -> anyhow::Result<u8> {
    if stay.watch {
        return run::follow_all(session, &Follower::new()?, begun, run::Shown::Tree, false);
    }
    if stay.log {
        return logs::follow_all(session, begun);
    }
    if stay.wait {
        let runs = begun.iter().map(|one| one.by_uid.clone()).collect();
        return wait::wait_for(session, runs, false);
    }
    Ok(DONE)
}
