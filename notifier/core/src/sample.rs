//! Tasks and golden files that the tests of pages and mails share.

use std::path::Path;

use usher_api::approval::{
    Approver, Asked, CommentRule, Fact, Field, FieldKind, Level, Moment, Need, OnReject, Policy,
    Quorum, RejectRule, Timeout, TimeoutResult, Who,
};

use crate::people::Person;
use crate::task::{Decided, Entry, Slot, SlotState, State, Task, Vote};
use crate::token::Ring;

/// Half past noon, 2 March 2026, UTC.
pub(crate) const NOW: i64 = 1_772_454_600_000;

/// The link of every sample.
pub(crate) const LINK: [u8; 16] = *b"0123456789abcdef";

/// Compares with a golden file, or writes it when `UPDATE` is set.
pub(crate) fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name);
    if std::env::var_os("UPDATE").is_some() {
        let folder = path.parent().expect("a folder");
        std::fs::create_dir_all(folder).expect("the folder can be made");
        std::fs::write(&path, text).expect("the file can be written");
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        wanted == text,
        "{name} differs; look at it, then run with UPDATE=1:\n{text}"
    );
}

/// The keys of every sample.
pub(crate) fn ring() -> Ring {
    Ring::new("golden", vec![(1, [1; 32]), (2, [2; 32])], 2)
}

/// A person.
pub(crate) fn person(id: &str, name: &str) -> Person {
    Person {
        id: id.to_owned(),
        address: format!("{id}@example.org"),
        name: name.to_owned(),
        locale: None,
        zone: Some("Europe/Berlin".to_owned()),
    }
}

/// A field of a form.
pub(crate) fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        label: None,
        help: None,
        required: false,
        default: None,
        options: Vec::new(),
        min: None,
        max: None,
        min_length: None,
        max_length: None,
        pattern: None,
    }
}

fn form() -> Vec<Field> {
    let centre = Field {
        label: Some("Cost centre".to_owned()),
        help: Some("Who pays.".to_owned()),
        required: true,
        options: vec!["4711".to_owned(), "4712".to_owned()],
        ..field("costCentre", FieldKind::Choice)
    };
    let by = Field {
        min: Some("2026-03-01".to_owned()),
        max: Some("2026-12-31".to_owned()),
        ..field("payBy", FieldKind::Date)
    };
    let limit = Field {
        default: Some("4711.00".to_owned()),
        ..field("limit", FieldKind::Number)
    };
    vec![
        centre,
        by,
        limit,
        field("count", FieldKind::Integer),
        field("urgent", FieldKind::Boolean),
        field("copyTo", FieldKind::Email),
        field("note", FieldKind::Multiline),
        field("reference", FieldKind::Text),
    ]
}

fn fact(label: &str, value: &str, sensitive: bool) -> Fact {
    Fact {
        name: label.to_lowercase(),
        label: label.to_owned(),
        value: value.to_owned(),
        sensitive,
    }
}

fn policy() -> Policy {
    Policy {
        title: "Invoice 4711".to_owned(),
        description: Some(
            "Amount **4711 EUR**.\n\n- new disks\n- old price\n\n\
             See [the offer](https://shop.example.org/4711)."
                .to_owned(),
        ),
        show: None,
        requester: None,
        locale: None,
        timezone: None,
        approvers: vec![Approver {
            who: Who::Group("finance".to_owned()),
            need: Need::Count(2),
            required: false,
            must_be_in: None,
        }],
        quorum: Quorum::All,
        reject: RejectRule::Veto,
        comment: CommentRule::OnReject,
        form: form(),
        on_reject: OnReject::Fail,
        timeout: Some(Timeout {
            when: Moment::After(259_200_000),
            result: TimeoutResult::Reject,
        }),
        retry_on_reject: false,
        requester_may_approve: false,
        auth: None,
    }
}

/// Two of three in finance must agree to an invoice; nobody has voted.
pub(crate) fn pending() -> Task {
    let mut task = Task::opening(Asked {
        v: 1,
        task: "7d1c2f6e-0000-8000-8000-000000000001".to_owned(),
        policy: policy(),
        facts: vec![
            fact("Invoice", "4711", false),
            fact("Amount", "4711.00", false),
            fact("IBAN", "DE02 1203 0000 0000 2020 51", true),
        ],
        supplies: Vec::new(),
        run: "run-uid-1".to_owned(),
        workflow: "pay-4711".to_owned(),
        namespace: "default".to_owned(),
        node: 3,
        node_name: "pay-4711.approve".to_owned(),
        template: "approve".to_owned(),
        submitter: "lind".to_owned(),
        others: Vec::new(),
        opened_ms: NOW,
        fault: None,
    });
    let people = [("boss", "Bea Boss"), ("carl", "Carl Cash"), ("dora", "")];
    task.state = State::Pending;
    task.slots = people.map(|(id, name)| Slot::new(person(id, name))).into();
    task.entries = vec![Entry {
        label: "finance".to_owned(),
        need: 2,
        required: false,
        slots: vec![0, 1, 2],
        group: Some("finance".to_owned()),
        fault: None,
    }];
    task.digest = "5f".repeat(32);
    task.timeout_ms = Some(NOW + 259_200_000);
    task.requester = Some(person("anna", "Anna Lind"));
    task
}

/// The same after a vote of the first.
pub(crate) fn voted() -> Task {
    let mut task = pending();
    task.values = [("costCentre".to_owned(), "4711".to_owned())].into();
    task.slots[0].votes = vec![Vote {
        approves: true,
        comment: "Fine.\nPay soon.".to_owned(),
        values: task.values.clone(),
        at_ms: NOW + 3_600_000,
        level: Level::Code,
        via: "link".to_owned(),
        digest: "5f".repeat(32),
        nonce: "n".to_owned(),
        seq: 4,
        erased: false,
    }];
    task.slots[0].state = SlotState::Approved;
    task
}

/// The same, ended so.
pub(crate) fn ended(state: State, decision: &str, via: &str) -> Task {
    let mut task = voted();
    task.state = state;
    task.decided = Some(Decided {
        decision: decision.to_owned(),
        via: via.to_owned(),
        by: "carl".to_owned(),
        reason: String::new(),
        at_ms: NOW + 7_200_000,
    });
    task
}

/// The same task with every text that somebody else writes replaced by this one.
pub(crate) fn hostile(text: &str) -> Task {
    let mut task = voted();
    let own = || text.to_owned();
    task.asked.policy.title = own();
    task.asked.policy.description = Some(own());
    task.asked.policy.requester = Some(own());
    for field in &mut task.asked.policy.form {
        field.label = Some(own());
        field.help = Some(own());
        field.default = Some(own());
        field.options = vec![own()];
        field.min = Some(own());
        field.max = Some(own());
    }
    for fact in &mut task.asked.facts {
        (fact.name, fact.label, fact.value) = (own(), own(), own());
    }
    (
        task.asked.workflow,
        task.asked.namespace,
        task.asked.submitter,
    ) = (own(), own(), own());
    task.entries[0].label = own();
    task.digest = own();
    task.values = [("costCentre".to_owned(), own())].into();
    task.requester = Some(named(text));
    for slot in &mut task.slots {
        slot.person = named(text);
        for vote in &mut slot.votes {
            (vote.comment, vote.digest) = (own(), own());
            vote.values = task.values.clone();
        }
    }
    task
}

fn named(text: &str) -> Person {
    Person {
        id: text.to_owned(),
        address: text.to_owned(),
        name: text.to_owned(),
        locale: None,
        zone: None,
    }
}
