//! Runs a case by the core alone: `decide` on one side, a virtual clock and a real shell on the
//! other. Nothing waits, so every case takes as long as its commands.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use usher_api::code;
use usher_core::admit::{self, Fault, Overrides};
use usher_core::decide::decide;
use usher_core::effect::Effect;
use usher_core::event::{End, Event, Stamped};
use usher_core::invariant;
use usher_core::prepared::Prepared;
use usher_core::project;
use usher_core::run::{Identity, NodeIx, Run};

use crate::case::Case;
use crate::directive::{Action, Wait};
use crate::driver::{Carried, Driver};
use crate::shell::Shell;

const START_MS: i64 = 1_700_000_000_000;

/// How long a process takes to start, and to end once told, milliseconds.
const LAG_MS: i64 = 10;

/// A case that has not ended by then never will.
const TURNS_MAX: usize = 10_000;

/// The core and a shell.
#[derive(Debug)]
pub(crate) struct InProcess {
    shell: Shell,
}

impl InProcess {
    pub(crate) fn new() -> InProcess {
        InProcess {
            shell: Shell::new(),
        }
    }
}

impl Driver for InProcess {
    fn carry_out(&self, case: &Case) -> Carried {
        let run = match prepare(case) {
            Ok(run) => run,
            Err(carried) => return carried,
        };
        let mut stage = Stage {
            shell: &self.shell,
            run: Some(run),
            now_ms: START_MS,
            ahead: BTreeMap::new(),
            number: 0,
            actions: case.head.actions.iter().cloned().collect(),
            next_id: 0,
        };
        if let Some(Wait::After(span_ms)) = stage
            .actions
            .front_mut()
            .and_then(|first| first.waits.first_mut())
        {
            *span_ms += START_MS;
        }
        match stage.play() {
            Ok(run) => Carried::Object(project::object(&run)),
            Err(why) => Carried::Stuck(why),
        }
    }
}

/// The admitted run of a case.
pub(crate) fn prepare(case: &Case) -> Result<Run, Carried> {
    let name = format!("{}.yaml", case.name);
    let documents = admit::read(&name, case.text.as_bytes()).map_err(|faults| sort(&faults))?;
    let beside = documents
        .iter()
        .find(|document| document.object["kind"] != "Workflow");
    if let Some(document) = beside {
        let kind = document.object["kind"].as_str().unwrap_or("something");
        return Err(Carried::NotYet(format!("{kind} beside the workflow")));
    }
    for action in &case.head.actions {
        action.command().map_err(Carried::NotYet)?;
    }
    let document = documents
        .first()
        .ok_or_else(|| Carried::Stuck("no document".to_owned()))?;
    let overrides = Overrides {
        parameters: case.head.parameters.clone(),
        ..Overrides::default()
    };
    let admitted = admit::admit(document, &overrides).map_err(|faults| sort(&faults))?;
    let identity = Identity {
        uid: "7d4a0a5e-1f1c-4e55-9d4c-4f6e1a2b3c4d".to_owned(),
        name: admitted.name.clone().unwrap_or_default(),
        namespace: "default".to_owned(),
        created_ms: START_MS,
        submitter: "conformance".to_owned(),
    };
    Ok(Run::new(Arc::new(Prepared::new(admitted.plan)), identity))
}

/// A refusal: *not yet* if a fault says so, else for good.
fn sort(faults: &[Fault]) -> Carried {
    match faults
        .iter()
        .find(|fault| fault.code.id == code::NOT_SUPPORTED.id)
    {
        Some(fault) => Carried::NotYet(feature(fault)),
        None => Carried::Refused(
            faults
                .iter()
                .map(|fault| format!("{} {}: {}", fault.code.id, fault.path, fault.message))
                .collect(),
        ),
    }
}

/// A fault's path without its numbers: the name of a feature.
fn feature(fault: &Fault) -> String {
    let mut name = String::new();
    let mut inside = false;
    for letter in fault.path.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            _ if inside => {}
            _ => name.push(letter),
        }
    }
    name
}

enum Ahead {
    Started(NodeIx, u32),
    Ended(NodeIx, u32, Box<End>),
}

/// A run on its way.
struct Stage<'a> {
    shell: &'a Shell,
    run: Option<Run>,
    now_ms: i64,
    /// What processes will do, by time and number.
    ahead: BTreeMap<(i64, u64), Ahead>,
    number: u64,
    actions: VecDeque<Action>,
    next_id: i64,
}

impl Stage<'_> {
    fn play(&mut self) -> Result<Run, String> {
        self.turn(vec![Event::Submitted])?;
        for _ in 0..TURNS_MAX {
            if let Some(event) = self.next_action() {
                self.turn(vec![event])?;
                continue;
            }
            let run = self.run.as_ref().ok_or("the run is away")?;
            if run.head.phase.is_done() && self.actions.is_empty() {
                return self.run.take().ok_or_else(|| "the run is away".to_owned());
            }
            let Some(next_ms) = self.next_ms() else {
                return Err(format!(
                    "nothing will ever happen again: {}",
                    open_nodes(run)
                ));
            };
            self.now_ms = self.now_ms.max(next_ms);
            let events = self.due();
            self.turn(events)?;
        }
        Err("does not end".to_owned())
    }

    /// When something happens next.
    fn next_ms(&self) -> Option<i64> {
        let process = self.ahead.keys().next().map(|(at_ms, _)| *at_ms);
        let timer = self.run.as_ref().and_then(Run::next_due_ms);
        let action = match self.actions.front().and_then(|action| action.waits.first()) {
            Some(Wait::After(until_ms)) => Some(*until_ms),
            _ => None,
        };
        process.into_iter().chain(timer).chain(action).min()
    }

    /// What has happened by now.
    fn due(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(entry) = self.ahead.first_entry()
            && entry.key().0 <= self.now_ms
        {
            let ((at_ms, _), ahead) = entry.remove_entry();
            events.push(match ahead {
                Ahead::Started(node, launch) => Event::PodStarted {
                    node,
                    launch,
                    started_ms: at_ms,
                },
                Ahead::Ended(node, launch, end) => Event::PodFinished {
                    node,
                    launch,
                    end: *end,
                },
            });
        }
        if let Some(run) = &self.run {
            let dues = run
                .index
                .dues
                .iter()
                .filter(|(due_ms, _)| *due_ms <= self.now_ms);
            events.extend(dues.map(|(_, node)| Event::TimerRang { node: Some(*node) }));
            if run
                .deadline_ms()
                .is_some_and(|due_ms| due_ms <= self.now_ms)
            {
                events.push(Event::TimerRang { node: None });
            }
        }
        events
    }

    /// The next action as an event, once all that it waits for has come.
    fn next_action(&mut self) -> Option<Event> {
        let run = self.run.as_ref()?;
        let action = self.actions.front_mut()?;
        while let Some(wait) = action.waits.first() {
            let came = match wait {
                Wait::After(until_ms) => *until_ms <= self.now_ms,
                Wait::When(node, phase) => run.nodes.iter().any(|found| {
                    project::phase_word(found.phase) == phase && run.display_name(found) == *node
                }),
                Wait::Ended => run.head.phase.is_done(),
            };
            if !came {
                return None;
            }
            action.waits.remove(0);
            if let Some(Wait::After(span_ms)) = action.waits.first_mut() {
                *span_ms += self.now_ms;
            }
        }
        let action = self.actions.pop_front()?;
        if let Some(Wait::After(span_ms)) = self
            .actions
            .front_mut()
            .and_then(|next| next.waits.first_mut())
        {
            *span_ms += self.now_ms;
        }
        self.next_id += 1;
        let command = action.command().ok()?;
        Some(Event::Commanded {
            id: self.next_id,
            command,
        })
    }

    fn turn(&mut self, events: Vec<Event>) -> Result<(), String> {
        let at_ms = self.now_ms;
        let mut events: Vec<Stamped> = events
            .into_iter()
            .map(|event| Stamped { at_ms, event })
            .collect();
        while !events.is_empty() {
            let run = self.run.take().ok_or("the run is away")?;
            let decision = decide(run, std::mem::take(&mut events));
            let broken = invariant::broken(&decision.run);
            if !broken.is_empty() {
                return Err(broken.join("; "));
            }
            self.run = Some(decision.run);
            for effect in decision.effects {
                match effect {
                    Effect::LaunchPod { node, launch } => self.launch(node, launch)?,
                    Effect::StopPod { node, launch } => self.stop(node, launch),
                    Effect::Continue => {
                        events.push(Stamped {
                            at_ms,
                            event: Event::Continued,
                        });
                    }
                    Effect::ReleasePod { .. } | Effect::AnnounceEnd | Effect::Note(_) => {}
                }
            }
        }
        Ok(())
    }

    fn launch(&mut self, node: NodeIx, launch: u32) -> Result<(), String> {
        let run = self.run.as_ref().ok_or("the run is away")?;
        let work = usher_core::work::of(run, node)?;
        let ran = self.shell.run(&work);
        let finished_ms = self.now_ms + 2 * LAG_MS + ran.took_ms;
        let end = End {
            code: ran.code,
            message: ran.message,
            result: work.wants_result.then_some(ran.stdout),
            finished_ms,
        };
        self.put(self.now_ms + LAG_MS, Ahead::Started(node, launch));
        self.put(finished_ms, Ahead::Ended(node, launch, Box::new(end)));
        Ok(())
    }

    /// The process ends soon, by SIGTERM, unless it is over.
    fn stop(&mut self, node: NodeIx, launch: u32) {
        let is_own = |ahead: &Ahead| match ahead {
            Ahead::Started(n, l) | Ahead::Ended(n, l, _) => (*n, *l) == (node, launch),
        };
        self.ahead.retain(|_, ahead| !is_own(ahead));
        let finished_ms = self.now_ms + LAG_MS;
        let end = End {
            code: 143,
            message: None,
            result: None,
            finished_ms,
        };
        self.put(finished_ms, Ahead::Ended(node, launch, Box::new(end)));
    }

    fn put(&mut self, at_ms: i64, ahead: Ahead) {
        self.number += 1;
        self.ahead.insert((at_ms, self.number), ahead);
    }
}

fn open_nodes(run: &Run) -> String {
    let open = run.nodes.iter().filter(|node| !node.phase.is_done());
    open.map(|node| format!("{} {:?} ", node.name, node.phase))
        .collect()
}
