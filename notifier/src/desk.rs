//! The desk: what people ask about requests by other ways than a mailed link. The command line and
//! the REST paths share it, so a rule cannot hold on one and be missing on the other.
//!
//! Who asks is an account, told by the kernel and mapped to a person by the directory. A person
//! decides the own slot and no other; whoever runs the engine sees every request, others those
//! that ask them.

mod bounced;
mod find;
mod seen;

use std::collections::BTreeMap;

use usher_api::approval::Level;
use usher_ledger::tasks::{TaskFilter, TaskRow};
use usher_notifier_core::decide::{self, Ballot, Event, InputFault, Refusal};
use usher_notifier_core::people::Person;
use usher_notifier_core::record::{self, Sealed};
use usher_notifier_core::task::{SlotState, Task};
use usher_notifier_core::texts::Lang;
use usher_notifier_core::token;

use crate::gate::{Gate, GateError, Keyed, task_of};
use crate::ports::Ports;

pub use bounced::Returned;
pub use find::{Page, Wanted};
pub use seen::{Acted, Entry, Field, Request, Seat, Summary, Verified, Who};

/// The desk. Clones share it.
#[derive(Debug, Clone)]
pub struct Desk {
    gate: Gate,
    call: Option<Call>,
}

/// A call that may come twice.
#[derive(Debug, Clone)]
struct Call {
    key: String,
    asked: String,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account, as the kernel tells it.
    pub account: String,
    /// Whether it is the account that runs the engine: it sees every request and every record.
    pub operator: bool,
    /// `cli` or `api`, for the record.
    pub via: &'static str,
}

/// Why something is not done or shown.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DeskError {
    /// There is no such request, or the caller may not know of it.
    #[error("there is no request `{0}`; `usher approvals list` shows them")]
    NotFound(String),
    /// The beginning of an id fits several requests.
    #[error("`{0}` is the beginning of several requests; give more of it")]
    Ambiguous(String),
    /// The account is nobody's.
    #[error("the account {0} is no person's; add it to `accounts` of one in people.yaml")]
    NoPerson(String),
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// The call itself is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Nothing could be recorded.
    #[error("{0}")]
    Unavailable(String),
    /// The gate says no.
    #[error("{}", words(.0))]
    Gate(#[from] GateError),
}

/// What the gate says, and of wrong input every field.
fn words(error: &GateError) -> String {
    let GateError::Refused(Refusal::Input(faults)) = error else {
        return error.to_string();
    };
    let wrong = Lang::En.texts().wrong;
    let each = |fault: &InputFault| format!("{}: {}", fault.field, wrong(&fault.what));
    faults.iter().map(each).collect::<Vec<_>>().join(" ")
}

impl DeskError {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            DeskError::NotFound(_) | DeskError::Gate(GateError::NotFound) => "not-found",
            DeskError::Ambiguous(_) | DeskError::Invalid(_) => "bad-request",
            DeskError::NoPerson(_) | DeskError::Forbidden(_) => "forbidden",
            DeskError::Gate(GateError::Refused(refusal)) => match refusal {
                Refusal::Closed(_) | Refusal::SlotClosed => "closed",
                Refusal::Outdated => "outdated",
                Refusal::Input(_) => "invalid",
                Refusal::NoDirectory => "unavailable",
                Refusal::TooOften => "too-often",
                _ => "forbidden",
            },
            DeskError::Gate(GateError::KeyReused) => "key-reused",
            DeskError::Gate(GateError::Unreadable { .. }) => "internal",
            DeskError::Gate(GateError::Unavailable(_)) | DeskError::Unavailable(_) => "unavailable",
        }
    }
}

/// A vote by account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// For or against.
    pub approves: bool,
    /// Why.
    pub comment: String,
    /// Values of the form.
    pub values: BTreeMap<String, String>,
    /// The round that was shown.
    pub round: u32,
    /// The digest of what was shown.
    pub digest: String,
    /// The same key again is the same vote.
    pub key: String,
}

impl Desk {
    /// A desk before this gate.
    #[must_use]
    pub fn new(ports: Ports) -> Desk {
        Desk {
            gate: Gate::new(ports),
            call: None,
        }
    }

    /// A desk for one call that names a key: made again with the same words, the call gets the
    /// first answer and nothing is done; with other words it is refused.
    #[must_use]
    pub fn keyed(&self, key: &str, words: &[&[u8]]) -> Desk {
        Desk {
            gate: self.gate.clone(),
            call: Some(Call {
                key: key.to_owned(),
                asked: token::api_hash(words),
            }),
        }
    }

    /// Moves a task, once for a call that names a key.
    async fn act(&self, task: &str, event: Event, caller: &Caller) -> Result<Acted, DeskError> {
        let Some(call) = &self.call else {
            return Ok(seen::acted(&self.gate.move_task(task, event).await?));
        };
        let keyed = Keyed {
            scope: format!("{} {}", caller.via, caller.account),
            key: call.key.clone(),
            asked: call.asked.clone(),
            answer: seen::acted_bytes,
        };
        let bytes = self.gate.move_keyed(task, event, keyed).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| DeskError::Invalid(format!("read the stored answer: {error}")))
    }

    fn ports(&self) -> &Ports {
        self.gate.ports()
    }

    /// The person of an account, if it is one's.
    fn person(&self, caller: &Caller) -> Result<Option<Person>, DeskError> {
        let people = self.ports().directory.people();
        let people = people.map_err(|_| GateError::Refused(Refusal::NoDirectory))?;
        Ok(people.person_of_account(&caller.account).cloned())
    }

    /// Who the caller is.
    ///
    /// # Errors
    /// When the directory cannot be reached.
    pub fn whoami(&self, caller: &Caller) -> Result<Who, DeskError> {
        let people = self.ports().directory.people();
        let people = people.map_err(|_| GateError::Refused(Refusal::NoDirectory))?;
        let person = people.person_of_account(&caller.account);
        Ok(Who {
            account: caller.account.clone(),
            person: person.map(|person| person.id.clone()),
            name: person.map(|person| person.name.clone()),
            operator: caller.operator,
            overrides: people.may_override(&caller.account),
        })
    }

    /// One request, as far as the caller may see it.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] also when the caller may not know of it.
    pub async fn show(&self, id: &str, caller: &Caller) -> Result<Request, DeskError> {
        let (row, task) = self.find(id, caller).await?;
        let mine = slot_of(&task, self.person(caller)?.as_ref());
        Ok(seen::request(&row, &task, mine))
    }

    /// The caller's own vote.
    ///
    /// # Errors
    /// What the gate says, and that the account is nobody's.
    pub async fn decide(&self, id: &str, vote: Vote, caller: &Caller) -> Result<Acted, DeskError> {
        let Some(person) = self.person(caller)? else {
            return Err(DeskError::NoPerson(caller.account.clone()));
        };
        let (row, task) = self.find(id, caller).await?;
        let people = self.ports().directory.people();
        let people = people.map_err(|_| GateError::Refused(Refusal::NoDirectory))?;
        let slot = match decide::slot_of(&task, &person.id, &people) {
            Ok(slot) => slot,
            Err(refusal) => {
                self.refuse(&row.id, caller, refusal.to_string()).await;
                return Err(GateError::Refused(refusal).into());
            }
        };
        let words = asked_hash(&row.id, &vote);
        let nonce = vote.key.clone();
        let ballot = Ballot {
            slot,
            approves: Some(vote.approves),
            comment: vote.comment,
            values: vote.values,
            round: vote.round,
            digest: vote.digest,
            nonce: vote.key,
            level: Level::Account,
            via: caller.via.to_owned(),
            person: Some(person.id),
            client: String::new(),
        };
        let desk = match nonce.as_str() {
            "" => self.clone(),
            key => self.keyed(key, &[words.as_bytes()]),
        };
        let acted = desk.act(&row.id, Event::Vote(ballot), caller).await;
        if let Err(DeskError::Gate(GateError::Refused(refusal))) = &acted
            && refusal.is_recorded()
        {
            self.refuse(&row.id, caller, refusal.to_string()).await;
        }
        acted
    }

    /// Records that somebody tried what is not allowed, and makes the answer.
    async fn refuse(&self, task: &str, caller: &Caller, text: String) -> DeskError {
        let event = Event::Refused {
            actor: format!("account:{}", caller.account),
            reason: text.clone(),
        };
        // The answer is no in either case; what cannot be recorded is in the log.
        if let Err(error) = self.gate.move_task(task, event).await {
            tracing::warn!(%error, task, "a refusal is not recorded");
        }
        DeskError::Forbidden(text)
    }

    /// Mails the request again: to one person, an id or an address, or to all who have not voted.
    ///
    /// # Errors
    /// What the gate says; only the operator and the submitter may.
    pub async fn resend(
        &self,
        id: &str,
        to: Option<&str>,
        caller: &Caller,
    ) -> Result<Acted, DeskError> {
        let (row, task) = self.find(id, caller).await?;
        if !caller.operator && task.asked.submitter != caller.account {
            let text = "only who runs the engine or made the request may mail it again";
            return Err(self.refuse(&row.id, caller, text.to_owned()).await);
        }
        let slot = match to {
            None => None,
            Some(to) => Some(person_slot(&task, to)?),
        };
        let by = caller.account.clone();
        self.act(&row.id, Event::Resend { slot, by }, caller).await
    }

    /// Takes a request back.
    ///
    /// # Errors
    /// What the gate says; only the submitter and the named requester may.
    pub async fn withdraw(&self, id: &str, caller: &Caller) -> Result<Acted, DeskError> {
        let (row, task) = self.find(id, caller).await?;
        let person = self.person(caller)?;
        let named = task.asked.policy.requester.as_deref();
        let is_requester = task.asked.submitter == caller.account
            || person.is_some_and(|one| {
                named.is_some_and(|named| named == one.id || named == one.address)
            });
        if !is_requester {
            let text = "only who made the request may take it back; `usher stop` ends the workflow";
            return Err(self.refuse(&row.id, caller, text.to_owned()).await);
        }
        let by = caller.account.clone();
        self.act(&row.id, Event::Withdraw { by }, caller).await
    }

    /// Decides outside the rules.
    ///
    /// # Errors
    /// What the gate says; only accounts that the people file lists may, and with a reason.
    pub async fn override_(
        &self,
        id: &str,
        approves: bool,
        reason: &str,
        caller: &Caller,
    ) -> Result<Acted, DeskError> {
        let (row, _) = self.find(id, caller).await?;
        if reason.trim().is_empty() {
            return Err(DeskError::Invalid("an override needs a reason".to_owned()));
        }
        let people = self.ports().directory.people();
        let people = people.map_err(|_| GateError::Refused(Refusal::NoDirectory))?;
        if !people.may_override(&caller.account) {
            let text = format!(
                "the account {} may not override; people.yaml lists who may in `overriders`",
                caller.account
            );
            return Err(self.refuse(&row.id, caller, text).await);
        }
        let event = Event::Override {
            by: caller.account.clone(),
            approves,
            reason: reason.to_owned(),
        };
        self.act(&row.id, event, caller).await
    }

    /// The record of a request.
    ///
    /// # Errors
    /// When there is no such request, or the ledger cannot be read.
    pub async fn audit(&self, id: &str, caller: &Caller) -> Result<Vec<Entry>, DeskError> {
        let (row, _) = self.find(id, caller).await?;
        let sealed = self.sealed(&row.id).await?;
        Ok(sealed.iter().map(seen::entry).collect())
    }

    async fn sealed(&self, id: &str) -> Result<Vec<Sealed>, DeskError> {
        let id = id.to_owned();
        let read = move |reader: &mut dyn usher_ledger::tasks::TaskReader| reader.record(&id);
        let rows = self.ports().store.read(read).await;
        let rows = rows.map_err(GateError::from)?;
        Ok(rows.into_iter().map(seen::sealed).collect())
    }

    /// Whether records are as they were written: of one request, or of all that there are.
    ///
    /// # Errors
    /// When there is no such request, or the ledger cannot be read.
    pub async fn verify(&self, id: Option<&str>, caller: &Caller) -> Result<Verified, DeskError> {
        let mut found = Verified::default();
        if let Some(id) = id {
            let (row, task) = self.find(id, caller).await?;
            self.verify_one(&row, &task, &mut found).await?;
            return Ok(found);
        }
        if !caller.operator {
            let text = "only who runs the engine may verify every record; name a request";
            return Err(DeskError::Forbidden(text.to_owned()));
        }
        let mut filter = TaskFilter {
            limit: 500,
            ..TaskFilter::default()
        };
        loop {
            let page = filter.clone();
            let read = move |reader: &mut dyn usher_ledger::tasks::TaskReader| reader.tasks(&page);
            let rows = self.ports().store.read(read).await;
            let rows = rows.map_err(GateError::from)?;
            let Some(last) = rows.last() else {
                return Ok(found);
            };
            filter.before = Some((last.opened_ms, last.id.clone()));
            for row in &rows {
                let task = task_of(row)?;
                self.verify_one(row, &task, &mut found).await?;
            }
        }
    }

    async fn verify_one(
        &self,
        row: &TaskRow,
        task: &Task,
        found: &mut Verified,
    ) -> Result<(), DeskError> {
        let sealed = self.sealed(&row.id).await?;
        found.requests += 1;
        found.entries += sealed.len();
        if let Err(bad) = record::verify_whole(&sealed, &task.chain) {
            found.faults.push(format!("request {}: {bad}", row.id));
        }
        Ok(())
    }

    /// The record of a request as a file: JSON, or CSV.
    ///
    /// # Errors
    /// When there is no such request, or the ledger cannot be read.
    pub async fn export(
        &self,
        id: &str,
        as_csv: bool,
        caller: &Caller,
    ) -> Result<String, DeskError> {
        let (row, _) = self.find(id, caller).await?;
        let sealed = self.sealed(&row.id).await?;
        if as_csv {
            return Ok(record::csv(&sealed));
        }
        let entries: Vec<Entry> = sealed.iter().map(seen::entry).collect();
        serde_json::to_string_pretty(&entries)
            .map(|text| text + "\n")
            .map_err(|error| DeskError::Invalid(error.to_string()))
    }

    /// Takes a comment's text out of the record and of the request; its hash stays.
    ///
    /// # Errors
    /// What the gate says; only who runs the engine may.
    pub async fn erase(&self, id: &str, seq: u32, caller: &Caller) -> Result<Acted, DeskError> {
        let (row, _) = self.find(id, caller).await?;
        if !caller.operator {
            let text = "only who runs the engine may erase a comment";
            return Err(self.refuse(&row.id, caller, text.to_owned()).await);
        }
        let by = caller.account.clone();
        self.act(&row.id, Event::Erase { seq, by }, caller).await
    }
}

/// The number of a person's slot.
fn slot_of(task: &Task, person: Option<&Person>) -> Option<u32> {
    let person = person?;
    let at = task
        .slots
        .iter()
        .position(|slot| slot.person.id == person.id)?;
    u32::try_from(at).ok()
}

/// The slot of a person who is named by id or address.
fn person_slot(task: &Task, name: &str) -> Result<u32, DeskError> {
    let is_it = |person: &Person| person.id == name || person.address == name;
    let at = task.slots.iter().position(|slot| is_it(&slot.person));
    let none = || DeskError::Invalid(format!("{name} is not asked by this request"));
    let at = at.ok_or_else(none)?;
    if task.slots[at].state != SlotState::Open {
        return Err(DeskError::Invalid(format!("{name} has voted, or need not")));
    }
    u32::try_from(at).map_err(|_| none())
}

fn asked_hash(task: &str, vote: &Vote) -> String {
    let values = serde_json::to_vec(&vote.values).unwrap_or_default();
    token::api_hash(&[
        task.as_bytes(),
        &[u8::from(vote.approves)],
        vote.comment.as_bytes(),
        &values,
        &vote.round.to_be_bytes(),
        vote.digest.as_bytes(),
    ])
}
