//! Mail: posted once, sent by one at a time, in the development mailbox with its sending.

use usher_ledger::tasks::{MailPhase, MailRow, MailWrite, NewCommand};
use usher_ledger::{BODY_MAX, Outcome, People, Write};

use super::desk::{boxed, change, mail, mailed, moved, step};
use super::ground::{Ground, committed, refused, turned};

const TOO_LARGE: &str = "a body has more than 16777216 bytes";

const ALL: [MailPhase; 6] = [
    MailPhase::Queued,
    MailPhase::Leased,
    MailPhase::Sent,
    MailPhase::Bounced,
    MailPhase::Cancelled,
    MailPhase::Dead,
];

const FINAL: [MailPhase; 3] = [MailPhase::Bounced, MailPhase::Cancelled, MailPhase::Dead];

/// A mail is posted by a turn, by a move or alone; posting its key again changes nothing.
pub(super) fn a_key_is_posted_once(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    let mut turn = ground.turn("u1", 2);
    turn.people = People {
        mails: vec![mail("m1", 6_000)],
        ..People::default()
    };
    assert_eq!(ground.write(turned(turn)), committed(3));
    let first = ground.reader().mail_of_key("m1").unwrap().unwrap();
    let expected = MailRow {
        id: first.id,
        mail: mail("m1", 6_000),
        phase: MailPhase::Queued,
        lease: 0,
        attempts: 0,
        created_ms: 5_000,
        sent_ms: None,
        error: None,
    };
    assert_eq!(first, expected);

    ground.set_time(6_000);
    let mut other = mail("m1", 1);
    other.recipient = "eve@example.org".to_owned();
    let mut bare = mail("m3", 3);
    (bare.task, bare.slot, bare.run) = (None, None, None);
    let mut write = step("t1", 1);
    write.mails = vec![other.clone(), mail("m2", 2)];
    assert_eq!(ground.write(moved(write)), committed(2));
    let post = Write::Post(vec![other, bare.clone()]);
    assert_eq!(ground.write(post), committed(0));
    let mut reader = ground.reader();
    assert_eq!(reader.mail(first.id).unwrap(), Some(expected));
    let keys = |mails: Vec<MailRow>| -> Vec<String> {
        mails.into_iter().map(|row| row.mail.key).collect()
    };
    assert_eq!(keys(reader.mails_of_task("t1").unwrap()), ["m1", "m2"]);
    assert_eq!(reader.mail_of_key("m3").unwrap().unwrap().mail, bare);
    assert_eq!(reader.mails_of_task("t2").unwrap(), []);
    assert_eq!(reader.mail(first.id + 99).unwrap(), None);
    assert_eq!(reader.mail_of_key("m9").unwrap(), None);
}

/// A lease raises its number and is the due time; whoever holds an older one writes nothing.
pub(super) fn one_at_a_time_holds_a_mail(ground: &mut Ground) {
    let id = ground.post(mail("m1", 6_000));
    let lease = |held: i64| MailWrite {
        due_ms: Some(9_000),
        ..change(id, held, MailPhase::Leased)
    };
    let group = [mailed(lease(0)), mailed(lease(0))];
    let outcomes = ground.ledger.commit(&group).unwrap();
    assert_eq!(outcomes, [committed(1), Outcome::Stale]);
    let row = ground.reader().mail(id).unwrap().unwrap();
    assert_eq!((row.phase, row.lease), (MailPhase::Leased, 1));
    assert_eq!((row.mail.due_ms, row.attempts), (9_000, 1));

    // The lease is over, and somebody else takes it.
    assert_eq!(ground.write(mailed(lease(1))), committed(2));
    for phase in [MailPhase::Sent, MailPhase::Queued, MailPhase::Leased] {
        assert_eq!(ground.write(mailed(change(id, 1, phase))), Outcome::Stale);
    }
    let retry = MailWrite {
        due_ms: Some(20_000),
        attempts: 2,
        error: Some("451 later".to_owned()),
        ..change(id, 2, MailPhase::Queued)
    };
    assert_eq!(ground.write(mailed(retry)), committed(2));
    let row = ground.reader().mail(id).unwrap().unwrap();
    assert_eq!((row.phase, row.lease), (MailPhase::Queued, 2));
    assert_eq!((row.mail.due_ms, row.attempts), (20_000, 2));
    assert_eq!(row.error.as_deref(), Some("451 later"));
    let nobody = change(id + 1, 0, MailPhase::Sent);
    assert_eq!(ground.write(mailed(nobody)), Outcome::Stale);
}

/// What is refused, cancelled or given up stays so, and is due no more.
pub(super) fn a_final_phase_is_final(ground: &mut Ground) {
    for phase in FINAL {
        let id = ground.post(mail(phase.as_str(), 6_000));
        ground.lease(id);
        let end = MailWrite {
            attempts: 3,
            sent_ms: Some(7_000),
            error: Some("so it was".to_owned()),
            ..change(id, 1, phase)
        };
        assert_eq!(ground.write(mailed(end)), committed(1));
        let expected = ground.reader().mail(id).unwrap().unwrap();
        assert_eq!((expected.phase, expected.attempts), (phase, 3));
        assert_eq!(expected.sent_ms, Some(7_000));
        assert_eq!(expected.error.as_deref(), Some("so it was"));
        for next in ALL {
            assert_eq!(ground.write(mailed(change(id, 1, next))), Outcome::Stale);
        }
        assert_eq!(ground.reader().mail(id).unwrap(), Some(expected));
    }
    let mut reader = ground.reader();
    assert_eq!(reader.mails_due(i64::MAX, 9).unwrap(), []);
    assert_eq!(reader.next_mail_due().unwrap(), None);
}

/// A mail that was sent is due no more, but can still come back, by the lease that sent it: for
/// good, or to be sent again. Nothing else becomes of it.
pub(super) fn a_sent_mail_can_come_back(ground: &mut Ground) {
    for next in ALL {
        let id = ground.post(mail(next.as_str(), 6_000));
        ground.lease(id);
        let sent = change(id, 1, MailPhase::Sent);
        assert_eq!(ground.write(mailed(sent)), committed(1));
        assert_eq!(ground.reader().next_mail_due().unwrap(), None);
        assert_eq!(ground.write(mailed(change(id, 0, next))), Outcome::Stale);
        let may = matches!(next, MailPhase::Queued | MailPhase::Bounced);
        let mut back = change(id, 1, next);
        back.due_ms = Some(9_000);
        let mut large = back.clone();
        large.boxed = Some(boxed(&"x".repeat(BODY_MAX + 1)));
        let (expected, too_large) = match may {
            true => (committed(1), refused(TOO_LARGE)),
            false => (Outcome::Stale, Outcome::Stale),
        };
        assert_eq!(ground.write(mailed(large)), too_large, "{next:?}");
        assert_eq!(ground.write(mailed(back)), expected, "{next:?}");
        let row = ground.reader().mail(id).unwrap().unwrap();
        assert_eq!(row.phase, if may { next } else { MailPhase::Sent });
        if next == MailPhase::Queued {
            assert_eq!(ground.reader().next_mail_due().unwrap(), Some(9_000));
            let over = change(id, 1, MailPhase::Cancelled);
            assert_eq!(ground.write(mailed(over)), committed(1));
        }
    }
}

/// Due are the queued and those whose lease is over, the longest due first.
pub(super) fn due_mails_come_in_the_order_of_their_times(ground: &mut Ground) {
    let times = [("m1", 300), ("m2", 100), ("m3", 200), ("m4", 100)];
    let ids = times.map(|(key, due_ms)| ground.post(mail(key, due_ms)));
    ground.lease(ids[1]);
    let mut reader = ground.reader();
    let mut due = |now_ms: i64, limit: usize| -> Vec<String> {
        let mails = reader.mails_due(now_ms, limit).unwrap();
        mails.into_iter().map(|row| row.mail.key).collect()
    };
    assert_eq!(due(99, 9), [""; 0]);
    assert_eq!(due(100, 9), ["m4"]);
    assert_eq!(due(8_999, 9), ["m4", "m3", "m1"]);
    assert_eq!(due(9_000, 9), ["m4", "m3", "m1", "m2"]);
    assert_eq!(due(9_000, 2), ["m4", "m3"]);
    assert_eq!(reader.next_mail_due().unwrap(), Some(100));
}

/// The mailbox and the command for the run come with the change and not without it.
pub(super) fn a_sent_mail_is_in_the_mailbox(ground: &mut Ground) {
    ground.bear("u1");
    let id = ground.post(mail("m1", 6_000));
    ground.lease(id);
    let raw = "Subject: \\u0000\r\n\r\n\0";
    let sent = |lease: i64| MailWrite {
        boxed: Some(boxed(raw)),
        command: Some(NewCommand {
            run: "u1".to_owned(),
            kind: "mailed".to_owned(),
            body: b"{}".to_vec(),
            key: None,
        }),
        ..change(id, lease, MailPhase::Sent)
    };
    assert_eq!(ground.write(mailed(sent(0))), Outcome::Stale);
    assert_eq!(ground.reader().boxed(9).unwrap(), []);
    assert_eq!(ground.reader().pending_commands("u1").unwrap(), []);
    assert_eq!(ground.write(mailed(sent(1))), committed(1));
    assert_eq!(ground.write(mailed(sent(1))), Outcome::Stale);
    let mut reader = ground.reader();
    let found = reader.boxed(9).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].mail, boxed(raw));
    assert_eq!(
        reader.boxed_mail(found[0].id).unwrap().as_ref(),
        found.first()
    );
    assert_eq!(reader.boxed_mail(found[0].id + 1).unwrap(), None);
    assert_eq!(reader.pending_commands("u1").unwrap()[0].kind, "mailed");
}

/// The mailbox keeps the newest thousand, and numbers do not come back.
pub(super) fn the_mailbox_keeps_the_newest(ground: &mut Ground) {
    for batch in 0..6 {
        let keys: Vec<String> = (0..201).map(|number| format!("{batch}-{number}")).collect();
        let posts = keys.iter().map(|key| mail(key, 0)).collect();
        assert_eq!(ground.write(Write::Post(posts)), committed(0));
        let ids = ground.reader().mails_due(0, 999).unwrap();
        let sent = |row: &MailRow| MailWrite {
            boxed: Some(boxed(&row.mail.key)),
            ..change(row.id, 0, MailPhase::Sent)
        };
        let group: Vec<_> = ids.iter().map(|row| mailed(sent(row))).collect();
        assert_eq!(group.len(), 201);
        let outcomes = ground.ledger.commit(&group).unwrap();
        assert_eq!(outcomes, vec![committed(0); 201]);
    }
    let mut reader = ground.reader();
    let found = reader.boxed(2_000).unwrap();
    assert_eq!(found.len(), 1_000);
    let ids = (found[999].id, found[0].id);
    assert_eq!(ids, (207, 1_206));
    assert_eq!(found[0].mail.raw, b"5-200");
    assert_eq!(reader.boxed(2).unwrap(), found[..2]);
    assert_eq!(reader.boxed_mail(206).unwrap(), None);
}

/// A body beyond the bound is refused wherever it stands; without the lease it is stale.
pub(super) fn too_much_is_not_mailed(ground: &mut Ground) {
    ground.bear("u1");
    let id = ground.post(mail("m1", 6_000));
    let large = vec![b'x'; BODY_MAX + 1];
    let mut posts = vec![mail("m2", 0), mail("m3", 0)];
    posts[1].body.clone_from(&large);
    assert_eq!(ground.write(Write::Post(posts)), refused(TOO_LARGE));
    assert_eq!(ground.reader().mail_of_key("m2").unwrap(), None);
    let mut in_box = change(id, 0, MailPhase::Sent);
    in_box.boxed = Some(boxed(""));
    in_box.boxed.as_mut().unwrap().raw.clone_from(&large);
    let mut in_command = change(id, 0, MailPhase::Sent);
    in_command.command = Some(NewCommand {
        run: "u1".to_owned(),
        kind: "mailed".to_owned(),
        body: large,
        key: None,
    });
    let mut stale = in_box.clone();
    stale.lease = 7;
    let group = [in_box, in_command, stale].map(mailed);
    let outcomes = ground.ledger.commit(&group).unwrap();
    let expected = [refused(TOO_LARGE), refused(TOO_LARGE), Outcome::Stale];
    assert_eq!(outcomes, expected);
    let row = ground.reader().mail(id).unwrap().unwrap();
    assert_eq!(row.phase, MailPhase::Queued);
    assert_eq!(ground.reader().boxed(9).unwrap(), []);
}
