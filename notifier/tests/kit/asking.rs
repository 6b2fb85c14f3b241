//! Policies and what runs ask, in few words.

use usher_api::approval::{
    Approver, Asked, CommentRule, Field, FieldKind, Need, OnReject, Policy, Quorum, RejectRule,
    Who, task_id,
};

/// Asks these people, each an entry of its own.
pub(crate) fn policy(approvers: &[&str]) -> Policy {
    let entry = |name: &&str| Approver {
        who: match name.strip_prefix("group:") {
            Some(group) => Who::Group(group.to_owned()),
            None => Who::User((*name).to_owned()),
        },
        need: Need::Count(1),
        required: false,
        must_be_in: None,
    };
    Policy {
        title: "Order 4711".to_owned(),
        description: Some("Forty **chairs**.".to_owned()),
        show: None,
        requester: None,
        locale: None,
        timezone: None,
        approvers: approvers.iter().map(entry).collect(),
        quorum: Quorum::All,
        reject: RejectRule::Veto,
        comment: CommentRule::Optional,
        form: Vec::new(),
        on_reject: OnReject::Fail,
        timeout: None,
        retry_on_reject: false,
        requester_may_approve: false,
        auth: None,
    }
}

/// A text field that an approval needs.
pub(crate) fn field(name: &str) -> Field {
    Field {
        name: name.to_owned(),
        kind: FieldKind::Text,
        label: None,
        help: None,
        required: true,
        default: None,
        options: Vec::new(),
        min: None,
        max: None,
        min_length: None,
        max_length: None,
        pattern: None,
    }
}

/// What a run of this uid asks, submitted by the account `sam`.
pub(crate) fn asked(run: &str, node: u32, policy: Policy, opened_ms: i64) -> Asked {
    let node_name = format!("{run}.ask-{node}");
    let mut supplies: Vec<String> = policy.form.iter().map(|field| field.name.clone()).collect();
    for name in [
        "decision",
        "decidedVia",
        "approver",
        "comment",
        "decidedAt",
        "round",
        "votes",
    ] {
        supplies.push(name.to_owned());
    }
    Asked {
        v: 1,
        task: task_id(run, &format!("{run}-{node}"), 1),
        policy,
        facts: Vec::new(),
        supplies,
        run: run.to_owned(),
        workflow: format!("name-of-{run}"),
        namespace: "default".to_owned(),
        node,
        node_name,
        template: "ask".to_owned(),
        submitter: "sam".to_owned(),
        others: Vec::new(),
        opened_ms,
        fault: None,
    }
}
