//! The loop that looks at due tasks: opens those that a run has asked for, records those that a run
//! has closed, and ends those whose time is over.
//!
//! ```text
//!   row `Opening` ─► Prepare      row `Closing` ─► Closed      any other ─► Due
//!   the people changed ─► PeopleChanged      a key was taken away ─► KeysGone      (open tasks)
//! ```
//!
//! A due time is a column of a committed row, so nothing is held in memory and nothing is lost with
//! a process. Every replica may run the loop: the gate lets one of them through. Tasks are moved
//! one after the other, so that a vote never waits for more than one of them; only those that a run
//! has just asked for are opened side by side, so that one commit takes several.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use usher_ledger::tasks::{TaskFilter, TaskReader, TaskRow, state};
use usher_notifier_core::decide::{Event, Refusal};
use usher_notifier_core::people::People;

use crate::gate::{Gate, GateError};
use crate::ports::Ports;

/// At most so many tasks are looked up at a time.
const BATCH: usize = 64;

/// At most so many tasks are opened side by side: about what is decided while one commit is under
/// way.
const SIDE_BY_SIDE: usize = 16;

/// Even without a bell somebody looks this often.
pub(crate) const LOOK: Duration = Duration::from_secs(2);

/// After a fault the loop waits this long, then twice as long, up to [`WAIT_MAX`].
const WAIT: Duration = Duration::from_millis(250);

/// The longest wait after a fault.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// So many open tasks are visited at a time in a round: with more, a page would have to wait for
/// its processor.
const ROUND_BATCH: usize = 16;

/// Then the machine is left to others for this long. A million open tasks take three minutes.
const ROUND_PAUSE: Duration = Duration::from_millis(2);

/// A task that could not be moved is not tried again before this, so that it keeps nobody else
/// from being looked at.
const SHELVED_MS: i64 = 60_000;

/// What the loop remembers between two looks.
struct Timers {
    gate: Gate,
    people: Option<Arc<People>>,
    keys: Vec<u8>,
    /// Tasks that could not be moved, and when they are tried again.
    shelved: BTreeMap<String, i64>,
    /// Rounds through the open tasks that have not come to their end.
    rounds: VecDeque<Round>,
}

/// A round through all open tasks, the newest first: something was changed that may concern them.
struct Round {
    event: Event,
    before: Option<(i64, String)>,
}

/// What a look found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// More is due now.
    More,
    /// Nothing is due; a round goes on.
    Round,
    /// Nothing is to be done now.
    Quiet,
}

/// Runs until the process ends.
pub async fn run(ports: Ports) {
    let mut ending = ports.ending.clone();
    let mut ring = ports.ring.clone();
    let mut timers = Timers::new(ports.clone());
    let mut wait = WAIT;
    while !*ending.borrow() {
        let pause = match timers.look().await {
            Ok(found) => {
                wait = WAIT;
                match found {
                    Look::More => continue,
                    Look::Round => ROUND_PAUSE,
                    Look::Quiet => timers.until_next().await,
                }
            }
            Err(fault) => {
                tracing::error!(%fault, "due requests cannot be looked at");
                let pause = wait;
                wait = (wait * 2).min(WAIT_MAX);
                pause
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = ports.bells.tasks.notified() => {}
            () = changed(&mut ring) => {}
            () = ended(&mut ending) => break,
        }
    }
}

/// One look, for who wants to wait for its end: everything that is due now is moved.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn sweep(ports: &Ports) -> Result<(), GateError> {
    let mut timers = Timers::new(ports.clone());
    while timers.look().await? != Look::Quiet {}
    Ok(())
}

impl Timers {
    fn new(ports: Ports) -> Timers {
        Timers {
            people: None,
            keys: Vec::new(),
            shelved: BTreeMap::new(),
            rounds: VecDeque::new(),
            gate: Gate::new(ports),
        }
    }

    fn ports(&self) -> &Ports {
        self.gate.ports()
    }

    /// Moves a batch of due tasks, and goes on with a round when there are no more.
    async fn look(&mut self) -> Result<Look, GateError> {
        self.follow_people();
        self.follow_keys();
        let now_ms = self.now_ms();
        self.shelved.retain(|_, until| *until > now_ms);
        let most = BATCH + self.shelved.len();
        let read = move |reader: &mut dyn TaskReader| {
            let due = reader.tasks_due(now_ms, most)?;
            due.iter()
                .map(|id| reader.task(id))
                .collect::<Result<Vec<_>, _>>()
        };
        let rows = self.ports().store.read(read).await?;
        let due = rows.into_iter().flatten();
        let rows: Vec<TaskRow> = due.filter(|row| !self.is_shelved(&row.id)).collect();
        let has_more = rows.len() >= BATCH;
        for some in rows.chunk_by(|one, next| is_opening(one) && is_opening(next)) {
            for few in some.chunks(SIDE_BY_SIDE) {
                if self.is_ending() {
                    return Ok(Look::Quiet);
                }
                self.move_all(few).await;
            }
        }
        if has_more {
            return Ok(Look::More);
        }
        self.go_round().await
    }

    fn is_shelved(&self, id: &str) -> bool {
        self.shelved.contains_key(id)
    }

    fn is_ending(&self) -> bool {
        *self.ports().ending.borrow()
    }

    /// Moves these side by side. What does not work is told and put off: the others are due too.
    async fn move_all(&mut self, rows: &[TaskRow]) {
        let mut moves = JoinSet::new();
        for row in rows {
            let (gate, id, event) = (self.gate.clone(), row.id.clone(), event_of(row));
            moves.spawn(async move { fault_of(&gate, &id, event).await.map(|fault| (id, fault)) });
        }
        while let Some(moved) = moves.join_next().await {
            let Ok(Some((id, fault))) = moved else {
                continue;
            };
            tracing::warn!(task = id, %fault, "a due request is put off");
            self.shelved
                .insert(id, self.now_ms().saturating_add(SHELVED_MS));
        }
    }

    fn now_ms(&self) -> i64 {
        self.ports().clock.now_ms()
    }

    /// Begins a round when the directory says something else than at the last look. The first
    /// look begins one too: people may have changed while nobody looked.
    fn follow_people(&mut self) {
        let Ok(now) = self.ports().directory.people() else {
            return;
        };
        let before = self.people.replace(now.clone());
        if before.is_none_or(|before| !Arc::ptr_eq(&before, &now) && *before != *now) {
            self.begin_round(Event::PeopleChanged);
        }
    }

    /// Begins a round when a key was taken away, and at the first look.
    fn follow_keys(&mut self) {
        let left = self.ports().keys().key_ids();
        if left == self.keys {
            return;
        }
        let is_gone = self.keys.is_empty() || self.keys.iter().any(|key| !left.contains(key));
        self.keys.clone_from(&left);
        if is_gone {
            self.begin_round(Event::KeysGone { left });
        }
    }

    fn begin_round(&mut self, event: Event) {
        let other =
            |round: &Round| std::mem::discriminant(&round.event) != std::mem::discriminant(&event);
        // A round of the same kind begins anew: it has to see the newest state.
        self.rounds.retain(other);
        self.rounds.push_back(Round {
            event,
            before: None,
        });
    }

    /// Goes on with a round by one page of rows.
    async fn go_round(&mut self) -> Result<Look, GateError> {
        let Some(round) = self.rounds.front_mut() else {
            return Ok(Look::Quiet);
        };
        let page = TaskFilter {
            open: Some(true),
            before: round.before.clone(),
            limit: ROUND_BATCH,
            ..TaskFilter::default()
        };
        let event = round.event.clone();
        let read = move |reader: &mut dyn TaskReader| reader.tasks(&page);
        let rows = self.ports().store.read(read).await?;
        let is_last = rows.len() < ROUND_BATCH;
        for row in &rows {
            if self.is_ending() {
                return Ok(Look::Quiet);
            }
            self.visit(row, &event).await;
        }
        match (self.rounds.front_mut(), rows.last()) {
            (Some(round), Some(last)) if !is_last => {
                round.before = Some((last.opened_ms, last.id.clone()));
            }
            _ => drop(self.rounds.pop_front()),
        }
        let is_over = self.rounds.is_empty();
        Ok(if is_over { Look::Quiet } else { Look::Round })
    }

    /// Moves an open task if the event changes anything about it.
    async fn visit(&self, row: &TaskRow, event: &Event) {
        if row.state == state::OPENING || row.state == state::CLOSING {
            return;
        }
        let moved = match self.gate.would_move(row, event).await {
            Ok(false) => return,
            Ok(true) => self.gate.move_task(&row.id, event.clone()).await.map(drop),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = moved {
            tracing::warn!(task = row.id, %fault, "an open request does not follow a change");
        }
    }

    /// How long nobody needs to look.
    async fn until_next(&self) -> Duration {
        let read = |reader: &mut dyn TaskReader| reader.next_task_due();
        match self.ports().store.read(read).await {
            Ok(Some(due)) => {
                let wait = due.saturating_sub(self.now_ms()).max(50);
                Duration::from_millis(u64::try_from(wait).unwrap_or(0)).min(LOOK)
            }
            Ok(None) | Err(_) => LOOK,
        }
    }
}

/// Moves a task, and answers why it is to be put off.
async fn fault_of(gate: &Gate, id: &str, event: Event) -> Option<String> {
    match gate.move_task(id, event).await {
        Ok(done) => {
            let now_ms = gate.ports().clock.now_ms();
            let is_due = done.task.due_ms().is_some_and(|due| due <= now_ms);
            is_due.then(|| "it is due again at once".to_owned())
        }
        // Somebody else was faster, or the run has removed or closed it: the next look shows.
        Err(GateError::NotFound | GateError::Refused(Refusal::Closed(_))) => None,
        Err(fault) => Some(fault.to_string()),
    }
}

fn is_opening(row: &TaskRow) -> bool {
    row.state == state::OPENING
}

/// What a due row needs.
fn event_of(row: &TaskRow) -> Event {
    match row.state.as_str() {
        state::OPENING => Event::Prepare,
        state::CLOSING => Event::Closed {
            reason: row.close_reason.clone().unwrap_or_default(),
        },
        _ => Event::Due,
    }
}

async fn changed<T>(watched: &mut watch::Receiver<T>) {
    if watched.changed().await.is_err() {
        // Nobody can change it any more.
        std::future::pending::<()>().await;
    }
}

async fn ended(ending: &mut watch::Receiver<bool>) {
    while !*ending.borrow() {
        if ending.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
