//! A run on a stage: events come by hand, time stands until it is moved.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use usher_api::command::{Command, Outcome};
use usher_core::asks::Asks;
use usher_core::decide::{Decision, decide};
use usher_core::effect::Effect;
use usher_core::event::{End, Event, Stamped};
use usher_core::invariant;
use usher_core::prepared::Prepared;
use usher_core::project::phase_word;
use usher_core::run::{Identity, NodeIx, Run, encode_node};

/// 2026-01-02T03:04:05Z.
pub(crate) const START_MS: i64 = 1_767_323_045_000;

/// A run and the clock beside it.
#[derive(Debug)]
pub(crate) struct Script {
    run: Option<Run>,
    rows: BTreeMap<NodeIx, Vec<u8>>,
    now_ms: i64,
    /// What the last event called for, notes included.
    pub(crate) effects: Vec<Effect>,
    /// What the last event asked of people.
    pub(crate) asks: Asks,
    /// The answer to the last command.
    pub(crate) outcome: Option<Outcome>,
}

impl Script {
    /// A run of `spec`, called `w`, submitted at [`START_MS`].
    pub(crate) fn of(spec: Value) -> Script {
        let mut script = Script::unborn(spec);
        script.give(Event::Submitted);
        script
    }

    /// A run of `spec` to which nothing has happened.
    pub(crate) fn unborn(spec: Value) -> Script {
        Script::noted(spec, json!({}))
    }

    /// A run of `spec` whose workflow has these annotations, and to which nothing has happened.
    pub(crate) fn noted(spec: Value, annotations: Value) -> Script {
        let object = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": "w", "annotations": annotations},
            "spec": spec,
        });
        let plan = usher_core::admit::compile(&object).expect("the workflow is sound");
        let identity = Identity {
            uid: "0d5c4a1e-0000-4000-8000-000000000001".to_owned(),
            name: "w".to_owned(),
            namespace: "default".to_owned(),
            created_ms: START_MS,
            submitter: "ada".to_owned(),
        };
        Script {
            run: Some(Run::new(Arc::new(Prepared::new(plan)), identity)),
            rows: BTreeMap::new(),
            now_ms: START_MS,
            effects: Vec::new(),
            asks: Asks::default(),
            outcome: None,
        }
    }

    /// The run as it is.
    pub(crate) fn run(&self) -> &Run {
        self.run.as_ref().expect("the run is here between events")
    }

    /// Moves the clock on by so many seconds; nothing happens by that.
    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Script {
        self.now_ms += seconds * 1_000;
        self
    }

    /// One event, now, and the turns that it asks for.
    pub(crate) fn give(&mut self, event: Event) -> &mut Script {
        let mut events = vec![event];
        self.effects.clear();
        self.asks = Asks::default();
        while let Some(event) = events.pop() {
            let run = self.run.take().expect("the run is here between events");
            let at_ms = self.now_ms;
            let decision = decide(run, vec![Stamped { at_ms, event }]);
            assert_eq!(invariant::broken(&decision.run), Vec::<String>::new());
            let unowed = invariant::unowed(&decision.run, &decision.effects);
            let is_owed = decision.delete || unowed.is_empty();
            assert!(is_owed, "INV-10: not owed: {unowed:?}");
            self.write(&decision);
            if decision.effects.contains(&Effect::Continue) {
                events.push(Event::Continued);
            }
            self.effects.extend(decision.effects);
            self.asks.opens.extend(decision.asks.opens);
            self.asks.closes.extend(decision.asks.closes);
            self.asks.letters.extend(decision.asks.letters);
            self.outcome = decision
                .answers
                .into_iter()
                .next()
                .map(|answer| answer.outcome);
            self.run = Some(decision.run);
        }
        self
    }

    /// Writes the rows that a decision names, and looks whether they are all that changed.
    fn write(&mut self, decision: &Decision) {
        for (ix, node) in (0..).zip(&decision.run.nodes) {
            let body = encode_node(node);
            if decision.changed.contains(&ix) {
                self.rows.insert(ix, body);
            } else {
                let same = self.rows.get(&ix) == Some(&body);
                assert!(
                    same,
                    "INV-12: node {} changed and is not written",
                    node.name
                );
            }
        }
    }

    /// The number of the node called `name`.
    pub(crate) fn ix(&self, name: &str) -> NodeIx {
        let at = self.run().nodes.iter().position(|node| &*node.name == name);
        let at = at.unwrap_or_else(|| panic!("no node {name} in\n{}", self.tree()));
        u32::try_from(at).expect("a number of a node")
    }

    /// The process of a node begins.
    pub(crate) fn starts(&mut self, name: &str) -> &mut Script {
        let node = self.ix(name);
        let launch = self.run().nodes[node as usize].launch;
        let started_ms = self.now_ms;
        self.give(Event::PodStarted {
            node,
            launch,
            started_ms,
        })
    }

    /// The process of a node ends with a code.
    pub(crate) fn ends(&mut self, name: &str, code: i32) -> &mut Script {
        self.ends_with(name, code, None)
    }

    /// The process of a node ends with a code and a result.
    pub(crate) fn ends_with(&mut self, name: &str, code: i32, result: Option<&str>) -> &mut Script {
        let node = self.ix(name);
        let launch = self.run().nodes[node as usize].launch;
        let end = End {
            code,
            message: None,
            result: result.map(str::to_owned),
            finished_ms: self.now_ms,
        };
        self.give(Event::PodFinished { node, launch, end })
    }

    /// A timer rings: of a node, or of the run.
    pub(crate) fn rings(&mut self, name: Option<&str>) -> &mut Script {
        let node = name.map(|name| self.ix(name));
        self.give(Event::TimerRang { node })
    }

    /// Somebody asks for something.
    pub(crate) fn asks(&mut self, command: Command) -> &mut Script {
        self.give(Event::Commanded { id: 1, command })
    }

    /// Every node as `NAME KIND PHASE: MESSAGE`, in the order of their numbers, and the run's own
    /// line. Those that a retry took back are not there.
    pub(crate) fn tree(&self) -> String {
        let run = self.run();
        let colon = |message: &str| match message {
            "" => String::new(),
            message => format!(": {message}"),
        };
        let mut text = format!("= {}{}\n", run.head.phase.word(), colon(&run.head.message));
        for node in run.nodes.iter().filter(|node| !node.is_vacant()) {
            let message = colon(&node.message);
            let (kind, phase) = (node.kind.word(), node.phase);
            assert!(!phase_word(phase).is_empty());
            text.push_str(&format!("{} {kind} {phase:?}{message}\n", node.name));
        }
        text
    }

    /// Asserts the tree, line by line.
    #[track_caller]
    pub(crate) fn shows(&mut self, lines: &[&str]) -> &mut Script {
        let tree = self.tree();
        assert_eq!(tree.lines().collect::<Vec<_>>(), lines);
        self
    }
}

/// Resume of all that waits.
pub(crate) fn resume() -> Command {
    Command::Resume {
        by: "ada".to_owned(),
        selector: None,
    }
}

/// Stop of the run.
pub(crate) fn stop() -> Command {
    Command::Stop {
        by: "ada".to_owned(),
        message: None,
        selector: None,
    }
}

/// Terminate of the run.
pub(crate) fn terminate() -> Command {
    Command::Terminate {
        by: "ada".to_owned(),
    }
}

/// Suspend of the run.
pub(crate) fn suspend() -> Command {
    Command::Suspend {
        by: "ada".to_owned(),
    }
}

/// A template with a process.
pub(crate) fn pod(name: &str) -> Value {
    json!({"name": name, "container": {"image": "i", "command": ["c"]}})
}

/// A template that waits for a person.
pub(crate) fn gate(name: &str) -> Value {
    json!({"name": name, "suspend": {}})
}
