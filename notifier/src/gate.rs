//! The gate: the one way in which a task changes.
//!
//! ```text
//!   read the row ─► decide (pure) ─► one Write::Task ─► ring bells, wake the run
//!        ▲                               │
//!        └────────── Stale ──────────────┘
//! ```
//!
//! Nothing is locked while people think: a move is decided on a version of the row and written only
//! if the row still has it; else it is read and decided again, and the caller does not notice.
//! A move that has begun ends even when its caller goes away, so that no wake-up is lost with a
//! connection.
//!
//! Not here: the rules (`usher_notifier_core::decide`).

mod body;
mod rows;

use std::sync::Arc;

use usher_ledger::tasks::{LinkRow, MailPhase, StoredAnswer, TaskReader, TaskRow, state};
use usher_ledger::{Error, Outcome, Write};
use usher_notifier_core::decide::{Change, Event, Refusal, Rules, Told, World, decide};
use usher_notifier_core::task::Task;

use crate::ports::Ports;
use crate::timers;

pub use body::task_of;

/// A move is decided anew at most so often; each time somebody else has moved the task meanwhile.
const TRIES: u32 = 50;

/// The gate. Clones share it.
#[derive(Debug, Clone)]
pub struct Gate {
    ports: Ports,
}

/// A move that was made, or that was not needed.
#[derive(Debug, Clone)]
pub struct Done {
    /// What to tell who asked.
    pub told: Told,
    /// The task after it.
    pub task: Task,
    /// The row's version after it.
    pub version: i64,
}

/// Why nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum GateError {
    /// A rule forbids it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such task.
    #[error("there is no such request")]
    NotFound,
    /// The key of the call was used for another call before.
    #[error("this Idempotency-Key was used for another call; take a new one")]
    KeyReused,
    /// The row cannot be read by this release.
    #[error("task {task}: its row cannot be read: {reason}")]
    Unreadable {
        /// The task's id.
        task: String,
        /// What is wrong.
        reason: String,
    },
    /// The ledger does not answer, or did not take the write.
    #[error("the ledger cannot be used now: {0}")]
    Unavailable(Arc<str>),
}

impl From<Error> for GateError {
    fn from(error: Error) -> GateError {
        GateError::Unavailable(error.chain().into())
    }
}

/// A call that names a key: the same key with the same call gives the same answer, at any time.
#[derive(Debug, Clone)]
pub struct Keyed {
    /// Who calls: keys of two callers never meet.
    pub scope: String,
    /// The key that the caller chose.
    pub key: String,
    /// A hash of the call.
    pub asked: String,
    /// Makes the answer of the move that was made.
    pub answer: fn(&Done) -> Vec<u8>,
}

/// A link with its task, of one instant.
#[derive(Debug, Clone)]
pub struct Linked {
    /// The link's row.
    pub link: LinkRow,
    /// The task's row.
    pub row: TaskRow,
    /// The task.
    pub task: Task,
    /// All its links.
    pub links: Vec<LinkRow>,
}

/// A task as it was read, of one instant.
struct Seen {
    row: TaskRow,
    task: Task,
    links: Vec<LinkRow>,
}

/// How a move ended: it was made, or its answer was known already.
enum Moved {
    Made(Box<Done>),
    Known(Vec<u8>),
}

impl Gate {
    /// A gate on these ports.
    #[must_use]
    pub fn new(ports: Ports) -> Gate {
        Gate { ports }
    }

    /// The ports.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Moves a task.
    ///
    /// # Errors
    /// Why nothing was changed. [`GateError::Unavailable`] may come after a commit that nobody
    /// could confirm; the same call again tells.
    pub async fn move_task(&self, id: &str, event: Event) -> Result<Done, GateError> {
        self.made(id, event, None).await
    }

    /// Moves the task behind a link, which was just read and mostly is still the same.
    ///
    /// # Errors
    /// As [`Gate::move_task`].
    pub async fn move_linked(&self, linked: &Linked, event: Event) -> Result<Done, GateError> {
        let seen = Seen {
            row: linked.row.clone(),
            task: linked.task.clone(),
            links: linked.links.clone(),
        };
        self.made(&linked.row.id, event, Some(seen)).await
    }

    async fn made(&self, id: &str, event: Event, seen: Option<Seen>) -> Result<Done, GateError> {
        match self.spawn(id, event, None, seen).await? {
            Moved::Made(done) => Ok(*done),
            Moved::Known(_) => Err(GateError::KeyReused),
        }
    }

    /// Moves a task for a call that names a key, and gives the call's answer.
    ///
    /// # Errors
    /// As [`Gate::move_task`]; [`GateError::KeyReused`] when the key stands for another call.
    pub async fn move_keyed(
        &self,
        id: &str,
        event: Event,
        keyed: Keyed,
    ) -> Result<Vec<u8>, GateError> {
        let answer = keyed.answer;
        match self.spawn(id, event, Some(keyed), None).await? {
            Moved::Made(done) => Ok(answer(&done)),
            Moved::Known(bytes) => Ok(bytes),
        }
    }

    /// A task with its row.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn task(&self, id: &str) -> Result<Option<(TaskRow, Task)>, GateError> {
        Ok(self.see(id).await?.map(|seen| (seen.row, seen.task)))
    }

    /// A task with its row and links.
    async fn see(&self, id: &str) -> Result<Option<Seen>, GateError> {
        let id = id.to_owned();
        let read = move |reader: &mut dyn TaskReader| {
            let Some(row) = reader.task(&id)? else {
                return Ok(None);
            };
            Ok(Some((row, reader.links(&id)?)))
        };
        let Some((row, links)) = self.ports.store.read(read).await? else {
            return Ok(None);
        };
        let task = task_of(&row)?;
        Ok(Some(Seen { row, task, links }))
    }

    /// The task behind a link; none when there is no such link, or it has another key.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn of_link(&self, link: &[u8], key: u8) -> Result<Option<Linked>, GateError> {
        let id = link.to_vec();
        let read = move |reader: &mut dyn TaskReader| {
            let found = reader.task_of_link(&id)?;
            let Some((link, row)) = found.filter(|(link, _)| link.key == key) else {
                return Ok(None);
            };
            let links = reader.links(&row.id)?;
            Ok(Some((link, row, links)))
        };
        let Some((link, row, links)) = self.ports.store.read(read).await? else {
            return Ok(None);
        };
        let task = task_of(&row)?;
        Ok(Some(Linked {
            link,
            row,
            task,
            links,
        }))
    }

    /// Whether an event would change anything about a task, as its row was read.
    ///
    /// # Errors
    /// When the row or the ledger cannot be read.
    pub(crate) async fn would_move(&self, row: &TaskRow, event: &Event) -> Result<bool, GateError> {
        let task = task_of(row)?;
        match self.decide(row, &task, event).await {
            Ok(change) => Ok(!rows::changes_nothing(row, &task, &change)),
            Err(GateError::Refused(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Moves on a task of its own: a caller that goes away takes nothing along.
    async fn spawn(
        &self,
        id: &str,
        event: Event,
        keyed: Option<Keyed>,
        seen: Option<Seen>,
    ) -> Result<Moved, GateError> {
        let (gate, id) = (self.clone(), id.to_owned());
        let work = async move { gate.run(&id, &event, keyed.as_ref(), seen).await };
        match tokio::spawn(work).await {
            Ok(moved) => moved,
            Err(_) => Err(GateError::Unavailable("a decision did not end".into())),
        }
    }

    async fn run(
        &self,
        id: &str,
        event: &Event,
        keyed: Option<&Keyed>,
        mut seen: Option<Seen>,
    ) -> Result<Moved, GateError> {
        for _ in 0..TRIES {
            if let Some(known) = self.known(keyed).await? {
                return Ok(Moved::Known(known));
            }
            let seen = match seen.take() {
                Some(seen) => seen,
                None => self.see(id).await?.ok_or(GateError::NotFound)?,
            };
            let change = self.decide(&seen.row, &seen.task, event).await?;
            if let Some(done) = self.write(&seen, change, keyed).await? {
                return Ok(Moved::Made(Box::new(done)));
            }
        }
        Err(GateError::Unavailable(
            "too many people decide at once".into(),
        ))
    }

    /// The answer that this call got before.
    async fn known(&self, keyed: Option<&Keyed>) -> Result<Option<Vec<u8>>, GateError> {
        let Some(keyed) = keyed else { return Ok(None) };
        let (scope, key) = (keyed.scope.clone(), keyed.key.clone());
        let job = move |reader: &mut dyn TaskReader| reader.answer(&scope, &key);
        match self.ports.store.read(job).await? {
            None => Ok(None),
            Some(stored) if stored.asked == keyed.asked => Ok(Some(stored.answer)),
            Some(_) => Err(GateError::KeyReused),
        }
    }

    async fn decide(&self, row: &TaskRow, task: &Task, event: &Event) -> Result<Change, GateError> {
        if row.state == state::CLOSING && !matches!(event, Event::Closed { .. }) {
            let reason = row.close_reason.clone().unwrap_or_default();
            return Err(Refusal::Closed(reason).into());
        }
        let first_sent_ms = match event {
            Event::Due => self.first_sent(&row.id).await?,
            _ => None,
        };
        let people = match self.ports.directory.people() {
            Ok(people) => Some(people),
            Err(reason) => {
                tracing::warn!(%reason, "the directory of people cannot be read");
                None
            }
        };
        let rules = Rules {
            signing_key: self.ports.keys().signing(),
            ..self.ports.settings.rules.clone()
        };
        let world = World {
            now_ms: self.ports.clock.now_ms(),
            people: people.as_deref(),
            rules: &rules,
            seed: seed()?,
            first_sent_ms,
        };
        let mut change = decide(task, event, &world)?;
        self.only_those_who_were_asked(&row.id, &mut change).await?;
        Ok(change)
    }

    /// When the first request of a task was taken by a server.
    async fn first_sent(&self, task: &str) -> Result<Option<i64>, GateError> {
        let id = task.to_owned();
        let mails = self
            .ports
            .store
            .read(move |reader| reader.mails_of_task(&id))
            .await?;
        let requests = mails.iter().filter(|row| row.mail.kind == "request");
        Ok(requests.filter_map(|row| row.sent_ms).min())
    }

    /// Nobody is told that a vote is not needed any more who was never asked for one.
    async fn only_those_who_were_asked(
        &self,
        task: &str,
        change: &mut Change,
    ) -> Result<(), GateError> {
        const KIND: &str = "noLongerNeeded";
        if !change.mails.iter().any(|post| post.kind == KIND) {
            return Ok(());
        }
        let id = task.to_owned();
        let mails = self
            .ports
            .store
            .read(move |reader| reader.mails_of_task(&id))
            .await?;
        let asked = |slot: Option<u32>| {
            mails.iter().any(|row| {
                let out = matches!(row.phase, MailPhase::Sent | MailPhase::Leased);
                out && row.mail.kind == "request" && row.mail.slot == slot
            })
        };
        change
            .mails
            .retain(|post| post.kind != KIND || asked(post.slot));
        Ok(())
    }

    /// Writes a change; none when another was faster.
    async fn write(
        &self,
        seen: &Seen,
        change: Change,
        keyed: Option<&Keyed>,
    ) -> Result<Option<Done>, GateError> {
        let row = &seen.row;
        let mut done = Done {
            told: change.told,
            task: change.task.clone(),
            version: row.version,
        };
        if keyed.is_none() && rows::changes_nothing(row, &seen.task, &change) {
            return Ok(Some(done));
        }
        done.version += 1;
        let now_ms = self.ports.clock.now_ms();
        let mut write = rows::write_of(row, &change, &seen.links, now_ms)?;
        write.answer = keyed.map(|keyed| StoredAnswer {
            scope: keyed.scope.clone(),
            key: keyed.key.clone(),
            asked: keyed.asked.clone(),
            answer: (keyed.answer)(&done),
            at_ms: now_ms,
        });
        let (mails, decided) = (!write.mails.is_empty(), write.command.is_some());
        match self.ports.store.write(Write::Task(Box::new(write))).await? {
            Outcome::Committed { .. } | Outcome::Inserted { .. } => {
                self.tell(&row.run, mails, decided, done.task.due_ms());
                Ok(Some(done))
            }
            // Unknown: the row tells, and a call that names its key or form is known again.
            Outcome::Stale | Outcome::Unknown { .. } => Ok(None),
            Outcome::Refused { reason } => Err(GateError::Unavailable(reason.into())),
        }
    }

    fn tell(&self, run: &str, mails: bool, decided: bool, due_ms: Option<i64>) {
        match decided {
            true => self.ports.wake.wake(run),
            false => self.ports.wake.changed(run),
        }
        if mails {
            self.ports.bells.mails.notify_one();
        }
        // What is due later is looked at by itself: just now the run has more urgent things to do.
        let look_ms = i64::try_from(timers::LOOK.as_millis()).unwrap_or(i64::MAX);
        let soon = self.ports.clock.now_ms().saturating_add(look_ms);
        if due_ms.is_some_and(|due| due <= soon) {
            self.ports.bells.tasks.notify_one();
        }
    }
}

fn seed() -> Result<[u8; 32], GateError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| GateError::Unavailable(format!("no random bytes: {error}").into()))?;
    Ok(seed)
}
