//! One mail on its way: the numbered steps of the outbox (approvals §4.10) and what each answer
//! does to the row (§4.3).

use std::sync::Arc;

use usher_api::command::Command;
use usher_ledger::tasks::{Boxed, MailPhase, MailRow, MailWrite, NewCommand};
use usher_ledger::{Outcome, Write};
use usher_notifier_core::recipe::Recipe;
use usher_notifier_core::task::Task;

use super::TellGate;
use super::letter;
use super::retry;
use super::transport::{Delivery, Transport};
use super::wanted::{self, Wanted};
use crate::ports::Ports;

/// How long a mail is held by who sends it. No send takes as long.
const LEASE_MS: i64 = 2 * 60_000;

/// Of what a server says so much is kept, characters.
const REASON_MAX: usize = 500;

/// What a try says about the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It answers.
    Answered,
    /// It does not, or wants nothing from us.
    Fault(String),
    /// Nothing: it was not asked.
    Nothing,
}

/// What every mail on its way needs.
pub(super) struct Carrier {
    pub(super) ports: Ports,
    pub(super) transport: Arc<dyn Transport>,
    gate: Arc<dyn TellGate>,
}

/// A leased mail with what it waits for.
struct Held {
    row: MailRow,
    /// Who waits for the sending.
    waits: Option<Waits>,
}

/// A node that waits for the sending.
struct Waits {
    run: String,
    node: u32,
    /// How often its run had been retried.
    round: u32,
}

/// How a row is left.
struct Leave {
    phase: MailPhase,
    due_ms: Option<i64>,
    sent_ms: Option<i64>,
    error: Option<String>,
    boxed: Option<Boxed>,
}

impl Leave {
    fn ended(phase: MailPhase, error: Option<String>) -> Leave {
        Leave {
            phase,
            due_ms: None,
            sent_ms: None,
            error,
            boxed: None,
        }
    }
}

impl Carrier {
    pub(super) fn new(
        ports: Ports,
        transport: Arc<dyn Transport>,
        gate: Arc<dyn TellGate>,
    ) -> Carrier {
        Carrier {
            ports,
            transport,
            gate,
        }
    }

    /// Gives a mail a later due time, because too many went lately.
    pub(super) async fn put_off(&self, row: MailRow, later_ms: i64) -> End {
        let write = MailWrite {
            id: row.id,
            lease: row.lease,
            phase: MailPhase::Queued,
            due_ms: Some(later_ms),
            attempts: row.attempts,
            sent_ms: row.sent_ms,
            error: row.error,
            boxed: None,
            command: None,
        };
        self.write(write).await;
        End::Nothing
    }

    /// Carries one mail as far as it goes today.
    pub(super) async fn carry(&self, row: MailRow) -> End {
        let Some(row) = self.lease(row).await else {
            return End::Nothing;
        };
        let mut held = Held { row, waits: None };
        let looked = held.row.clone();
        let now_ms = self.ports.clock.now_ms();
        let read = self
            .ports
            .store
            .read(move |reader| wanted::look(reader, &looked, now_ms))
            .await;
        let (recipe, task) = match read {
            Ok(Wanted::Yes(recipe, task)) => (recipe, task),
            Ok(Wanted::No(reason)) => {
                held.row.attempts = held.row.attempts.saturating_sub(1);
                let leave = Leave::ended(MailPhase::Cancelled, Some(reason));
                self.leave(&held, leave).await;
                return End::Nothing;
            }
            Ok(Wanted::Unreadable(reason)) => {
                self.later(&held, &reason).await;
                return End::Nothing;
            }
            Err(error) => {
                // Stays leased: nothing can be written either.
                tracing::warn!(mail = held.row.id, error = %error.chain(), "a mail waits");
                return End::Nothing;
            }
        };
        held.waits = waiting(&held.row, &recipe);
        self.send(held, &recipe, task.as_deref()).await
    }

    async fn lease(&self, mut row: MailRow) -> Option<MailRow> {
        let due_ms = self.ports.clock.now_ms().saturating_add(LEASE_MS);
        let write = MailWrite {
            id: row.id,
            lease: row.lease,
            phase: MailPhase::Leased,
            due_ms: Some(due_ms),
            attempts: row.attempts.saturating_add(1),
            sent_ms: row.sent_ms,
            error: row.error.clone(),
            boxed: None,
            command: None,
        };
        if !self.write(write).await {
            return None;
        }
        row.lease += 1;
        row.attempts = row.attempts.saturating_add(1);
        row.phase = MailPhase::Leased;
        row.mail.due_ms = due_ms;
        Some(row)
    }

    async fn send(&self, held: Held, recipe: &Recipe, task: Option<&Task>) -> End {
        if let Some(reason) = self.forbidden(&held.row.mail.recipient) {
            let leave = Leave::ended(MailPhase::Cancelled, Some(reason));
            self.leave(&held, leave).await;
            return End::Nothing;
        }
        let parcel = match letter::parcel(&held.row, recipe, task, &self.ports) {
            Ok(parcel) => parcel,
            Err(reason) => {
                tracing::error!(mail = held.row.id, %reason, "a mail cannot be made");
                self.later(&held, &reason).await;
                return End::Nothing;
            }
        };
        match self.transport.send(&parcel).await {
            Delivery::Taken(boxed) => {
                let leave = Leave {
                    phase: MailPhase::Sent,
                    due_ms: None,
                    sent_ms: Some(self.ports.clock.now_ms()),
                    error: None,
                    boxed,
                };
                self.leave(&held, leave).await;
                End::Answered
            }
            Delivery::Uncertain(reason) => {
                // Nothing is written: the lease ends, and the same bytes go again.
                let mail = held.row.id;
                tracing::warn!(mail, %reason, "nobody knows whether a mail arrived; it goes again");
                End::Fault(reason)
            }
            Delivery::Later(reason) => {
                self.later(&held, &reason).await;
                End::Answered
            }
            Delivery::Refused(reason) => {
                self.gone(&held, MailPhase::Bounced, &reason).await;
                End::Answered
            }
            Delivery::Ours(reason) | Delivery::NoServer(reason) => {
                self.later(&held, &reason).await;
                End::Fault(reason)
            }
        }
    }

    /// Why no mail goes to this address at all: the last of several doors.
    fn forbidden(&self, recipient: &str) -> Option<String> {
        let allowed = &self.ports.settings.rules.domains;
        let domain = recipient.rsplit('@').next().unwrap_or_default();
        let known = allowed.iter().any(|one| one.eq_ignore_ascii_case(domain));
        (!allowed.is_empty() && !known)
            .then(|| format!("the settings allow no mail to the domain `{domain}`"))
    }

    /// Another try, or the end after five days.
    async fn later(&self, held: &Held, reason: &str) {
        let row = &held.row;
        let now_ms = self.ports.clock.now_ms();
        match retry::next_ms(row.id, row.attempts, row.created_ms, now_ms) {
            Some(due_ms) => {
                let leave = Leave {
                    due_ms: Some(due_ms),
                    ..Leave::ended(MailPhase::Queued, Some(reason.to_owned()))
                };
                self.leave(held, leave).await;
            }
            None => self.gone(held, MailPhase::Dead, reason).await,
        }
    }

    /// The mail will never arrive. The gate hears of it first: if that fails, or this process
    /// dies here, the mail is tried again and the gate is told again, which changes nothing.
    async fn gone(&self, held: &Held, phase: MailPhase, reason: &str) {
        let mail = held.row.id;
        if let (Some(task), Some(slot)) = (&held.row.mail.task, held.row.mail.slot) {
            let told = self.gate.undeliverable(task, slot, &short(reason)).await;
            if let Err(error) = told {
                tracing::warn!(mail, %error, "a refused mail could not be recorded; it waits");
                return;
            }
        }
        tracing::warn!(mail, ?phase, reason = %short(reason), "a mail will not arrive");
        let leave = Leave::ended(phase, Some(reason.to_owned()));
        self.leave(held, leave).await;
    }

    /// Writes how the mail is left, with the lease that is held, and tells the run that waits.
    async fn leave(&self, held: &Held, leave: Leave) {
        let row = &held.row;
        let error = leave.error.as_deref().map(short);
        let ended = leave.phase != MailPhase::Queued;
        let command = held.waits.as_ref().filter(|_| ended).and_then(|waits| {
            let command = Command::Mailed {
                by: "usher".to_owned(),
                node: waits.node,
                round: waits.round,
                error: error.clone(),
            };
            Some(NewCommand {
                run: waits.run.clone(),
                kind: command.verb().to_owned(),
                body: serde_json::to_vec(&command).ok()?,
                key: Some(format!("mailed/{}", row.id)),
            })
        });
        let run = command.as_ref().map(|command| command.run.clone());
        let write = MailWrite {
            id: row.id,
            lease: row.lease,
            phase: leave.phase,
            due_ms: leave.due_ms,
            attempts: row.attempts,
            sent_ms: leave.sent_ms.or(row.sent_ms),
            error,
            boxed: leave.boxed,
            command,
        };
        if self.write(write).await
            && let Some(run) = run
        {
            self.ports.wake.wake(&run);
        }
    }

    /// Whether it was written. A mail that has another lease by now is somebody else's.
    async fn write(&self, write: MailWrite) -> bool {
        let mail = write.id;
        match self.ports.store.write(Write::Mail(Box::new(write))).await {
            Ok(Outcome::Committed { .. } | Outcome::Inserted { .. }) => true,
            Ok(Outcome::Stale) => false,
            Ok(Outcome::Refused { reason } | Outcome::Unknown { reason }) => {
                tracing::warn!(mail, %reason, "a mail's row was not written");
                false
            }
            Err(error) => {
                tracing::warn!(mail, error = %error.chain(), "a mail's row was not written");
                false
            }
        }
    }
}

fn waiting(row: &MailRow, recipe: &Recipe) -> Option<Waits> {
    match recipe {
        Recipe::Written(written) => Some(Waits {
            run: row.mail.run.clone()?,
            node: written.waits?,
            round: written.round,
        }),
        _ => None,
    }
}

/// A reason as one line of bounded length.
fn short(reason: &str) -> String {
    let clean = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(REASON_MAX).collect()
}
