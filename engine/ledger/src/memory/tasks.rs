//! Approvals and mail in memory.

use std::collections::BTreeMap;

use super::Tables;
use crate::limits;
use crate::rows::{Outcome, People, RunRow};
use crate::tasks::{
    ANSWERS_KEPT_MS, BOXED_MAX, Boxed, LinkRow, MailPhase, MailRow, MailWrite, NewCommand, NewMail,
    RecordRow, StoredAnswer, TaskClosing, TaskOpening, TaskRow, TaskWrite, state,
};
use crate::text::{clean, clean_body, clean_some};

/// What outlives runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Desk {
    /// In the order of their opening.
    pub(super) tasks: Vec<TaskRow>,
    pub(super) links: BTreeMap<Vec<u8>, LinkRow>,
    pub(super) record: BTreeMap<(String, u32), RecordRow>,
    pub(super) mails: BTreeMap<i64, MailRow>,
    pub(super) boxed: BTreeMap<i64, Boxed>,
    pub(super) answers: BTreeMap<(String, String), StoredAnswer>,
}

impl Desk {
    pub(super) fn task(&self, id: &str) -> Option<&TaskRow> {
        let id = clean(id);
        self.tasks.iter().find(|task| task.id == id)
    }

    /// Whether one of these tasks was decided by somebody: the outcome waits in the inbox.
    pub(super) fn any_decided(&self, closes: &[TaskClosing]) -> bool {
        let decided = |task: &TaskRow| !task.open && task.close_reason.is_none();
        closes
            .iter()
            .any(|close| self.task(&close.id).is_some_and(decided))
    }

    /// Does what a turn asks of people; its guards held.
    pub(super) fn ask(&mut self, now_ms: i64, run: &RunRow, people: &People) {
        for open in &people.opens {
            if self.task(&open.id).is_none() {
                self.tasks.push(opened(now_ms, run, open));
            }
        }
        for closing in &people.closes {
            let id = clean(&closing.id);
            self.close(now_ms, &closing.reason, |task| task.id == id);
        }
        self.post(now_ms, &people.mails);
    }

    /// Closes every open task of a run.
    pub(super) fn close_all(&mut self, now_ms: i64, run: &str, reason: &str) {
        let run = clean(run);
        self.close(now_ms, reason, |task| task.run == run);
    }

    fn close(&mut self, now_ms: i64, reason: &str, wanted: impl Fn(&TaskRow) -> bool) {
        for task in self.tasks.iter_mut().filter(|task| task.open) {
            if wanted(task) {
                task.state = state::CLOSING.to_owned();
                task.open = false;
                task.version += 1;
                task.due_ms = Some(0);
                task.closed_ms = Some(now_ms);
                task.close_reason = Some(clean(reason).into_owned());
            }
        }
    }

    /// Posts mail; what has a known key stays as it is.
    pub(super) fn post(&mut self, now_ms: i64, mails: &[NewMail]) {
        for mail in mails {
            let mail = stored_mail(mail);
            if self.mails.values().any(|row| row.mail.key == mail.key) {
                continue;
            }
            let id = self.mails.keys().next_back().map_or(1, |last| last + 1);
            let row = MailRow {
                id,
                mail,
                phase: MailPhase::Queued,
                lease: 0,
                attempts: 0,
                created_ms: now_ms,
                sent_ms: None,
                error: None,
            };
            self.mails.insert(id, row);
        }
    }

    /// The number of the last entry of a task's record.
    fn last_entry(&self, task: &str) -> u32 {
        let of_task = (task.to_owned(), 0)..=(task.to_owned(), u32::MAX);
        let last = self.record.range(of_task).next_back();
        last.map_or(0, |((_, seq), _)| *seq)
    }

    /// Writes a move whose guards held.
    fn write_move(&mut self, now_ms: i64, write: &TaskWrite) {
        let id = clean(&write.id).into_owned();
        if let Some(task) = self.tasks.iter_mut().find(|task| task.id == id) {
            task.version += 1;
            task.state = clean(&write.state).into_owned();
            task.open = write.open;
            task.due_ms = write.due_ms;
            task.closed_ms = write.closed_ms;
            task.body = clean_body(&write.body).into_owned();
        }
        for link in &write.links {
            let task = id.clone();
            let row = LinkRow {
                task,
                ..link.clone()
            };
            self.links.insert(row.id.clone(), row);
        }
        self.post(now_ms, &write.mails);
        for row in &write.record {
            let row = RecordRow {
                prev: clean(&row.prev).into_owned(),
                hash: clean(&row.hash).into_owned(),
                ..row.clone()
            };
            self.record.insert((id.clone(), row.seq), row);
        }
        for seq in &write.erase {
            if let Some(row) = self.record.get_mut(&(id.clone(), *seq)) {
                row.side = None;
            }
        }
        if let Some(answer) = &write.answer {
            self.remember(answer);
        }
    }

    fn remember(&mut self, answer: &StoredAnswer) {
        let oldest = answer.at_ms.saturating_sub(ANSWERS_KEPT_MS);
        self.answers.retain(|_, known| known.at_ms >= oldest);
        let answer = StoredAnswer {
            scope: clean(&answer.scope).into_owned(),
            key: clean(&answer.key).into_owned(),
            asked: clean(&answer.asked).into_owned(),
            answer: clean_body(&answer.answer).into_owned(),
            at_ms: answer.at_ms,
        };
        let key = (answer.scope.clone(), answer.key.clone());
        self.answers.insert(key, answer);
    }

    fn is_answered(&self, answer: &StoredAnswer) -> bool {
        let key = (
            clean(&answer.scope).into_owned(),
            clean(&answer.key).into_owned(),
        );
        self.answers.contains_key(&key)
    }

    fn put_boxed(&mut self, boxed: &Boxed) {
        let id = self.boxed.keys().next_back().map_or(1, |last| last + 1);
        let mail = Boxed {
            at_ms: boxed.at_ms,
            sender: clean(&boxed.sender).into_owned(),
            recipient: clean(&boxed.recipient).into_owned(),
            raw: boxed.raw.clone(),
        };
        self.boxed.insert(id, mail);
        self.boxed.retain(|known, _| *known > id - BOXED_MAX);
    }
}

impl Tables {
    pub(super) fn halt(&mut self, now_ms: i64, command: &NewCommand, reason: &str) -> Outcome {
        let NewCommand {
            run,
            kind,
            body,
            key,
        } = command;
        // Asked before: what was opened since is not closed by the same request.
        let is_new = self.command_of_key(run, key.as_ref()).is_none();
        let may_halt = limits::of_command(body).is_none();
        if is_new && may_halt && self.runs.contains_key(clean(run).as_ref()) {
            self.desk.close_all(now_ms, run, reason);
        }
        self.insert_command(run, kind, body, key.as_ref())
    }

    pub(super) fn move_task(&mut self, now_ms: i64, write: &TaskWrite) -> Outcome {
        let desk = &mut self.desk;
        let version = desk.task(&write.id).map(|task| task.version);
        let answered = write.answer.as_ref();
        if version != Some(write.version) || answered.is_some_and(|answer| desk.is_answered(answer))
        {
            return Outcome::Stale;
        }
        let last = desk.last_entry(&clean(&write.id));
        if let Some(reason) = limits::of_task(write, last) {
            return Outcome::Refused { reason };
        }
        desk.write_move(now_ms, write);
        self.tell_run(write.command.as_ref());
        Outcome::Committed {
            version: write.version + 1,
        }
    }

    pub(super) fn change_mail(&mut self, write: &MailWrite) -> Outcome {
        let desk = &mut self.desk;
        let holds =
            |row: &&mut MailRow| row.lease == write.lease && row.phase.may_become(write.phase);
        let Some(row) = desk.mails.get_mut(&write.id).filter(holds) else {
            return Outcome::Stale;
        };
        if let Some(reason) = limits::of_mail(write) {
            return Outcome::Refused { reason };
        }
        row.phase = write.phase;
        row.lease += i64::from(write.phase == MailPhase::Leased);
        row.mail.due_ms = write.due_ms.unwrap_or(row.mail.due_ms);
        row.attempts = write.attempts;
        row.sent_ms = write.sent_ms;
        row.error = clean_some(write.error.as_ref()).map(Into::into);
        let version = row.lease;
        if let Some(boxed) = &write.boxed {
            desk.put_boxed(boxed);
        }
        self.tell_run(write.command.as_ref());
        Outcome::Committed { version }
    }

    pub(super) fn post(&mut self, now_ms: i64, mails: &[NewMail]) -> Outcome {
        if let Some(reason) = limits::of_mails(mails) {
            return Outcome::Refused { reason };
        }
        self.desk.post(now_ms, mails);
        Outcome::Committed { version: 0 }
    }

    /// A run that is gone takes no command, which is no fault.
    fn tell_run(&mut self, command: Option<&NewCommand>) {
        if let Some(NewCommand {
            run,
            kind,
            body,
            key,
        }) = command
        {
            self.insert_command(run, kind, body, key.as_ref());
        }
    }
}

fn opened(now_ms: i64, run: &RunRow, open: &TaskOpening) -> TaskRow {
    TaskRow {
        id: clean(&open.id).into_owned(),
        run: run.uid.clone(),
        workflow: run.name.clone(),
        namespace: run.namespace.clone(),
        node: open.node,
        state: state::OPENING.to_owned(),
        open: true,
        version: 1,
        due_ms: Some(0),
        opened_ms: now_ms,
        closed_ms: None,
        close_reason: None,
        body: clean_body(&open.body).into_owned(),
    }
}

fn stored_mail(mail: &NewMail) -> NewMail {
    NewMail {
        key: clean(&mail.key).into_owned(),
        task: clean_some(mail.task.as_ref()).map(Into::into),
        slot: mail.slot,
        run: clean_some(mail.run.as_ref()).map(Into::into),
        kind: clean(&mail.kind).into_owned(),
        recipient: clean(&mail.recipient).into_owned(),
        due_ms: mail.due_ms,
        body: clean_body(&mail.body).into_owned(),
    }
}
