//! Mail that comes back: delivery reports, read by their structure and believed by their address.
//!
//! ```text
//!   raw report ─► To: bounce+ID.MAC@… (ours?) ─► message/delivery-status ─► what it means
//!     5.1.x and the like   ─► the gate hears of it, the mail is bounced
//!     4.x, full mailbox    ─► sent again tomorrow, for three days
//!     anything else        ─► stays sent, and is logged
//! ```
//!
//! Anybody can send a report. One whose envelope address has no valid MAC is dropped unread; what
//! people wrote into it is never looked at. The same report twice changes nothing the second time.

mod report;

use usher_ledger::tasks::{MailPhase, MailRow, MailWrite};
use usher_ledger::{Error, Outcome, Write};

use crate::courier::TellGate;
use crate::ports::Ports;

use report::{Meaning, Report};

/// A longer one is dropped, bytes: reports carry headers, not mails.
const BYTES_MAX: usize = 1 << 20;

const DAY_MS: i64 = 24 * 60 * 60_000;

/// A mail that bounces softly is sent again until it is so old.
const SOFT_MS: i64 = 3 * DAY_MS;

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// The mail did not arrive and will not.
    Bounced {
        /// Its number.
        mail: i64,
    },
    /// The mail did not arrive; it goes again.
    Later {
        /// Its number.
        mail: i64,
        /// When, milliseconds UTC.
        due_ms: i64,
    },
    /// It was known already.
    Again {
        /// The mail's number.
        mail: i64,
    },
    /// Nothing is to be done: a delay, a success, or a fault that says nothing of the address.
    Noted {
        /// The mail's number.
        mail: i64,
        /// What the report says.
        what: String,
    },
    /// No report on a mail of ours.
    Dropped {
        /// Why.
        reason: &'static str,
    },
}

/// Why a report could not be taken in; the same report may be given again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BounceError {
    /// The ledger.
    #[error("the ledger cannot be used now: {0}")]
    Ledger(String),
    /// The gate.
    #[error("the request could not be told: {0}")]
    Gate(String),
}

impl From<Error> for BounceError {
    fn from(error: Error) -> BounceError {
        BounceError::Ledger(error.chain())
    }
}

/// Takes a report in. `recipient` is the address of the envelope, where the receiver knows it;
/// otherwise the headers are asked.
///
/// # Errors
/// When nothing could be recorded.
pub async fn accept(
    ports: &Ports,
    gate: &dyn TellGate,
    raw: &[u8],
    recipient: Option<&str>,
) -> Result<Accepted, BounceError> {
    if raw.len() > BYTES_MAX {
        return Ok(Accepted::Dropped {
            reason: "it is longer than 1 MiB",
        });
    }
    let Some(report) = Report::parse(raw) else {
        return Ok(Accepted::Dropped {
            reason: "it is no delivery report (RFC 3464)",
        });
    };
    let ring = ports.keys();
    let addresses = recipient.into_iter().chain(report.addresses());
    let Some(mail) = addresses.filter_map(|one| ring.open_verp(one)).next() else {
        return Ok(Accepted::Dropped {
            reason: "its address is none of ours: the MAC is missing or wrong",
        });
    };
    let Some(row) = ports.store.read(move |r| r.mail(mail)).await? else {
        return Ok(Accepted::Dropped {
            reason: "the mail is not known any more",
        });
    };
    match row.phase {
        MailPhase::Sent => take(ports, gate, row, &report).await,
        // It has come back before, or it has not even left: an older try of it came back.
        MailPhase::Bounced
        | MailPhase::Queued
        | MailPhase::Leased
        | MailPhase::Cancelled
        | MailPhase::Dead => Ok(Accepted::Again { mail }),
    }
}

async fn take(
    ports: &Ports,
    gate: &dyn TellGate,
    row: MailRow,
    report: &Report,
) -> Result<Accepted, BounceError> {
    let mail = row.id;
    let (meaning, what) = report.about(&row.mail.recipient);
    let now_ms = ports.clock.now_ms();
    let tomorrow = now_ms.saturating_add(DAY_MS);
    match meaning {
        Meaning::Nothing => Ok(Accepted::Noted { mail, what }),
        Meaning::Unclear => {
            tracing::warn!(mail, %what, "a mail came back, and nobody knows whose fault it is");
            Ok(Accepted::Noted { mail, what })
        }
        Meaning::Soft if tomorrow <= row.created_ms.saturating_add(SOFT_MS) => {
            let again = MailWrite {
                phase: MailPhase::Queued,
                due_ms: Some(tomorrow),
                ..unchanged(&row, what)
            };
            write(ports, again).await.map(|written| match written {
                true => Accepted::Later {
                    mail,
                    due_ms: tomorrow,
                },
                false => Accepted::Again { mail },
            })
        }
        Meaning::Soft | Meaning::Hard => {
            // First the gate: should this process die in between, the report can be given again.
            if let (Some(task), Some(slot)) = (&row.mail.task, row.mail.slot) {
                let told = gate.undeliverable(task, slot, &what).await;
                told.map_err(BounceError::Gate)?;
            }
            tracing::warn!(mail, %what, "a mail came back for good");
            let bounced = MailWrite {
                phase: MailPhase::Bounced,
                ..unchanged(&row, what)
            };
            write(ports, bounced).await.map(|written| match written {
                true => Accepted::Bounced { mail },
                false => Accepted::Again { mail },
            })
        }
    }
}

fn unchanged(row: &MailRow, what: String) -> MailWrite {
    MailWrite {
        id: row.id,
        lease: row.lease,
        phase: row.phase,
        due_ms: None,
        attempts: row.attempts,
        sent_ms: row.sent_ms,
        error: Some(what),
        boxed: None,
        command: None,
    }
}

/// Whether it was written; a row that is another by now has taken the report before.
async fn write(ports: &Ports, write: MailWrite) -> Result<bool, BounceError> {
    match ports.store.write(Write::Mail(Box::new(write))).await? {
        Outcome::Committed { .. } | Outcome::Inserted { .. } => Ok(true),
        Outcome::Stale => Ok(false),
        Outcome::Refused { reason } | Outcome::Unknown { reason } => {
            Err(BounceError::Ledger(reason))
        }
    }
}
