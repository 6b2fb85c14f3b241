//! Those who are asked, and the relay: they decide requests and take mail, each by one write that
//! carries the command for the run.

use std::collections::BTreeMap;

use usher_api::approval::{Verdict, VerdictPhase};
use usher_api::command::Command;
use usher_core::phase::Phase;
use usher_ledger::tasks::{MailPhase, MailWrite, TaskFilter, TaskReader as _, TaskRow, TaskWrite};
use usher_ledger::{Ledger as _, Outcome, Reader as _, Write};

use super::World;

impl World {
    /// Somebody answers a request, or the relay takes a mail, now and then.
    pub(super) fn answer(&mut self) -> Result<(), String> {
        let open = self.requests(Some(true))?;
        if !open.is_empty() && self.rng.chance(30) {
            let count = open.len() as u64;
            let at = usize::try_from(self.rng.below(count)).unwrap_or(0);
            self.decide(&open[at])?;
        }
        let mails = self.ledger.mails_due(self.now_ms, 4);
        for row in mails.map_err(|error| error.to_string())? {
            if self.rng.chance(50) {
                continue;
            }
            let recipe: serde_json::Value =
                serde_json::from_slice(&row.mail.body).map_err(|error| error.to_string())?;
            let node = recipe["waits"]
                .as_u64()
                .and_then(|ix| u32::try_from(ix).ok());
            let round = recipe["round"].as_u64().unwrap_or_default();
            let error = self.rng.chance(15).then(|| "550 nobody".to_owned());
            let mailed = node.map(|node| Command::Mailed {
                by: "courier".to_owned(),
                node,
                round: u32::try_from(round).unwrap_or(u32::MAX),
                error: error.clone(),
            });
            // A run that is gone takes none.
            let mailed = mailed.filter(|_| !self.deleted);
            let command = mailed
                .map(|command| self.new_command(&command))
                .transpose()?;
            let sent = MailWrite {
                id: row.id,
                lease: row.lease,
                phase: MailPhase::Sent,
                due_ms: None,
                attempts: 1,
                sent_ms: Some(self.now_ms),
                error,
                boxed: None,
                command,
            };
            self.put(Write::Mail(Box::new(sent)))?;
        }
        Ok(())
    }

    fn requests(&mut self, open: Option<bool>) -> Result<Vec<TaskRow>, String> {
        let filter = TaskFilter {
            run: Some(self.uid.clone()),
            open,
            limit: 10_000,
            ..TaskFilter::default()
        };
        let found = self.ledger.tasks(&filter);
        found.map_err(|error| error.to_string())
    }

    /// One write: the task's end, and last the run's command.
    fn decide(&mut self, row: &TaskRow) -> Result<(), String> {
        let phase = match self.rng.below(5) {
            0..3 => VerdictPhase::Succeeded,
            3 => VerdictPhase::Failed,
            _ => VerdictPhase::Error,
        };
        let verdict = Verdict {
            phase,
            message: "decided".to_owned(),
            outputs: BTreeMap::new(),
            may_retry: self.rng.chance(50),
        };
        let command = self.new_command(&Command::Settle {
            by: "boss".to_owned(),
            task: row.id.clone(),
            node: row.node,
            verdict,
        })?;
        let write = TaskWrite {
            id: row.id.clone(),
            version: row.version,
            state: "Decided".to_owned(),
            open: false,
            due_ms: None,
            closed_ms: Some(self.now_ms),
            body: row.body.clone(),
            links: Vec::new(),
            mails: Vec::new(),
            record: Vec::new(),
            erase: Vec::new(),
            answer: None,
            command: Some(command),
        };
        self.put(Write::Task(Box::new(write)))
    }

    fn put(&mut self, write: Write) -> Result<(), String> {
        let outcomes = self.ledger.commit(&[write]);
        match outcomes.map_err(|error| error.to_string())?.as_slice() {
            [Outcome::Stale | Outcome::Refused { .. }] => Err("nobody else writes".to_owned()),
            [_] => Ok(()),
            other => Err(format!("the write is {other:?}")),
        }
    }

    /// INV-22, whenever nothing is on its way: a request is open exactly while its node waits.
    pub(super) fn check_requests(&mut self) -> Result<(), String> {
        let commands = self.ledger.pending_commands(&self.uid);
        let is_busy = !commands.map_err(|error| error.to_string())?.is_empty();
        if is_busy || !self.queue.is_empty() {
            return Ok(());
        }
        let open = self.requests(Some(true))?;
        let Some(run) = &self.run else {
            return match open.first() {
                Some(row) => Err(format!("INV-22: {} is open, its run is gone", row.id)),
                None => Ok(()),
            };
        };
        for row in &open {
            let node = run.node(row.node);
            let waits = node.is_some_and(|node| {
                node.phase == Phase::Suspended && node.task.as_ref() == Some(&row.id)
            });
            if !waits {
                return Err(format!(
                    "INV-22: {} is open, node {} does not wait",
                    row.id, row.node
                ));
            }
        }
        // While `spec.suspend` holds, what a shutdown ends waits on, and its request is closed.
        let is_held = run.head.suspended && run.is_halting();
        for node in &run.nodes {
            let Some(task) = node
                .task
                .as_ref()
                .filter(|_| node.phase == Phase::Suspended)
            else {
                continue;
            };
            if !is_held && !open.iter().any(|row| row.id == *task) {
                return Err(format!(
                    "INV-22: node {} waits, {task} is not open",
                    node.name
                ));
            }
        }
        Ok(())
    }
}
