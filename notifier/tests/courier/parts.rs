//! Settings, requests, mails and transports as these tests use them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use usher_api::approval::{Asked, Level};
use usher_ledger::tasks::{LinkRow, NewMail};
use usher_notifier::ports::{Login, Settings, Smtp as SmtpPort, Tls};
use usher_notifier::smtp::{Patience, Smtp};
use usher_notifier_core::decide::Rules;
use usher_notifier_core::people::Person;
use usher_notifier_core::recipe::{Recipe, ToSlot, Written};
use usher_notifier_core::task::{Slot, SlotState, Task};

use crate::ground::{MINUTE, NOON};
use crate::server::Sink;

pub(crate) fn settings() -> Settings {
    Settings {
        base_url: "https://approvals.example.org".to_owned(),
        service: "Approvals".to_owned(),
        from: "approvals@example.org".to_owned(),
        mail_domain: "mail.example.org".to_owned(),
        rules: Rules {
            auth: Level::Link,
            allow_approve_on_timeout: false,
            link_ms: 30 * 24 * 60 * MINUTE,
            persons_max: 200,
            domains: Vec::new(),
            administrators: Vec::new(),
            signing_key: 1,
            locale: "en".to_owned(),
            timezone: "UTC".to_owned(),
        },
        smtp: None,
        trusted_proxies: Vec::new(),
    }
}

pub(crate) fn asked(task: &str, run: &str) -> Asked {
    let policy = r#"{"title":"Trip","approvers":[],"quorum":"all"}"#;
    Asked {
        v: 1,
        task: task.to_owned(),
        policy: serde_json::from_str(policy).expect("a policy"),
        facts: Vec::new(),
        supplies: Vec::new(),
        run: run.to_owned(),
        workflow: run.to_owned(),
        namespace: "default".to_owned(),
        node: 1,
        node_name: "ask".to_owned(),
        template: "ask".to_owned(),
        submitter: "ada".to_owned(),
        others: Vec::new(),
        opened_ms: NOON,
        fault: None,
    }
}

pub(crate) fn slot(address: &str) -> Slot {
    Slot {
        person: Person {
            id: address.to_owned(),
            address: address.to_owned(),
            name: String::new(),
            locale: None,
            zone: None,
        },
        state: SlotState::Open,
        votes: Vec::new(),
        undeliverable: false,
        code: None,
        codes_sent: Vec::new(),
        renewals: Vec::new(),
        resent: Vec::new(),
        links: 0,
        link: None,
        mails: BTreeMap::new(),
    }
}

/// The link of a slot.
pub(crate) fn link(task: &str, slot: u32) -> LinkRow {
    let mut id: Vec<u8> = task.bytes().rev().take(12).collect();
    id.resize(12, 0);
    id.extend_from_slice(&slot.to_be_bytes());
    LinkRow {
        id,
        task: task.to_owned(),
        slot,
        key: 1,
        created_ms: NOON,
        expires_ms: NOON + 30 * 24 * 60 * MINUTE,
        revoked: false,
    }
}

/// The request to a slot.
pub(crate) fn request(task: &Task, slot: u32) -> NewMail {
    let at = usize::try_from(slot).expect("small");
    let id = link(&task.asked.task, slot).id;
    let recipe = Recipe::Request(ToSlot {
        slot,
        link: id.iter().map(|byte| format!("{byte:02x}")).collect(),
        key: 1,
        at_ms: NOON,
        renewed: false,
    });
    NewMail {
        key: format!("{}/{slot}/request/1/1", task.asked.task),
        task: Some(task.asked.task.clone()),
        slot: Some(slot),
        run: None,
        kind: "request".to_owned(),
        recipient: task.slots[at].person.address.clone(),
        due_ms: NOON,
        body: serde_json::to_vec(&recipe).expect("plain data"),
    }
}

/// A mail that a workflow wrote.
pub(crate) fn written(key: &str, recipient: &str, change: impl FnOnce(&mut Written)) -> NewMail {
    let mut written = Written {
        to: vec![recipient.to_owned()],
        cc: Vec::new(),
        subject: format!("Mail {key}"),
        text: "Hello".to_owned(),
        html: None,
        run: "run".to_owned(),
        workflow: "default/run".to_owned(),
        waits: None,
        round: 0,
        at_ms: NOON,
    };
    change(&mut written);
    let run = Some(written.run.clone());
    NewMail {
        key: key.to_owned(),
        task: None,
        slot: None,
        run,
        kind: "step".to_owned(),
        recipient: recipient.to_owned(),
        due_ms: NOON,
        body: serde_json::to_vec(&Recipe::Written(written)).expect("plain data"),
    }
}

/// The mail server behind a sink.
pub(crate) fn port_of(sink: &Sink, tls: Tls) -> SmtpPort {
    SmtpPort {
        host: "localhost".to_owned(),
        port: sink.port(),
        tls,
        login: Login::None,
        root: Some(sink.root()),
        connections: 4,
    }
}

/// A transport to a sink, with little patience.
pub(crate) fn transport(sink: &Sink) -> Arc<Smtp> {
    Arc::new(patient(port_of(sink, Tls::None)))
}

pub(crate) fn patient(port: SmtpPort) -> Smtp {
    let smtp = Smtp::new(port, "mail.example.org").expect("its root can be read");
    smtp.patient(Patience {
        connect: Duration::from_secs(5),
        send: Duration::from_secs(5),
    })
}
