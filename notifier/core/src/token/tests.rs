//! Tokens: golden ones of version 1, every changed sign, look-alikes, and what each thing is
//! bound to.

use super::*;

const LINK: [u8; 16] = *b"0123456789abcdef";

fn ring() -> Ring {
    Ring::new("golden", vec![(1, [1; 32]), (2, [2; 32])], 2)
}

/// Goal: a link of an earlier release works after every upgrade (F18). The lines are read, never
/// rewritten: `key link token`.
#[test]
fn s23_golden_tokens_of_version_1_open_for_ever() {
    let golden = include_str!("../../golden/tokens-1.txt");
    let mut seen = 0;
    for line in golden.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let [key, link, token] = words[..] else {
            panic!("three words: {line}");
        };
        let link = link_of_hex(link).expect("32 hex digits");
        let key = key.parse().expect("a number");
        assert_eq!(ring().open(token), Ok(Opened { key, link }), "{line}");
        assert_eq!(ring().seal(key, &link).as_deref(), Some(token), "{line}");
        seen += 1;
    }
    assert_eq!(seen, 4);
}

/// Goal: what is on its way when an upgrade comes still fits: a bounce days later, a code and an
/// open form minutes later. The literals were made by another program.
#[test]
fn s23_golden_senders_codes_and_nonces_stay() {
    let sender = "bounce+4711.0b0va8avrpdsnrmrgm";
    assert_eq!(ring().verp(4711).as_deref(), Some(sender));
    assert_eq!(ring().open_verp(sender), Some(4711));
    assert_eq!(ring().code("task", 0, 1).as_deref(), Some("387690"));
    let nonce = "04100000000004w8fanmhv8st308f0prn3e6s45dg8";
    let made = ring().nonce(&LINK, 1, "d1", 5_000, "c");
    assert_eq!(made.as_deref(), Some(nonce));
}

/// Goal: no changed sign is let through, wherever it stands.
#[test]
fn s20_a_token_with_one_sign_changed_is_none() {
    let token = ring().seal(2, &LINK).expect("the key is there");
    assert_eq!(token.len(), 55);
    for at in 0..token.len() {
        for sign in "0123456789abcdefghjkmnpqrstvwxyzu-_%".chars() {
            let mut changed: Vec<char> = token.chars().collect();
            if changed[at] == sign {
                continue;
            }
            changed[at] = sign;
            let changed: String = changed.into_iter().collect();
            assert_eq!(ring().open(&changed), Err(BadToken), "{changed}");
        }
    }
}

/// Goal: a cut token is none, at every length; what mail programs hang on is taken off.
#[test]
fn s21_a_cut_token_is_none_and_a_trailing_stop_is_forgiven() {
    let token = ring().seal(1, &LINK).expect("the key is there");
    for length in 0..token.len() {
        assert_eq!(ring().open(&token[..length]), Err(BadToken), "{length}");
    }
    let right = Ok(Opened { key: 1, link: LINK });
    for tail in [".", ",", ">", ")", "=", ">.", ").", "=="] {
        assert_eq!(ring().open(&format!("{token}{tail}")), right, "{tail}");
    }
    for wrong in ["0", " ", "/", "é", "\u{200b}"] {
        assert_eq!(ring().open(&format!("{token}{wrong}")), Err(BadToken));
    }
}

/// Goal: read over the telephone, or changed to capitals by a gateway, it is the same token.
#[test]
fn look_alikes_are_the_same_token() {
    let token = ring().seal(2, &[0x11; 16]).expect("the key is there");
    assert!(token.contains('0') && token.contains('1'), "{token}");
    let right = ring().open(&token);
    assert!(right.is_ok());
    for (digit, letter) in [('0', "o"), ('0', "O"), ('1', "l"), ('1', "I"), ('1', "L")] {
        assert_eq!(ring().open(&token.replace(digit, letter)), right);
    }
    assert_eq!(ring().open(&token.to_ascii_uppercase()), right);
}

/// Goal: the three bits behind the last byte are zero in every token that is read.
#[test]
fn bits_left_over_must_be_zero() {
    let token = ring().seal(2, &LINK).expect("the key is there");
    let last = token.chars().last().expect("a sign");
    let signs = "0123456789abcdefghjkmnpqrstvwxyz";
    let value = signs.find(last).expect("one of the signs");
    assert_eq!(value % 8, 0, "{token}");
    for more in 1..8 {
        let other = &signs[value + more..=value + more];
        assert_eq!(
            ring().open(&format!("{}{other}", &token[..54])),
            Err(BadToken)
        );
    }
}

/// Goal: after a rotation the old key's links work; once it is gone they are like any other
/// wrong address.
#[test]
fn s24_an_old_keys_link_works_until_the_key_is_gone() {
    let old = Ring::new("golden", vec![(1, [1; 32])], 1);
    let token = old.seal(1, &LINK).expect("the key is there");
    assert_eq!(ring().open(&token), Ok(Opened { key: 1, link: LINK }));
    let left = Ring::new("golden", vec![(2, [2; 32])], 2);
    assert_eq!(left.open(&token), Err(BadToken));
    assert_eq!(left.seal(1, &LINK), None);
}

/// Goal: another installation's token is none, even under the same key.
#[test]
fn a_token_belongs_to_its_deployment() {
    let token = ring().seal(2, &LINK).expect("the key is there");
    let other = Ring::new("other", vec![(2, [2; 32])], 2);
    assert_eq!(other.open(&token), Err(BadToken));
}

/// Goal: a form's number is good for its link, round, content, browser and half a day, and for
/// nothing else.
#[test]
fn a_nonce_is_bound_to_all_that_was_shown() {
    let made = ring().nonce(&LINK, 1, "d1", 5_000, "c");
    let nonce = made.expect("the key is there");
    let check = |link: &[u8; 16], round, digest, cookie, now| {
        ring().check_nonce(&nonce, link, round, digest, cookie, now)
    };
    assert_eq!(check(&LINK, 1, "d1", "c", 6_000), Ok(5_000));
    assert_eq!(check(&LINK, 1, "d1", "c", 4_000), Ok(5_000));
    assert_eq!(check(&LINK, 1, "d1", "c", 5_000 + NONCE_MS), Ok(5_000));
    let late = check(&LINK, 1, "d1", "c", 5_001 + NONCE_MS);
    assert_eq!(late, Err(BadNonce::Old));
    let foreign = Err(BadNonce::Foreign);
    assert_eq!(check(&[9; 16], 1, "d1", "c", 6_000), foreign);
    assert_eq!(check(&LINK, 2, "d1", "c", 6_000), foreign);
    assert_eq!(check(&LINK, 1, "d2", "c", 6_000), foreign);
    assert_eq!(check(&LINK, 1, "d1", "x", 6_000), foreign);
    // The parts have lengths: a sign that moves from one to the next is another number.
    assert_eq!(check(&LINK, 1, "d", "1c", 6_000), foreign);
    for text in ["", "0", "<script>", &nonce[1..]] {
        let checked = ring().check_nonce(text, &LINK, 1, "d1", "c", 6_000);
        assert_eq!(checked, foreign);
    }
    let rotated = Ring::new("golden", vec![(2, [2; 32]), (3, [3; 32])], 3);
    let checked = rotated.check_nonce(&nonce, &LINK, 1, "d1", "c", 6_000);
    assert_eq!(checked, Ok(5_000));
}

/// Goal: the digits of a code are the same at each try of its mail and for nobody else.
#[test]
fn a_code_is_six_digits_for_one_slot() {
    let code = ring().code("task", 0, 1).expect("the key is there");
    assert_eq!(code, ring().code("task", 0, 1).expect("the key is there"));
    assert_eq!(code.len(), 6);
    assert!(code.bytes().all(|digit| digit.is_ascii_digit()));
    assert!(ring().is_code(&code, "task", 0, 1));
    let typed = format!(" {} - {}\u{a0}", &code[..3], &code[3..]);
    assert!(ring().is_code(&typed, "task", 0, 1));
    assert!(!ring().is_code(&code, "task", 1, 1));
    assert!(!ring().is_code(&code, "task", 0, 2));
    assert!(!ring().is_code(&code, "tas", 0, 1));
    assert!(!ring().is_code("", "task", 0, 1));
    let rotated = Ring::new("golden", vec![(2, [2; 32]), (3, [3; 32])], 3);
    assert!(rotated.is_code(&code, "task", 0, 1));
    assert_eq!(rotated.code_by(2, "task", 0, 1), Some(code));
}

/// Goal: codes of a slot have no pattern that a guess could follow: a thousand are spread.
#[test]
fn codes_are_spread() {
    let codes: std::collections::BTreeSet<_> =
        (0..1_000).map(|at| ring().code("task", 0, at)).collect();
    assert!(codes.len() > 990, "{}", codes.len());
}

/// Goal: a report of a mail that came back names the mail, and a forged one names none.
#[test]
fn a_bounces_address_names_its_mail() {
    let local = ring().verp(4711).expect("the key is there");
    assert!(local.starts_with("bounce+4711."), "{local}");
    assert!(local.len() <= 64);
    assert_eq!(ring().open_verp(&local), Some(4711));
    assert_eq!(ring().open_verp(&format!("{local}@x.example")), Some(4711));
    let loud = local.to_ascii_uppercase();
    assert_eq!(ring().open_verp(&loud), Some(4711));
    let old = Ring::new("golden", vec![(1, [1; 32])], 1);
    let earlier = old.verp(4711).expect("the key is there");
    assert_eq!(ring().open_verp(&earlier), Some(4711));
    for wrong in [
        "",
        "bounce+",
        "bounce+4711",
        "bounce+4711.",
        &local.replace("4711", "4712"),
        &local.replace("4711", "04711"),
        &local.replace("4711", "+4711"),
        &local.replace("bounce", "bouncé"),
    ] {
        assert_eq!(ring().open_verp(wrong), None, "{wrong}");
    }
}

/// Goal: a ring in a log shows no key.
#[test]
fn a_ring_is_printed_without_its_keys() {
    let shown = format!("{:?}", ring());
    assert_eq!(shown, "Ring { keys: [1, 2], signing: 2, .. }");
}

/// Goal: the name of a link in a log is short and stays.
#[test]
fn a_links_name_in_logs_stays() {
    assert_eq!(log_name(&LINK), "9f9f5111");
    assert_ne!(log_name(&[0; 16]), log_name(&LINK));
    assert_ne!(api_hash(&[b"a", b"bc"]), api_hash(&[b"ab", b"c"]));
}
