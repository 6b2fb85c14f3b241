//! Random workflows with every template kind, and every field that a run can be held up by.

use serde_json::{Value, json};

use crate::rng::Rng;

/// A random `Workflow` object.
pub(crate) fn workflow(rng: &mut Rng) -> Value {
    let mut maker = Maker {
        rng,
        templates: Vec::new(),
        made: 0,
    };
    let shape = maker.rng.below(100);
    let entry = match shape {
        0..2 => maker.wide(),
        2..14 => maker.storm(),
        _ => maker.group(0),
    };
    let mut spec = json!({"entrypoint": entry});
    if (2..14).contains(&shape) && maker.rng.chance(70) {
        // Ends while attempts wait.
        spec["activeDeadlineSeconds"] = json!(40 + maker.rng.below(80));
    }
    if maker.rng.chance(40) {
        let handler = if maker.rng.chance(50) {
            maker.leaf()
        } else {
            maker.group(2)
        };
        spec["onExit"] = json!(handler);
    }
    if maker.rng.chance(20) {
        spec["activeDeadlineSeconds"] = json!(maker.rng.below(400));
    }
    if maker.rng.chance(8) {
        spec["retryStrategy"] = json!({"limit": 1, "retryPolicy": "Always"});
    }
    if maker.rng.chance(5) {
        spec["suspend"] = json!(true);
    }
    if maker.rng.chance(3) {
        spec["shutdown"] = json!(maker.rng.pick(&["Stop", "Terminate"]));
    }
    spec["templates"] = Value::from(maker.templates);
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "sim"},
        "spec": spec,
    })
}

struct Maker<'a> {
    rng: &'a mut Rng,
    templates: Vec<Value>,
    made: u32,
}

const WHEN: [&str; 5] = [
    "1 == 1",
    "1 == 2",
    "{{workflow.name}} == sim",
    "{{workflow.name}} - 1 == 2",
    "'a b' == 'a b'",
];

const SELECTORS: [&str; 6] = [
    "",
    ".Succeeded",
    ".Failed",
    ".Errored",
    ".Skipped",
    ".Omitted",
];

impl Maker<'_> {
    fn name(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{}", self.made)
    }

    fn leaf(&mut self) -> String {
        let kind = self.rng.below(13);
        let name = self.name(if kind < 7 { "pod" } else { "wait" });
        let mut template = json!({"name": name});
        match kind {
            0..6 => {
                template["container"] = json!({"image": "x", "command": ["run", "{{node.name}}"]})
            }
            6 => {
                template["script"] =
                    json!({"image": "x", "command": ["sh"], "source": "echo {{workflow.uid}}"});
            }
            7 => template["suspend"] = json!({}),
            8 => {
                let seconds = self.rng.below(60).to_string();
                template["suspend"] = json!({"duration": seconds});
            }
            10 | 11 => {
                template["suspend"] = json!({"approval": {"title": "t",
                    "approvers": [{"user": "a@example.org"}],
                    "retryOnReject": self.rng.chance(50)}});
            }
            12 => {
                let mut mail = json!({"to": ["a@example.org", "b@example.org"],
                    "subject": "s", "text": "t"});
                if self.rng.chance(70) {
                    mail["wait"] = json!("sent");
                }
                template["plugin"] = json!({"mail": mail});
            }
            _ => {
                // A duration that is known to be bad only when the value is put in.
                template["inputs"] = json!({"parameters": [{"name": "long", "value": "soon"}]});
                template["suspend"] = json!({"duration": "{{inputs.parameters.long}}"});
            }
        }
        if self.rng.chance(15) {
            template["activeDeadlineSeconds"] = json!(self.rng.below(40));
        }
        if self.rng.chance(10) {
            template["timeout"] = json!(format!("{}s", 1 + self.rng.below(40)));
        }
        self.retry(&mut template, 35);
        self.templates.push(template);
        name
    }

    /// A process that is given a word: an argument, a result of another, or its default.
    fn listener(&mut self) -> String {
        let name = self.name("hear");
        self.templates.push(json!({
            "name": name,
            "inputs": {"parameters": [{"name": "word", "default": "nothing"}]},
            "container": {"image": "x", "command": ["hear", "{{inputs.parameters.word}}"]},
        }));
        name
    }

    fn retry(&mut self, template: &mut Value, percent: u64) {
        if !self.rng.chance(percent) {
            return;
        }
        let policies = ["Always", "OnFailure", "OnError", "OnTransientError"];
        let policy = self.rng.pick(&policies);
        let mut strategy = json!({"limit": self.rng.below(4), "retryPolicy": policy});
        if self.rng.chance(60) {
            let mut backoff = json!({"duration": self.rng.below(20).to_string()});
            if self.rng.chance(50) {
                backoff["factor"] = json!(self.rng.below(4));
            }
            if self.rng.chance(30) {
                backoff["cap"] = json!("30s");
            }
            if self.rng.chance(30) {
                backoff["maxDuration"] = json!(format!("{}s", 10 + self.rng.below(90)));
            }
            strategy["backoff"] = backoff;
        }
        if self.rng.chance(5) {
            // No number, which is known only when the value is put in.
            strategy["limit"] = json!("{{workflow.name}}");
        }
        template["retryStrategy"] = strategy;
    }

    fn group(&mut self, depth: u64) -> String {
        if self.rng.chance(50) {
            self.steps(depth)
        } else {
            self.dag(depth)
        }
    }

    fn target(&mut self, depth: u64) -> String {
        if depth < 3 && self.rng.chance(50) {
            return self.group(depth + 1);
        }
        // Use a leaf again.
        let is_leaf = |t: &&Value| t.get("steps").is_none() && t.get("dag").is_none();
        let known = self.templates.iter().find(is_leaf);
        let known = known.and_then(|t| t["name"].as_str().map(str::to_owned));
        match known {
            Some(leaf) if self.rng.chance(30) => leaf,
            _ => self.leaf(),
        }
    }

    fn call(&mut self, name: &str, depth: u64, in_depends: bool) -> Value {
        let target = self.target(depth);
        let mut call = json!({"name": name, "template": target});
        if self.rng.chance(15) {
            call["when"] = json!(self.rng.pick(&WHEN));
        }
        if !in_depends && self.rng.chance(40) {
            let (failed, error) = (self.rng.chance(70), self.rng.chance(60));
            call["continueOn"] = json!({"failed": failed, "error": error});
        }
        call
    }

    fn steps(&mut self, depth: u64) -> String {
        let name = self.name("steps");
        let mut groups: Vec<Value> = Vec::new();
        for group in 0..1 + self.rng.below(4) {
            let most = if self.rng.chance(10) { 12 } else { 4 };
            let width = 1 + self.rng.below(most);
            let mut calls: Vec<Value> = (0..width)
                .map(|i| self.call(&format!("s{group}-{i}"), depth, false))
                .collect();
            if group > 0 && self.rng.chance(25) {
                let value = format!("{{{{steps.s{}-0.outputs.result}}}}", group - 1);
                calls.push(json!({
                    "name": format!("s{group}-hear"),
                    "template": self.listener(),
                    "arguments": {"parameters": [{"name": "word", "value": value}]},
                }));
            }
            groups.push(Value::from(calls));
        }
        let mut template = json!({"name": name, "steps": groups});
        self.retry(&mut template, 10);
        self.templates.push(template);
        name
    }

    fn dag(&mut self, depth: u64) -> String {
        let name = self.name("dag");
        let count = 2 + self.rng.below(7);
        let in_depends = self.rng.chance(50);
        let mut tasks = Vec::new();
        for at in 0..count {
            let mut task = self.call(&format!("t{at}"), depth, in_depends);
            let before: Vec<u64> = (0..at).filter(|_| self.rng.chance(35)).collect();
            if !before.is_empty() {
                if in_depends {
                    task["depends"] = json!(self.depends(&before));
                } else {
                    let names: Vec<String> = before.iter().map(|b| format!("t{b}")).collect();
                    task["dependencies"] = json!(names);
                }
            }
            tasks.push(task);
        }
        let mut dag = json!({"tasks": tasks});
        if self.rng.chance(30) {
            dag["failFast"] = json!(self.rng.chance(50));
        }
        if self.rng.chance(15) {
            dag["target"] = json!(format!("t{}", self.rng.below(count)));
        }
        let mut template = json!({"name": name, "dag": dag});
        self.retry(&mut template, 10);
        self.templates.push(template);
        name
    }

    fn depends(&mut self, before: &[u64]) -> String {
        let mut parts = Vec::new();
        for task in before {
            let selector = self.rng.pick(&SELECTORS);
            let not = if self.rng.chance(15) { "!" } else { "" };
            parts.push(format!("{not}t{task}{selector}"));
        }
        let joint = self.rng.pick(&[" && ", " || "]);
        parts.join(joint)
    }

    /// More nodes than one turn may change; most are over at once.
    fn wide(&mut self) -> String {
        let name = self.name("wide");
        let pass = self.name("pass");
        let pod = self.leaf();
        self.templates
            .push(json!({"name": pass, "suspend": {"duration": "0"}}));
        let calls: Vec<Value> = (0..520 + self.rng.below(200))
            .map(|i| {
                let template = if i.is_multiple_of(97) { &pod } else { &pass };
                json!({"name": format!("w{i}"), "template": template})
            })
            .collect();
        self.templates.push(json!({"name": name, "steps": [calls]}));
        name
    }

    /// Attempts that wait long, so that whatever ends a run meets them waiting.
    fn storm(&mut self) -> String {
        let name = self.name("storm");
        let mut tasks = Vec::new();
        for at in 0..4 + self.rng.below(8) {
            let policy = self.rng.pick(&["Always", "OnError"]);
            let pod = self.name("weak");
            self.templates.push(json!({
                "name": pod,
                "container": {"image": "x", "command": ["run"]},
                "retryStrategy": {"limit": 3, "retryPolicy": policy,
                    "backoff": {"duration": format!("{}", 20 + self.rng.below(80))}},
            }));
            tasks.push(json!({"name": format!("t{at}"), "template": pod}));
        }
        self.templates
            .push(json!({"name": name, "dag": {"tasks": tasks}}));
        name
    }
}
