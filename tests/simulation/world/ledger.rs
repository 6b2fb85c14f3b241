//! The engine's side of the ledger: births, turns, commands, loading. Its failures are armed here.

use std::collections::BTreeSet;

use usher::turn::Taken;
use usher_api::command::Command;
use usher_core::event::Event;
use usher_core::run::{Run, decode};
use usher_ledger::tasks::NewCommand;
use usher_ledger::{Birth, Fault, Ledger as _, Outcome, Reader as _, Write};

use super::World;

impl World {
    pub(super) fn write_birth(&mut self, taken: &Taken) -> Result<(), String> {
        let birth = Birth {
            uid: self.uid.clone(),
            fence: self.fence,
            namespace: "default".to_owned(),
            name: "sim".to_owned(),
            created_ms: self.now_ms,
            plan_hash: "plan".to_owned(),
            plan: Vec::new(),
            head: taken.turn.head.clone(),
            scope: None,
            nodes: taken.turn.nodes.clone(),
            key: None,
            people: taken.turn.people.clone(),
        };
        let outcomes = self.ledger.commit(&[Write::Birth(Box::new(birth))]);
        self.version = 1;
        match outcomes.map_err(|error| error.to_string())?.as_slice() {
            [Outcome::Committed { version: 1 }] => Ok(()),
            other => Err(format!("the birth is {other:?}")),
        }
    }

    /// Commits a turn; false when the engine must read again.
    pub(super) fn commit(&mut self, taken: &Taken) -> Result<bool, String> {
        self.arm();
        let before = self.row_version()?;
        let outcomes = self
            .ledger
            .commit(&[Write::Turn(Box::new(taken.turn.clone()))]);
        let after = self.row_version()?;
        if after != before {
            self.count_commit(taken, before, after)?;
        }
        let Ok(outcomes) = outcomes else {
            return Ok(false);
        };
        match outcomes.as_slice() {
            [Outcome::Committed { version }] if *version == self.version + 1 => {
                self.version = *version;
                Ok(true)
            }
            [Outcome::Unknown { .. } | Outcome::Refused { .. } | Outcome::Stale] => Ok(false),
            other => Err(format!("the turn is {other:?}")),
        }
    }

    /// Whatever the engine is told: what is in the ledger now counts as done.
    fn count_commit(
        &mut self,
        taken: &Taken,
        before: Option<i64>,
        after: Option<i64>,
    ) -> Result<(), String> {
        let risen = before
            .zip(after)
            .is_none_or(|(before, after)| after == before + 1);
        if !risen {
            return Err(format!(
                "INV-15: the version went from {before:?} to {after:?}"
            ));
        }
        for applied in &taken.turn.applied {
            let times = self.taken.entry(applied.id).or_default();
            *times += 1;
            if *times > 1 {
                return Err(format!(
                    "INV-14: command {} is applied {times} times",
                    applied.id
                ));
            }
        }
        self.deleted |= after.is_none();
        Ok(())
    }

    fn arm(&mut self) {
        let faults = [
            ("commit lost", Fault::BeforeCommit),
            ("commit unknown", Fault::AfterCommit),
            ("commit twice", Fault::Twice),
            ("commit refused", Fault::Refuse(self.uid.clone())),
            ("commit refused", Fault::Busy),
        ];
        for (name, fault) in faults {
            if self.fault(name, 2) {
                return self.ledger.arm(fault);
            }
        }
        if self.fault("taken over", 2) {
            // Somebody else had the partition for a moment: what we decided is too late.
            self.ledger.take_over_all("another");
        }
    }

    fn row_version(&mut self) -> Result<Option<i64>, String> {
        let row = self
            .ledger
            .run_row(&self.uid)
            .map_err(|error| error.to_string())?;
        Ok(row.map(|row| row.version))
    }

    /// Takes the partition and reads the run; none when it was deleted.
    pub(super) fn load(&mut self) -> Result<Option<Run>, String> {
        let fences = self.ledger.take_over_all("first");
        self.fence = fences[usize::from(self.fence.part)];
        let loaded = self
            .ledger
            .load_run(&self.uid)
            .map_err(|error| error.to_string())?;
        let Some(loaded) = loaded else {
            return Ok(None);
        };
        self.version = loaded.row.version;
        let nodes: Vec<(u32, Vec<u8>)> = loaded
            .nodes
            .into_iter()
            .map(|node| (node.ix, node.body))
            .collect();
        let run = decode(self.plan.clone(), &loaded.row.head, &nodes);
        run.map(Some).map_err(|error| error.to_string())
    }

    /// Whether the ledger holds the intent to launch: the node with that launch, not done.
    pub(super) fn is_intended(&mut self, node: u32, launch: u32) -> Result<bool, String> {
        let loaded = self
            .ledger
            .load_run(&self.uid)
            .map_err(|error| error.to_string())?;
        let Some(loaded) = loaded else {
            return Ok(false);
        };
        let nodes: Vec<(u32, Vec<u8>)> = loaded
            .nodes
            .into_iter()
            .map(|node| (node.ix, node.body))
            .collect();
        let run = decode(self.plan.clone(), &loaded.row.head, &nodes)
            .map_err(|error| error.to_string())?;
        Ok(run
            .node(node)
            .is_some_and(|node| node.launch == launch && node.has_process()))
    }

    /// Puts a command into the inbox.
    pub(super) fn ask(&mut self, command: &Command) -> Result<(), String> {
        let row = self.new_command(command)?;
        // As the server does it: a stop during the exit handler ends no request.
        let is_in_exit = self
            .run
            .as_ref()
            .is_some_and(|run| run.head.exit_node.is_some());
        let closes = match command {
            Command::Stop { selector: None, .. } => !is_in_exit,
            Command::Terminate { .. } | Command::Delete { .. } => true,
            _ => false,
        };
        let write = match closes {
            true => Write::Halt {
                command: row,
                reason: "halted".to_owned(),
            },
            false => Write::Command {
                run: row.run,
                kind: row.kind,
                body: row.body,
                key: row.key,
            },
        };
        let outcomes = self
            .ledger
            .commit(&[write])
            .map_err(|error| error.to_string())?;
        match outcomes.as_slice() {
            [Outcome::Inserted { .. }] => Ok(()),
            other => Err(format!("the command is {other:?}")),
        }
    }

    /// A command with a key of its own.
    pub(super) fn new_command(&mut self, command: &Command) -> Result<NewCommand, String> {
        self.asked += 1;
        self.seen.verb(command.verb());
        Ok(NewCommand {
            run: self.uid.clone(),
            kind: command.verb().to_owned(),
            body: serde_json::to_vec(command).map_err(|error| error.to_string())?,
            key: Some(format!("ask-{}", self.asked)),
        })
    }

    /// Commands that no turn took and that are not queued yet.
    pub(super) fn open_commands(&mut self) -> Result<Vec<Event>, String> {
        let id_of = |event: &Event| match event {
            Event::Commanded { id, .. } => Some(*id),
            _ => None,
        };
        let queued: BTreeSet<i64> = self.queue.iter().filter_map(id_of).collect();
        let open = self
            .ledger
            .pending_commands(&self.uid)
            .map_err(|error| error.to_string())?;
        open.into_iter()
            .filter(|command| !queued.contains(&command.id))
            .map(|command| {
                let parsed = serde_json::from_slice(&command.body);
                let parsed = parsed.map_err(|error| error.to_string())?;
                Ok(Event::Commanded {
                    id: command.id,
                    command: parsed,
                })
            })
            .collect()
    }

    /// Whether all is done: the run has ended or is gone, every command is answered, every
    /// process is released.
    pub(super) fn is_over(&mut self) -> Result<bool, String> {
        let ended = self.run.as_ref().is_none_or(|run| run.head.phase.is_done());
        if !ended || !self.processes.values().all(|process| process.released) {
            return Ok(false);
        }
        let open = self
            .ledger
            .pending_commands(&self.uid)
            .map_err(|error| error.to_string())?;
        Ok(open.is_empty())
    }

    /// The rows as they are at the end.
    pub(crate) fn last_bytes(&mut self) -> Vec<u8> {
        let Ok(Some(loaded)) = self.ledger.load_run(&self.uid) else {
            return Vec::new();
        };
        let nodes = loaded.nodes.into_iter().flat_map(|node| node.body);
        loaded.row.head.into_iter().chain(nodes).collect()
    }
}
