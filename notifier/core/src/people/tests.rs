//! Reading a people file and looking people up in it.

use super::*;

/// The template is a good file, and says what it seems to say.
#[test]
fn the_template_is_read() {
    let people = People::parse(TEMPLATE).unwrap();
    let ada = Person {
        id: "ada".to_owned(),
        address: "ada@example.org".to_owned(),
        name: "Ada Lovelace".to_owned(),
        locale: Some("en".to_owned()),
        zone: Some("Europe/London".to_owned()),
    };
    let bob = Person {
        id: "bob".to_owned(),
        address: "bob@example.org".to_owned(),
        name: String::new(),
        locale: None,
        zone: None,
    };
    let expected = People {
        persons: BTreeMap::from([("ada".to_owned(), ada), ("bob".to_owned(), bob)]),
        disabled: BTreeSet::from(["bob".to_owned()]),
        groups: BTreeMap::from([(
            "finance".to_owned(),
            vec!["ada".to_owned(), "bob".to_owned()],
        )]),
        roles: BTreeMap::from([("cfo".to_owned(), vec!["ada".to_owned()])]),
        accounts: BTreeMap::from([("ada".to_owned(), "ada".to_owned())]),
        overriders: Vec::new(),
    };
    assert_eq!(people, expected);
}

#[test]
fn nothing_is_nobody() {
    for text in [
        "",
        "# nobody yet\n",
        "people:\ngroups:\nroles:\noverriders:\n",
    ] {
        assert_eq!(People::parse(text).unwrap(), People::default(), "{text:?}");
    }
}

fn faults(text: &str) -> Vec<String> {
    let faults = People::parse(text).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

/// Every fault is told with its place and the way out, not only the first.
#[test]
fn every_fault_has_its_line() {
    let text = "\
people:
  ada:
    adress: ada@example.org
    local: en
  bob:
    address: bob@example
    zone: Europe/Belin
    locale: fr
    enabled: no
    accounts: [bob, root]
  eve:
    address: BOB@example
    accounts: [root]
    name:
  'a b': {address: x@example.org}
  not-an-address:
    address: nobody
groups:
  finance: [ada, bbo, ada, BOB@example]
  empty: ada
rolls:
  cfo: [ada]
overriders: [[root]]
";
    assert_eq!(
        faults(text),
        [
            "line 2, column 3: `ada` has no `address`; nobody could be asked",
            "line 3, column 5: `adress` is no field of a person; did you mean `address`?",
            "line 4, column 5: `local` is no field of a person; did you mean `locale`?",
            "line 7, column 11: there is no time zone `Europe/Belin`; did you mean \
             `Europe/Berlin`?",
            "line 8, column 13: there are no texts in `fr`; there are en, de and zh-Hans",
            "line 9, column 14: `enabled` is true or false, not `no`",
            "line 12, column 14: the address `bob@example` is `bob`'s already, in line 6",
            "line 13, column 16: the account `root` is `bob`'s already, in line 10",
            "line 14, column 9: `name` has no value; write one or take the line out",
            "line 15, column 3: `a b` cannot be an id: letters, digits, `.`, `_` and `-` can, \
             at most 64",
            "line 17, column 14: `nobody` is no mail address: an address is one name, \
             one @ and one domain, like anna@example.org",
            "line 19, column 18: no person has the id `bbo`; did you mean `bob`?",
            "line 19, column 23: `ada` is in this list already",
            "line 19, column 28: lists hold ids, not addresses; write `bob`",
            "line 20, column 10: `empty` is a list, such as [one, two]",
            "line 21, column 1: `rolls` is no section; did you mean `roles`?",
            "line 23, column 14: `overriders` is one text",
        ]
    );
}

/// A file of a stranger: refused before anything large exists, and never with a panic.
#[test]
fn strange_files() {
    for (text, expected) in [
        (
            "- ada\n",
            "line 1, column 1: the file is a mapping: `people:`, `groups:` and `roles:`",
        ),
        (
            "people: &a {}\nroles: *a\n",
            "line 1, column 12: anchors are not read; write it out",
        ),
        (
            "people: {}\n---\npeople: {}\n",
            "line 2, column 1: it is one document; take out the `---`",
        ),
        (
            "people: {}\npeople: {}\n",
            "line 2, column 1: `people` is already there in line 1",
        ),
        (
            "people: {[a]: {address: a@b}}\n",
            "line 1, column 10: a key must be a text",
        ),
        (
            "people: {a: {address: \"a@b\\u0007\"}}\n",
            "line 1, column 23: holds the control character U+0007",
        ),
        (
            &"[".repeat(100_000),
            "line 1, column 256: nests deeper than anything here does",
        ),
        (
            "people: {a: {address: \"a@b\\ncc: eve@evil\"}}\n",
            "line 1, column 23: `a@b\ncc: eve@evil` is no mail address: an address \
             has no line breaks or control characters",
        ),
    ] {
        assert_eq!(faults(text)[0], expected, "{text:.40}");
    }
    let many: String = (0..1_000).map(|at| format!("  a{at}: {{}}\n")).collect();
    let told = faults(&format!("people:\n{many}"));
    assert_eq!(told.len(), 200);
    assert_eq!(
        told[199],
        "line 201, column 3: `a199` has no `address`; nobody could be asked; there are more \
         faults than are told"
    );
}

fn some() -> People {
    let text = "\
people:
  ada: {address: ada@example.org, accounts: [ada]}
  bob: {address: Bob@Example.org, enabled: false, accounts: [bob]}
  eve: {address: eve@example.org}
groups:
  finance: [ada, bob, eve]
  gone: [bob]
  empty: []
roles:
  cfo: [ada]
overriders: [root]
";
    People::parse(text).unwrap()
}

fn ids(people: &People, who: &Who) -> Result<Vec<String>, String> {
    let persons = people.resolve(who).map_err(|error| error.to_string())?;
    Ok(persons.into_iter().map(|person| person.id).collect())
}

/// Whoever is disabled is not asked, by whichever name.
#[test]
fn s73_disabled_persons_are_left_out() {
    let people = some();
    let user = |name: &str| ids(&people, &Who::User(name.to_owned()));
    let group = |name: &str| ids(&people, &Who::Group(name.to_owned()));
    assert_eq!(user("bob"), Ok(vec![]));
    assert_eq!(user("bob@example.org"), Ok(vec![]));
    assert_eq!(
        group("finance"),
        Ok(vec!["ada".to_owned(), "eve".to_owned()])
    );
    assert_eq!(group("gone"), Ok(vec![]));
    assert_eq!(group("empty"), Ok(vec![]));
    assert!(people.is_enabled("ada") && !people.is_enabled("bob"));
    assert!(people.is_enabled("stranger@example.org"));
}

/// Ids, addresses, groups and roles; what nobody has is named with what was meant.
#[test]
fn names_are_resolved() {
    let people = some();
    for (who, expected) in [
        (Who::User("ada".to_owned()), Ok("ada")),
        (Who::User("ADA@example.org".to_owned()), Ok("ada")),
        (
            Who::User("Guest@Example.ORG".to_owned()),
            Ok("Guest@example.org"),
        ),
        (Who::Role("cfo".to_owned()), Ok("ada")),
        (
            Who::User("adda".to_owned()),
            Err("no person has the id `adda`; did you mean `ada`?"),
        ),
        (
            Who::Group("finanse".to_owned()),
            Err("there is no group `finanse`; did you mean `finance`?"),
        ),
        (Who::Role("boss".to_owned()), Err("there is no role `boss`")),
        (
            Who::User("a@b@c".to_owned()),
            Err("`a@b@c` is no mail address: an address is one name, \
             one @ and one domain, like anna@example.org"),
        ),
    ] {
        let expected = expected
            .map(|id| vec![id.to_owned()])
            .map_err(str::to_owned);
        assert_eq!(ids(&people, &who), expected, "{who:?}");
    }
}

#[test]
fn accounts_are_somebodys() {
    let people = some();
    let person = |account: &str| people.person_of_account(account).map(|p| p.id.as_str());
    assert_eq!(person("ada"), Some("ada"));
    assert_eq!(
        person("bob"),
        Some("bob"),
        "who is disabled is still who it is"
    );
    assert_eq!(person("root"), None);
    assert!(people.may_override("root") && !people.may_override("ada"));
    assert!(people.is_in("ada", "finance") && !people.is_in("ada", "gone"));
}

fn policy(text: &str) -> usher_api::approval::Policy {
    serde_json::from_str(text).unwrap()
}

/// Names that are written out are looked up; texts with tags are known only at run time.
#[test]
fn names_of_a_policy_are_checked() {
    let policy = policy(
        r#"{"title": "t", "quorum": "any", "requester": "ev",
        "approvers": [
            {"who": {"user": "ada"}, "need": {"count": 1}},
            {"who": {"group": "fiance"}, "need": {"count": 1}},
            {"who": {"role": "{{inputs.parameters.role}}"}, "need": {"count": 1},
             "mustBeIn": "gone"},
            {"who": {"user": "bob@example.org"}, "need": {"count": 1}},
            {"who": {"user": "{{=sprig.lower('X')}}"}, "need": {"count": 1}},
            {"who": {"user": "guest@example.org"}, "need": {"count": 1}}
        ]}"#,
    );
    let fault = |path: &str, message: &str| NameFault {
        path: path.to_owned(),
        message: message.to_owned(),
    };
    assert_eq!(
        check_names(&policy, &some()),
        [
            fault(
                "approvers[1].group",
                "there is no group `fiance`; did you mean `finance`?"
            ),
            fault(
                "approvers[2].mustBeIn",
                "nobody in the group `gone` can be asked"
            ),
            fault(
                "approvers[3].user",
                "`bob@example.org` is disabled; nobody would be asked"
            ),
            fault(
                "requester",
                "no person has the id `ev`; did you mean `eve`?"
            ),
        ]
    );
}

/// Accounts are named by the system: with `@` or `\\` where a directory names them.
#[test]
fn accounts_of_directories() {
    let text = "\
people:
  ada: {address: ada@example.org, accounts: [ada@corp.example, 'CORP\\ada', '1000']}
overriders: ['CORP\\root', 'two words']
";
    assert_eq!(
        faults(text),
        ["line 3, column 27: `two words` is no account: it has blanks or more than 256 characters"]
    );
    let people = People::parse(&text.replace(", 'two words'", "")).unwrap();
    for account in ["ada@corp.example", "CORP\\ada", "1000"] {
        let person = people.person_of_account(account);
        assert_eq!(person.map(|person| person.id.as_str()), Some("ada"));
    }
    assert!(people.may_override("CORP\\root"));
}

/// A group that is the whole company is no list of approvers.
#[test]
fn s96_a_huge_group_is_a_fault_of_the_policy() {
    let person = |at: usize| format!("  p{at}: {{address: p{at}@example.org}}\n");
    let ids = |count: usize| {
        (0..count)
            .map(|at| format!("p{at}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let persons: String = (0..201).map(person).collect();
    let (all, most) = (ids(201), ids(200));
    let text = format!("people:\n{persons}groups: {{all: [{all}], most: [{most}]}}\n");
    let policy = policy(
        r#"{"title": "t", "quorum": "all", "approvers": [
            {"who": {"group": "most"}, "need": {"count": 1}, "mustBeIn": "all"},
            {"who": {"group": "all"}, "need": {"count": 1}}
        ]}"#,
    );
    let message = "the group `all` has 201 persons, and at most 200 are asked; take a smaller one";
    assert_eq!(
        check_names(&policy, &People::parse(&text).unwrap()),
        [NameFault {
            path: "approvers[1].group".to_owned(),
            message: message.to_owned(),
        }]
    );
}

/// Whatever is cut out of a good file or put into it: an answer, never a panic, and each fault
/// stands within the file.
#[test]
fn broken_files_are_told() {
    let lines = u32::try_from(TEMPLATE.lines().count()).unwrap();
    let places: Vec<usize> = TEMPLATE
        .char_indices()
        .map(|(at, _)| at)
        .step_by(5)
        .collect();
    let mut told = 0;
    for at in places {
        for put in [
            "", "\n", "\t", ":", "- ", "{", "]", "'", "&a ", "*a", "!!x ", "\0", "é", "{{",
        ] {
            let more = usize::from(put.is_empty());
            let text = format!("{}{put}{}", &TEMPLATE[..at], &TEMPLATE[at + more..]);
            if let Err(faults) = People::parse(&text) {
                told += 1;
                assert!(!faults.is_empty());
                for fault in faults {
                    let is_in = (1..=lines + 2).contains(&fault.line) && fault.column >= 1;
                    assert!(is_in && !fault.message.is_empty(), "{fault}: {text}");
                }
            }
        }
    }
    assert!(told > 500, "{told}");
}
