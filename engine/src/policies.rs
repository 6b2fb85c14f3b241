//! What an installation knows of approvals that a file does not: its people and its settings.
//!
//! The core knows the language alone. What settings forbid and whom nobody knows is told by `lint`,
//! and refused when a run is submitted, before it exists.

use usher_api::approval::{Policy, TimeoutResult};
use usher_core::plan::Plan;
use usher_notifier::people::{People, check_names, read_file};

use crate::config::Config;

/// Every fault of a plan's approvals, each with its place in the file.
#[must_use]
pub fn faults(plan: &Plan, config: &Config) -> Vec<String> {
    if plan.approvals().next().is_none() {
        return Vec::new();
    }
    match read_people(config) {
        Ok(people) => faults_of(plan, config.allow_approve_on_timeout, &people),
        Err(reason) => vec![reason],
    }
}

/// Everybody, as the people file says now; nobody when there is none.
fn read_people(config: &Config) -> Result<People, String> {
    match config.people.exists() {
        true => read_file(&config.people),
        false => Ok(People::default()),
    }
}

fn faults_of(plan: &Plan, allows_approval_by_time: bool, people: &People) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, policy) in plan.approvals() {
        if is_by_time(policy) && !allows_approval_by_time {
            faults.push(format!(
                "{path}: the approval's `timeout.result: approve` is not allowed here: silence is \
                 no consent, unless `approvals.allow_approve_on_timeout` says so"
            ));
        }
        for fault in check_names(policy, people) {
            faults.push(format!(
                "{path}: the approval's {}: {}",
                fault.path, fault.message
            ));
        }
    }
    faults
}

fn is_by_time(policy: &Policy) -> bool {
    let timeout = policy.timeout.as_ref();
    timeout.is_some_and(|timeout| timeout.result == TimeoutResult::Approve)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn plan(approval: &Value) -> Plan {
        let object = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": {"name": "w"},
            "spec": {"entrypoint": "a", "templates": [{"name": "a", "suspend": {
                "approval": approval}}]}});
        usher_core::admit::compile(&object).expect("sound")
    }

    /// An approval by silence is refused, unless the installation allows it.
    #[test]
    fn s50_silence_is_no_consent() {
        let plan = |result: &str| {
            plan(
                &json!({"title": "t", "approvers": [{"user": "a@example.org"}],
                "timeout": {"after": "1d", "result": result}}),
            )
        };
        let nobody = People::default();
        assert_eq!(
            faults_of(&plan("approve"), false, &nobody),
            [
                "spec.templates[0]: the approval's `timeout.result: approve` is not allowed here: \
                 silence is no consent, unless `approvals.allow_approve_on_timeout` says so"
            ]
        );
        assert!(faults_of(&plan("approve"), true, &nobody).is_empty());
        assert!(faults_of(&plan("reject"), false, &nobody).is_empty());
    }

    /// A name that nobody has is told with its place and the nearest that somebody has.
    #[test]
    fn an_unknown_name_is_told() {
        let people = "people:\n  ada: {address: ada@example.org}\ngroups:\n  finance: [ada]\n";
        let people = People::parse(people).expect("sound");
        let plan = plan(&json!({"title": "t", "approvers": [{"group": "finanse"}]}));
        let faults = faults_of(&plan, false, &people);
        assert_eq!(faults.len(), 1, "{faults:?}");
        let start = "spec.templates[0]: the approval's approvers[0].group: ";
        assert!(faults[0].starts_with(start), "{faults:?}");
        assert!(faults[0].contains("finance"), "{faults:?}");
    }
}
