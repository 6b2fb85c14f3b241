//! Addresses: what is taken, what is refused and how, what is compared.

use super::*;

fn parse(text: &str) -> Result<String, BadAddress> {
    Address::parse(text).map(|address| address.to_string())
}

/// Goal: ordinary addresses are taken, their domain in one spelling.
#[test]
fn one_address_is_taken() {
    for (text, read) in [
        ("boss@example.org", "boss@example.org"),
        (" boss@example.org ", "boss@example.org"),
        ("Boss.O'Neil+tag@EXAMPLE.org", "Boss.O'Neil+tag@example.org"),
        ("boss@bücher.example", "boss@xn--bcher-kva.example"),
        ("boss@BÜCHER.example", "boss@xn--bcher-kva.example"),
        ("root@localhost", "root@localhost"),
    ] {
        assert_eq!(parse(text), Ok(read.to_owned()), "{text}");
    }
}

/// Goal: what could be a header, a second recipient or a trick is refused, and the text says why.
#[test]
fn s79_anything_else_is_refused() {
    use BadAddress::{Control, Domain, Empty, Local, Long, Parts};
    let long_local = format!("{}@example.org", "a".repeat(65));
    let label = "a".repeat(60);
    let long = format!("boss@{label}.{label}.{label}.{label}.example");
    for (text, why) in [
        ("", Empty),
        ("  ", Empty),
        ("a@example.org\r\nBcc: x@evil.example", Control),
        ("a@example.org\n", Control),
        ("a\0@example.org", Control),
        ("a\u{85}@example.org", Control),
        ("boss", Parts),
        ("@example.org", Parts),
        ("boss@", Parts),
        ("a@b@example.org", Parts),
        ("a@example.org, b@example.org", Parts),
        ("Boss <boss@example.org>", Local),
        ("\"boss\"@example.org", Local),
        ("(boss)boss@example.org", Local),
        ("team:boss@example.org", Local),
        ("böss@example.org", Local),
        ("bo ss@example.org", Local),
        ("bo\u{202e}ss@example.org", Local),
        (".boss@example.org", Local),
        ("bo..ss@example.org", Local),
        ("boss@[127.0.0.1]", Domain),
        ("boss@127.0.0.1", Domain),
        ("boss@example..org", Domain),
        ("boss@-example.org", Domain),
        ("boss@exa_mple.org", Domain),
        ("boss@example.org;", Domain),
        ("boss@example.org.", Domain),
        ("boss@example.org (x)", Domain),
        (&long_local, Long),
        (&long, Long),
    ] {
        assert_eq!(parse(text), Err(why), "{text:?}");
    }
}

/// Goal: a stranger sees where a request went, not whose it is.
#[test]
fn a_masked_address_keeps_its_first_letter() {
    assert_eq!(masked("boss@example.org"), "b…@example.org");
    assert_eq!(masked("b@example.org"), "b…@example.org");
    assert_eq!(masked("boss"), "…");
}

/// Goal: one person with two spellings is one; for separation a tag makes no second person.
#[test]
fn spellings_of_one_person_are_one() {
    let key = |text| Address::parse(text).expect("an address").key();
    let alone = |text| Address::parse(text).expect("an address").separation_key();
    assert_eq!(key("Boss@Example.org"), "boss@example.org");
    assert_eq!(key("boss+a@example.org"), "boss+a@example.org");
    assert_eq!(alone("Boss+a+b@example.org"), "boss@example.org");
    assert_eq!(alone("boss@example.org"), "boss@example.org");
    assert_eq!(alone("+a@example.org"), "+a@example.org");
}

/// Goal: the list of domains lets their subdomains in, and no look-alike (s84, pure part).
#[test]
fn s84_a_domain_is_within_a_list() {
    let address = |text| Address::parse(text).expect("an address");
    let list = ["Example.org".to_owned()];
    assert!(address("a@example.org").is_within(&list));
    assert!(address("a@mail.example.org").is_within(&list));
    assert!(!address("a@badexample.org").is_within(&list));
    assert!(!address("a@example.org.evil.example").is_within(&list));
    assert!(address("a@evil.example").is_within(&[]));
}
