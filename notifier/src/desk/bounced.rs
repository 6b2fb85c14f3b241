//! Mail that came back, as a mail server hands it over: the way of bounces into the product.
//!
//! Whoever runs the engine may hand in any mail; what it does is decided by the MAC of its address
//! alone, so a mail that is none of ours does nothing.

use serde::{Deserialize, Serialize};

use super::{Caller, Desk, DeskError};
use crate::bounce::{self, Accepted};

/// What became of a mail that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Returned {
    /// `bounced`, `later`, `again`, `noted`, `dropped`.
    pub told: String,
    /// The number of the mail that it is about; none when it was dropped.
    pub mail: Option<i64>,
    /// When the mail goes again, milliseconds UTC.
    pub due_ms: Option<i64>,
    /// What it says, or why it was dropped.
    pub what: String,
}

impl Returned {
    fn of(accepted: Accepted) -> Returned {
        let (told, mail, due_ms, what) = match accepted {
            Accepted::Bounced { mail } => ("bounced", Some(mail), None, String::new()),
            Accepted::Later { mail, due_ms } => ("later", Some(mail), Some(due_ms), String::new()),
            Accepted::Again { mail } => ("again", Some(mail), None, String::new()),
            Accepted::Noted { mail, what } => ("noted", Some(mail), None, what),
            Accepted::Dropped { reason } => ("dropped", None, None, reason.to_owned()),
        };
        Returned {
            told: told.to_owned(),
            mail,
            due_ms,
            what,
        }
    }
}

impl Desk {
    /// Takes a delivery report in. `recipient` is the address of its envelope, where the mail
    /// server tells it.
    ///
    /// # Errors
    /// [`DeskError::Forbidden`] for other accounts than the engine's own;
    /// [`DeskError::Unavailable`] when nothing could be recorded: give it again.
    pub async fn bounce(
        &self,
        raw: &[u8],
        recipient: Option<&str>,
        caller: &Caller,
    ) -> Result<Returned, DeskError> {
        if !caller.operator {
            return Err(DeskError::Forbidden(
                "mail that came back is taken from the engine's own account alone".to_owned(),
            ));
        }
        let accepted = bounce::accept(self.ports(), &self.gate, raw, recipient).await;
        let unavailable = |error: bounce::BounceError| DeskError::Unavailable(error.to_string());
        accepted.map(Returned::of).map_err(unavailable)
    }
}
