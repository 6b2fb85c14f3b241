//! What each kind of mail says.

use super::letter::Letter;
use super::{Place, Unrenderable};
use crate::clean;
use crate::page::ends::vote_lines;
use crate::recipe::ToSlot;
use crate::task::{Slot, Task};
use crate::texts::Voice;
use crate::texts::story::{self, Ending};
use crate::token::{self, Ring};

/// At most this many characters of a value; the page has all of it.
const VALUE_MAX: usize = 2_000;

/// At most this many characters of a description; the page has all of it.
const DESCRIPTION_MAX: usize = 20_000;

/// A task with who reads about it, and everything that a letter is made with.
pub(super) struct About<'a> {
    pub(super) task: &'a Task,
    pub(super) voice: Voice,
    pub(super) place: &'a Place,
    pub(super) ring: &'a Ring,
}

impl About<'_> {
    fn title(&self) -> String {
        story::title(self.task)
    }

    fn foot(&self) -> Vec<String> {
        let texts = self.voice.texts();
        let service = clean::line(&self.place.service, clean::NAME_MAX);
        vec![
            texts.both.no_password.to_owned(),
            (texts.mail.foot)(&service),
        ]
    }

    fn row(&self, label: &str, value: impl Into<String>) -> (String, String) {
        (label.to_owned(), value.into())
    }

    /// Who asks, in which workflow.
    fn origin(&self) -> Vec<(String, String)> {
        let both = &self.voice.texts().both;
        let mut rows = vec![self.row(both.asked_by, story::requester(self.task))];
        if let Some(account) = story::other_submitter(self.task) {
            rows.push(self.row(both.submitted_by, account));
        }
        rows.push(self.row(both.workflow, story::workflow(self.task)));
        rows
    }

    /// Asks for a decision.
    pub(super) fn request(&self, to: &ToSlot) -> Result<Letter, Unrenderable> {
        let texts = self.voice.texts();
        let mut rows = self.origin();
        let why = story::why_you(self.task, to.slot, self.voice);
        rows.push(self.row(texts.both.why_you, why));
        let mut notes = Vec::new();
        if let Some(at) = self.task.timeout_ms {
            rows.push(self.row(texts.both.decide_by, self.voice.time(at)));
            let timeout = self.task.asked.policy.timeout.as_ref();
            let silence = timeout.map(|timeout| (texts.both.silence)(timeout.result).to_owned());
            notes.extend(silence);
        }
        let facts = &self.task.asked.facts;
        let shown = facts.iter().filter(|fact| !fact.sensitive);
        rows.extend(shown.map(|fact| (clean::line(&fact.label, 200), value(&fact.value))));
        let hidden = facts.iter().filter(|fact| fact.sensitive).count();
        if hidden > 0 {
            let count = u32::try_from(hidden).unwrap_or(u32::MAX);
            notes.push((texts.mail.page_only)(&self.voice.count(count)));
        }
        if to.renewed {
            notes.push(texts.mail.renewed.to_owned());
        }
        let mut tail = vec![texts.mail.careful.to_owned()];
        tail.extend(self.foot());
        let description = self.task.asked.policy.description.as_deref();
        let description = description.filter(|text| !text.trim().is_empty());
        Ok(Letter {
            subject: (texts.mail.request_subject)(&self.title()),
            lead: vec![(texts.mail.request)(&story::requester(self.task))],
            title: self.title(),
            code: None,
            rows,
            notes,
            description: description.map(|text| cut(text, DESCRIPTION_MAX)),
            link: Some(self.link(to)?),
            tail,
        })
    }

    /// The address of a slot's link.
    fn link(&self, to: &ToSlot) -> Result<String, Unrenderable> {
        let link = token::link_of_hex(&to.link).ok_or(Unrenderable::NoLink)?;
        let token = self.ring.seal(to.key, &link);
        let token = token.ok_or(Unrenderable::NoKey(to.key))?;
        Ok(format!("{}/a/{token}", self.place.base_url))
    }

    /// Tells that no vote is needed.
    pub(super) fn not_needed(&self) -> Letter {
        let texts = self.voice.texts();
        let mut rows = self.origin();
        rows.extend(self.end_rows());
        Letter {
            subject: (texts.mail.not_needed_subject)(&self.title()),
            lead: vec![texts.mail.not_needed.to_owned()],
            title: self.title(),
            rows,
            tail: self.foot(),
            ..Letter::default()
        }
    }

    /// Brings a code. The same digits at every try: made from the row, by the key of the recipe.
    pub(super) fn code(&self, to: &ToSlot, ordinal: u32) -> Result<Letter, Unrenderable> {
        let texts = self.voice.texts();
        let task = &self.task.asked.task;
        let by_recipe = self.ring.code_by(to.key, task, to.slot, ordinal);
        let code = by_recipe.or_else(|| self.ring.code(task, to.slot, ordinal));
        let service = clean::line(&self.place.service, clean::NAME_MAX);
        Ok(Letter {
            subject: (texts.mail.code_subject)(&service),
            lead: Vec::new(),
            title: texts.mail.code.to_owned(),
            code: Some(code.ok_or(Unrenderable::NoKey(to.key))?),
            rows: vec![self.row(texts.page.request, self.title())],
            notes: vec![texts.mail.code_limit.to_owned()],
            tail: self.foot(),
            ..Letter::default()
        })
    }

    /// Confirms a vote.
    pub(super) fn receipt(
        &self,
        to: &ToSlot,
        slot: &Slot,
        vote: u32,
    ) -> Result<Letter, Unrenderable> {
        let texts = self.voice.texts();
        let found = usize::try_from(vote).ok().and_then(|at| slot.votes.get(at));
        let found = found.ok_or(Unrenderable::NoVote {
            slot: to.slot,
            vote,
        })?;
        let mut rows = self.origin();
        rows.push(self.row(texts.both.printed_name, story::printed_person(&slot.person)));
        rows.extend(vote_lines(self.task, to.slot, found, self.voice));
        let mut tail = vec![texts.mail.receipt_not_you.to_owned()];
        tail.extend(self.foot());
        Ok(Letter {
            subject: (texts.mail.receipt_subject)(&self.title()),
            lead: vec![texts.mail.receipt.to_owned()],
            title: self.title(),
            rows,
            tail,
            ..Letter::default()
        })
    }

    /// Tells how it ended. Only the requester reads what voters wrote.
    pub(super) fn outcome(&self, is_requester: bool) -> Letter {
        let texts = self.voice.texts();
        let ending = (texts.both.ending)(Ending::of(self.task));
        let mut rows = self.origin();
        rows.extend(self.end_rows());
        if is_requester {
            let voted = self.task.slots.iter();
            let voted = voted.filter_map(|slot| Some((slot, slot.vote()?)));
            let voted = voted.filter(|(_, vote)| !vote.comment.is_empty());
            rows.extend(voted.map(|(slot, vote)| {
                let label = format!(
                    "{} – {}",
                    texts.both.comment,
                    story::printed_person(&slot.person)
                );
                (label, value(&vote.comment))
            }));
        }
        Letter {
            subject: (texts.mail.outcome_subject)(ending, &self.title()),
            lead: vec![format!(
                "{}{}{ending}",
                texts.page.request, texts.both.colon
            )],
            title: self.title(),
            rows,
            tail: self.foot(),
            ..Letter::default()
        }
    }

    /// Tells administrators what is wrong.
    pub(super) fn alert(&self, reason: &str) -> Letter {
        let texts = self.voice.texts();
        let mut rows = vec![self.row(texts.mail.alert_reason, value(reason))];
        rows.extend(self.origin());
        let command = format!("usher approvals show {}", self.task.asked.task);
        rows.push(self.row(texts.page.request, command));
        Letter {
            subject: (texts.mail.alert_subject)(&self.title()),
            lead: vec![texts.mail.alert.to_owned()],
            title: self.title(),
            rows,
            tail: self.foot(),
            ..Letter::default()
        }
    }

    /// How it ended, when and why; nothing while it is open.
    fn end_rows(&self) -> Vec<(String, String)> {
        let texts = self.voice.texts();
        let ending = Ending::of(self.task);
        if ending.is_open() {
            return Vec::new();
        }
        let mut rows = vec![self.row(texts.mail.result, (texts.both.ending)(ending))];
        if let Some(decided) = &self.task.decided {
            rows.push(self.row(texts.both.time, self.voice.time(decided.at_ms)));
        }
        rows.extend(story::reason(self.task).map(|reason| self.row(texts.page.reason, reason)));
        rows
    }
}

/// A value as a mail shows it.
fn value(text: &str) -> String {
    cut(&clean::visible(text), VALUE_MAX)
}

fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
