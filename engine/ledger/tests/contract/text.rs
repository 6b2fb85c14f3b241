//! U+0000: PostgreSQL refuses what SQLite takes, so no ledger holds it (E8).

use usher_ledger::tasks::{MailPhase, NewCommand, TaskFilter, TaskWrite};
use usher_ledger::{Applied, Filter, Reader, Write, part_of};

use super::desk::{answer, boxed, change, entry, mail, mailed, moved, opens, step};
use super::ground::{Ground, born, committed, node, turned};

const CLEAN: &str = "x\u{fffd}y";

/// Text with a NUL is stored with its replacement, and found by either.
pub(super) fn nul_in_text_is_replaced_on_entry(ground: &mut Ground) {
    let dirty = "x\0y";
    let mut birth = ground.birth(dirty);
    birth.fence = ground.fence(dirty);
    birth.namespace = dirty.to_owned();
    birth.name = dirty.to_owned();
    birth.plan_hash = dirty.to_owned();
    birth.key = Some(dirty.to_owned());
    birth.head.phase = dirty.to_owned();
    birth.head.parked = Some(dirty.to_owned());
    assert_eq!(ground.write(born(birth)), committed(1));
    let kind = Write::Command {
        run: dirty.to_owned(),
        kind: dirty.to_owned(),
        body: vec![],
        key: Some(dirty.to_owned()),
    };
    assert_eq!(ground.write(kind.clone()), ground.write(kind));

    let mut reader = ground.reader();
    for text in [dirty, CLEAN] {
        let row = reader.run_row(text).unwrap().unwrap();
        let found = [&row.uid, &row.namespace, &row.name, &row.plan, &row.phase];
        assert_eq!(found.map(String::as_str), [CLEAN; 5]);
        assert_eq!(row.parked.as_deref(), Some(CLEAN));
        assert_eq!(reader.find_run(text, text).unwrap().as_deref(), Some(CLEAN));
        assert_eq!(reader.run_of_key(text).unwrap().as_deref(), Some(CLEAN));
        assert!(reader.plan(text).unwrap().is_some());
        assert!(reader.load_run(text).unwrap().is_some());
        let commands = reader.pending_commands(text).unwrap();
        assert_eq!((commands.len(), &*commands[0].kind), (1, CLEAN));
        let filter = Filter {
            namespace: Some(text.to_owned()),
            phase: Some(text.to_owned()),
            name_prefix: Some(text.to_owned()),
            limit: 1,
        };
        assert_eq!(reader.filter_runs(&filter).unwrap().len(), 1);
    }
    let park = Write::Park {
        run: dirty.to_owned(),
        fence: ground.fence(dirty),
        reason: "a\0".to_owned(),
    };
    assert_eq!(ground.write(park), committed(2));
    let row = reader.run_row(dirty).unwrap().unwrap();
    assert_eq!(row.parked.as_deref(), Some("a\u{fffd}"));
    let epoch = ground.ledger.take_over(part_of(dirty), "o\0", 1).unwrap();
    assert_eq!(epoch, Some(2));
    let owner = &reader.partitions().unwrap()[usize::from(part_of(dirty))].owner;
    assert_eq!(owner, "o\u{fffd}");
}

/// So is its escape in the JSON of every body; an escaped backslash is no escape.
pub(super) fn nul_in_bodies_is_replaced_on_entry(ground: &mut Ground) {
    const DIRTY: &str = r#"["\u0000","\\u0000","a\u0000"]"#;
    const STORED: &[u8] = br#"["\ufffd","\\u0000","a\ufffd"]"#;
    let mut birth = ground.birth("u1");
    birth.plan = DIRTY.into();
    birth.head.body = DIRTY.into();
    birth.scope = Some(DIRTY.into());
    birth.nodes = vec![node(0, None, DIRTY)];
    assert_eq!(ground.write(born(birth)), committed(1));
    let id = ground.command("u1", DIRTY);

    let mut reader = ground.reader();
    let assert_stored = |reader: &mut dyn Reader| {
        let loaded = reader.load_run("u1").unwrap().unwrap();
        assert_eq!(loaded.plan, STORED);
        assert_eq!(loaded.row.head, STORED);
        assert_eq!(loaded.scope.as_deref(), Some(STORED));
        assert_eq!(loaded.nodes[0].body, STORED);
    };
    assert_stored(&mut *reader);
    assert_eq!(reader.pending_commands("u1").unwrap()[0].body, STORED);

    let mut turn = ground.turn("u1", 1);
    turn.head.body = DIRTY.into();
    turn.scope = Some(DIRTY.into());
    turn.nodes = vec![node(0, None, DIRTY)];
    turn.applied = vec![Applied {
        id,
        outcome: DIRTY.into(),
    }];
    assert_eq!(ground.write(turned(turn)), committed(2));
    assert_stored(&mut *reader);
    let state = reader.command_state(id).unwrap().unwrap();
    assert_eq!(state.outcome.as_deref(), Some(STORED));
}

/// The ledger does not look into bodies otherwise: any bytes come back as they went in.
pub(super) fn other_bytes_stay_as_they_are(ground: &mut Ground) {
    let bytes: Vec<u8> = (0..=255)
        .chain([b'\\', b'u', b'0', b'0', b'0', b'1'])
        .collect();
    let mut birth = ground.birth("u1");
    birth.nodes[0].body.clone_from(&bytes);
    birth.head.body = vec![];
    birth.scope = Some(vec![]);
    assert_eq!(ground.write(born(birth)), committed(1));
    let loaded = ground.reader().load_run("u1").unwrap().unwrap();
    assert_eq!(loaded.nodes[0].body, bytes);
    assert_eq!((loaded.row.head, loaded.scope), (vec![], Some(vec![])));
}

/// The move of a task with this text and this body wherever one can stand.
fn dirty_move(dirty: &str, body: Vec<u8>) -> TaskWrite {
    let mut write = step(dirty, 1);
    write.state = dirty.to_owned();
    write.body = body.clone();
    write.record = vec![entry(1)];
    write.record[0].prev = dirty.to_owned();
    write.record[0].hash = dirty.to_owned();
    let mut known = answer(dirty, 1);
    known.scope = dirty.to_owned();
    known.asked = dirty.to_owned();
    known.answer = body.clone();
    write.answer = Some(known);
    write.command = Some(NewCommand {
        run: dirty.to_owned(),
        kind: dirty.to_owned(),
        body,
        key: Some(dirty.to_owned()),
    });
    write
}

/// So it is in tasks: in every text and body but those of the record, and in look-ups.
pub(super) fn nul_in_tasks_is_replaced_on_entry(ground: &mut Ground) {
    const DIRTY: &str = "x\0y";
    let body = br#""\u0000""#.to_vec();
    let mut birth = ground.birth(DIRTY);
    birth.namespace = DIRTY.to_owned();
    birth.name = DIRTY.to_owned();
    birth.people = opens(&[DIRTY]);
    birth.people.opens[0].body.clone_from(&body);
    assert_eq!(ground.write(born(birth)), committed(1));
    let stored = br#""\ufffd""#;
    assert_eq!(ground.task(CLEAN).body, stored);

    assert_eq!(ground.write(moved(dirty_move(DIRTY, body))), committed(2));
    let mut reader = ground.reader();
    for text in [DIRTY, CLEAN] {
        let task = reader.task(text).unwrap().unwrap();
        let found = [
            &task.id,
            &task.run,
            &task.workflow,
            &task.namespace,
            &task.state,
        ];
        assert_eq!(found.map(String::as_str), [CLEAN; 5]);
        assert_eq!(task.body, stored);
        let record = reader.record(text).unwrap();
        assert_eq!((&*record[0].prev, &*record[0].hash), (CLEAN, CLEAN));
        let given = reader.answer(text, text).unwrap().unwrap();
        assert_eq!((&*given.asked, &*given.answer), (CLEAN, &stored[..]));
        let commands = reader.pending_commands(text).unwrap();
        assert_eq!(
            (&*commands[0].kind, &*commands[0].body),
            (CLEAN, &stored[..])
        );
        let some = Some(text.to_owned());
        let filter = TaskFilter {
            namespace: some.clone(),
            workflow: some.clone(),
            run: some,
            limit: 9,
            ..TaskFilter::default()
        };
        assert_eq!(reader.tasks(&filter).unwrap(), [task]);
    }
    let halt = Write::Halt {
        command: NewCommand {
            run: DIRTY.to_owned(),
            kind: DIRTY.to_owned(),
            body: vec![],
            key: None,
        },
        reason: DIRTY.to_owned(),
    };
    ground.write(halt);
    assert_eq!(ground.task(DIRTY).close_reason.as_deref(), Some(CLEAN));
}

/// And in mail, but for the bytes that a server would get.
pub(super) fn nul_in_mail_is_replaced_on_entry(ground: &mut Ground) {
    const DIRTY: &str = "x\0y";
    let mut new = mail(DIRTY, 1);
    new.task = Some(DIRTY.to_owned());
    new.run = Some(DIRTY.to_owned());
    new.kind = DIRTY.to_owned();
    new.recipient = DIRTY.to_owned();
    new.body = br#""\u0000""#.to_vec();
    let id = ground.post(new);
    assert_eq!(ground.post(mail(CLEAN, 1)), id);
    let mut sent = change(id, 0, MailPhase::Sent);
    sent.error = Some(DIRTY.to_owned());
    let mut raw = boxed(DIRTY);
    raw.sender = DIRTY.to_owned();
    raw.recipient = DIRTY.to_owned();
    sent.boxed = Some(raw);
    assert_eq!(ground.write(mailed(sent)), committed(0));
    let mut reader = ground.reader();
    for text in [DIRTY, CLEAN] {
        let row = reader.mail_of_key(text).unwrap().unwrap();
        let new = &row.mail;
        let found = [&new.key, &new.kind, &new.recipient];
        assert_eq!(found.map(String::as_str), [CLEAN; 3]);
        assert_eq!(new.task.as_deref(), Some(CLEAN));
        assert_eq!(new.run.as_deref(), Some(CLEAN));
        assert_eq!(new.body, br#""\ufffd""#);
        assert_eq!(row.error.as_deref(), Some(CLEAN));
        assert_eq!(reader.mails_of_task(text).unwrap(), [row]);
    }
    let found = &reader.boxed(1).unwrap()[0].mail;
    assert_eq!((&*found.sender, &*found.recipient), (CLEAN, CLEAN));
    assert_eq!(found.raw, DIRTY.as_bytes());
}
