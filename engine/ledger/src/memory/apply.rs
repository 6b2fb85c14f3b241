//! One write to the tables in memory: checked whole, then done whole.

use super::{Entry, Run, Tables};
use crate::limits;
use crate::rows::{Applied, Birth, Fence, NodeRow, Outcome, Quiet, RunRow, Turn, Write};
use crate::tasks::REMOVED;
use crate::text::{clean, clean_body, clean_some};

impl Tables {
    /// Applies one write; unless the outcome says that it is written, nothing is.
    pub(super) fn apply(&mut self, now_ms: i64, write: &Write) -> Outcome {
        match write {
            Write::Birth(birth) => self.bear(now_ms, birth),
            Write::Turn(turn) => self.take_turn(now_ms, turn),
            Write::Command {
                run,
                kind,
                body,
                key,
            } => self.insert_command(run, kind, body, key.as_ref()),
            Write::Park { run, fence, reason } => self.park(run, *fence, reason),
            Write::Answer {
                run,
                fence,
                applied,
            } => self.without_turn(now_ms, run, *fence, applied, false),
            Write::Delete {
                run,
                fence,
                applied,
            } => self.without_turn(now_ms, run, *fence, applied, true),
            Write::Halt { command, reason } => self.halt(now_ms, command, reason),
            Write::Task(write) => self.move_task(now_ms, write),
            Write::Mail(write) => self.change_mail(write),
            Write::Post(mails) => self.post(now_ms, mails),
        }
    }

    fn held(&self, fence: Fence) -> bool {
        self.partitions
            .get(usize::from(fence.part))
            .is_some_and(|partition| partition.epoch == fence.epoch)
    }

    fn bear(&mut self, now_ms: i64, birth: &Birth) -> Outcome {
        let uid = clean(&birth.uid).into_owned();
        let key = clean_some(birth.key.as_ref()).map(Into::into);
        let known = key.is_some() && self.runs.values().any(|run| run.key == key);
        let decided = self.desk.any_decided(&birth.people.closes);
        if !self.held(birth.fence) || known || decided || self.runs.contains_key(&uid) {
            return Outcome::Stale;
        }
        if let Some(reason) = limits::of_birth(birth) {
            return Outcome::Refused { reason };
        }
        let head = &birth.head;
        let plan = clean(&birth.plan_hash).into_owned();
        self.plans
            .entry(plan.clone())
            .or_insert_with(|| clean_body(&birth.plan).into_owned());
        let row = RunRow {
            uid: uid.clone(),
            part: birth.fence.part,
            namespace: clean(&birth.namespace).into_owned(),
            name: clean(&birth.name).into_owned(),
            version: 1,
            phase: clean(&head.phase).into_owned(),
            parked: clean_some(head.parked.as_ref()).map(Into::into),
            plan,
            created_ms: birth.created_ms,
            started_ms: head.started_ms,
            finished_ms: head.finished_ms,
            quiet: quiet_as_stored(head.quiet),
            head: clean_body(&head.body).into_owned(),
        };
        self.last_run += 1;
        let number = self.last_run;
        let mut run = Run {
            number,
            row,
            key,
            scope: birth.scope.as_ref().map(|scope| clean_body(scope).into()),
            nodes: <_>::default(),
        };
        run.put(&birth.nodes);
        self.desk.ask(now_ms, &run.row, &birth.people);
        self.runs.insert(uid, run);
        Outcome::Committed { version: 1 }
    }

    fn take_turn(&mut self, now_ms: i64, turn: &Turn) -> Outcome {
        let uid = clean(&turn.run).into_owned();
        let is_held = self.held(turn.fence);
        let is_open = self.all_open(&uid, &turn.applied);
        let guarded =
            |run: &&mut Run| run.row.version == turn.version && run.row.part == turn.fence.part;
        let Some(run) = self.runs.get_mut(&uid).filter(guarded) else {
            return Outcome::Stale;
        };
        let decided = !turn.delete && self.desk.any_decided(&turn.people.closes);
        if !is_held || !is_open || decided {
            return Outcome::Stale;
        }
        let version = turn.version + 1;
        if turn.delete {
            self.drop_run(now_ms, &uid);
            return Outcome::Committed { version };
        }
        if let Some(reason) = limits::of_turn(turn) {
            return Outcome::Refused { reason };
        }
        let head = &turn.head;
        let row = &mut run.row;
        row.version = version;
        row.phase = clean(&head.phase).into_owned();
        row.parked = clean_some(head.parked.as_ref()).map(Into::into);
        row.started_ms = head.started_ms;
        row.finished_ms = head.finished_ms;
        row.quiet = quiet_as_stored(head.quiet);
        row.head = clean_body(&head.body).into_owned();
        if let Some(scope) = &turn.scope {
            run.scope = Some(clean_body(scope).into_owned());
        }
        run.put(&turn.nodes);
        self.desk.ask(now_ms, &run.row, &turn.people);
        self.answer(&turn.applied);
        Outcome::Committed { version }
    }

    fn all_open(&self, uid: &str, applied: &[Applied]) -> bool {
        applied.iter().all(|command| {
            let entry = self.inbox.get(&command.id);
            entry.is_some_and(|entry| entry.run == uid && entry.outcome.is_none())
        })
    }

    fn answer(&mut self, applied: &[Applied]) {
        for command in applied {
            if let Some(entry) = self.inbox.get_mut(&command.id) {
                entry.outcome = Some(clean_body(&command.outcome).into_owned());
            }
        }
    }

    /// The command that an asker has sent before.
    pub(super) fn command_of_key(&self, run: &str, key: Option<&String>) -> Option<i64> {
        let (run, key) = (clean(run), clean_some(key)?);
        let known = |entry: &Entry| entry.run == run && entry.key.as_deref() == Some(&*key);
        let mut found = self.inbox.iter().filter(|(_, entry)| known(entry));
        found.next().map(|(id, _)| *id)
    }

    pub(super) fn insert_command(
        &mut self,
        run: &str,
        kind: &str,
        body: &[u8],
        key: Option<&String>,
    ) -> Outcome {
        let uid = clean(run).into_owned();
        let key: Option<String> = clean_some(key).map(Into::into);
        if let Some(id) = self.command_of_key(run, key.as_ref()) {
            return Outcome::Inserted { id };
        }
        if let Some(reason) = limits::of_command(body) {
            return Outcome::Refused { reason };
        }
        if !self.runs.contains_key(&uid) {
            return limits::no_run(run);
        }
        self.last_command += 1;
        let id = self.last_command;
        let kind = clean(kind).into_owned();
        let entry = Entry {
            run: uid,
            kind,
            body: clean_body(body).into_owned(),
            key,
            outcome: None,
        };
        self.inbox.insert(id, entry);
        Outcome::Inserted { id }
    }

    fn park(&mut self, uid: &str, fence: Fence, reason: &str) -> Outcome {
        let is_held = self.held(fence);
        let run = self
            .runs
            .get_mut(clean(uid).as_ref())
            .filter(|run| run.row.part == fence.part);
        match run {
            Some(run) if is_held => {
                run.row.version += 1;
                run.row.parked = Some(clean(reason).into_owned());
                Outcome::Committed {
                    version: run.row.version,
                }
            }
            _ => Outcome::Stale,
        }
    }

    fn without_turn(
        &mut self,
        now_ms: i64,
        uid: &str,
        fence: Fence,
        applied: &[Applied],
        delete: bool,
    ) -> Outcome {
        let uid = clean(uid).into_owned();
        let run = self.runs.get(&uid).filter(|run| run.row.part == fence.part);
        let Some(version) = run.map(|run| run.row.version) else {
            return Outcome::Stale;
        };
        if !self.held(fence) || !self.all_open(&uid, applied) {
            return Outcome::Stale;
        }
        if delete {
            self.drop_run(now_ms, &uid);
        } else if let Some(reason) = limits::of_answers(applied) {
            return Outcome::Refused { reason };
        } else {
            self.answer(applied);
        }
        Outcome::Committed { version }
    }

    /// Removes a run. Its tasks stay, closed, and so does its mail.
    fn drop_run(&mut self, now_ms: i64, uid: &str) {
        self.desk.close_all(now_ms, uid, REMOVED);
        self.inbox.retain(|_, entry| entry.run != uid);
        if let Some(gone) = self.runs.remove(uid)
            && self.runs.values().all(|run| run.row.plan != gone.row.plan)
        {
            self.plans.remove(&gone.row.plan);
        }
    }
}

impl Run {
    fn put(&mut self, nodes: &[NodeRow]) {
        for node in nodes {
            let body = clean_body(&node.body).into_owned();
            self.nodes.insert(node.ix, NodeRow { body, ..*node });
        }
    }
}

/// For ever has two spellings; stored it has one.
fn quiet_as_stored(quiet: Quiet) -> Quiet {
    match quiet {
        Quiet::Until(i64::MAX) => Quiet::Forever,
        other => other,
    }
}
