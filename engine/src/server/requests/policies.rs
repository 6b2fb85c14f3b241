//! What an installation allows approvals to say: looked at when a run is submitted.
//!
//! The core knows the language and no settings; what settings forbid is refused here, before the
//! run exists.

use usher_api::approval::TimeoutResult;
use usher_core::plan::Plan;

/// Why a plan is refused: the first approval that says what the installation does not allow.
pub(super) fn refusal(plan: &Plan, allows_approval_by_time: bool) -> Option<String> {
    let by_time = |policy: &usher_api::approval::Policy| {
        let timeout = policy.timeout.as_ref();
        timeout.is_some_and(|timeout| timeout.result == TimeoutResult::Approve)
    };
    let (path, _) = plan
        .approvals()
        .find(|(_, policy)| by_time(policy) && !allows_approval_by_time)?;
    Some(format!(
        "{path}: the approval's `timeout.result: approve` is not allowed here: silence is no \
         consent, unless `approvals.allow_approve_on_timeout` says so"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An approval by silence is refused at submission, unless the installation allows it.
    #[test]
    fn s50_silence_is_no_consent() {
        let plan = |result: &str| {
            let object = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
                "metadata": {"name": "w"},
                "spec": {"entrypoint": "a", "templates": [{"name": "a", "suspend": {"approval": {
                    "title": "t", "approvers": [{"user": "a@example.org"}],
                    "timeout": {"after": "1d", "result": result}}}}]}});
            usher_core::admit::compile(&object).expect("sound")
        };
        assert_eq!(
            refusal(&plan("approve"), false).as_deref(),
            Some(
                "spec.templates[0]: the approval's `timeout.result: approve` is not allowed here: \
                 silence is no consent, unless `approvals.allow_approve_on_timeout` says so"
            )
        );
        assert_eq!(refusal(&plan("approve"), true), None);
        assert_eq!(refusal(&plan("reject"), false), None);
    }
}
