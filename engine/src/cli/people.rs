//! `people check` and `people who`: the people file, looked at before somebody is asked.

use std::path::Path;

use usher_notifier::people::{People, Person, TEMPLATE, nearest, read_file};

use super::args::PeopleVerb;
use super::session::Session;
use super::view::text::safe;
use super::{DONE, FAILED, INVALID, config, output};

/// `usher people`.
pub(super) fn people(session: &Session, verb: &PeopleVerb) -> anyhow::Result<u8> {
    let path = config::load(&session.global, session.state.path())?.people;
    match verb {
        PeopleVerb::Check => check(&path),
        PeopleVerb::Who { name } => who(&path, name),
    }
}

fn check(path: &Path) -> anyhow::Result<u8> {
    if !path.exists() {
        let file = path.display();
        output::note(&format!(
            "there is no people file {file}, so only addresses can be asked; one to begin with:"
        ));
        output::print(TEMPLATE)?;
        return Ok(DONE);
    }
    let people = match read_file(path) {
        Ok(people) => people,
        Err(faults) => {
            let line = |line: &str| format!("{}\n", safe(line));
            output::print(&faults.lines().map(line).collect::<String>())?;
            return Ok(INVALID);
        }
    };
    output::print(&format!("{}: {}\n", path.display(), summary(&people)))?;
    Ok(DONE)
}

/// How many there are of what.
pub(super) fn summary(people: &People) -> String {
    let count = |count: usize, one: &str, many: &str| {
        let word = if count == 1 { one } else { many };
        format!("{count} {word}")
    };
    let mut text = count(people.persons.len(), "person", "persons");
    if !people.disabled.is_empty() {
        text += &format!(" ({} disabled)", people.disabled.len());
    }
    let groups = count(people.groups.len(), "group", "groups");
    let roles = count(people.roles.len(), "role", "roles");
    format!("{text}, {groups}, {roles}")
}

fn who(path: &Path, name: &str) -> anyhow::Result<u8> {
    let people = match path.exists() {
        false => People::default(),
        true => match read_file(path) {
            Ok(people) => people,
            Err(faults) => {
                output::note(&faults);
                return Ok(INVALID);
            }
        },
    };
    let mut text = String::new();
    for (kind, lists) in [("group", &people.groups), ("role", &people.roles)] {
        if let Some(ids) = lists.get(name) {
            text += &format!("{kind} {}\n", safe(name));
            text += &ids.iter().map(|id| member(&people, id)).collect::<String>();
            if ids.is_empty() {
                text += "  nobody\n";
            }
        }
    }
    match people.user(name) {
        Ok(person) => text += &alone(&people, &person),
        Err(error) if text.is_empty() => {
            output::note(&unknown(&people, name, &error));
            return Ok(FAILED);
        }
        Err(_) => {}
    }
    output::print(&text)?;
    Ok(DONE)
}

/// A line of a list.
fn member(people: &People, id: &str) -> String {
    let Some(person) = people.persons.get(id) else {
        return String::new();
    };
    let off = match people.is_enabled(id) {
        true => "",
        false => "  disabled: is not asked",
    };
    format!("  {id}  {}{off}\n", called(person))
}

fn called(person: &Person) -> String {
    match person.name.is_empty() {
        true => person.address.clone(),
        false => format!("{} <{}>", safe(&person.name), person.address),
    }
}

/// A person with all that is known of it.
fn alone(people: &People, person: &Person) -> String {
    let mut text = format!("{}  {}\n", safe(&person.id), called(person));
    let mut line = |what: &str, value: String| {
        if !value.is_empty() {
            text += &format!("  {what}: {value}\n");
        }
    };
    let of = |lists: &std::collections::BTreeMap<String, Vec<String>>| {
        let has =
            |(name, ids): (&String, &Vec<String>)| ids.contains(&person.id).then(|| name.clone());
        lists.iter().filter_map(has).collect::<Vec<_>>().join(", ")
    };
    line("groups", of(&people.groups));
    line("roles", of(&people.roles));
    let accounts = people.accounts.iter();
    let accounts = accounts.filter(|(_, id)| **id == person.id);
    let accounts: Vec<&str> = accounts.map(|(account, _)| account.as_str()).collect();
    line("accounts", accounts.join(", "));
    line("language", person.locale.clone().unwrap_or_default());
    line("time zone", person.zone.clone().unwrap_or_default());
    if !people.persons.contains_key(&person.id) {
        text += "  is in no entry of the people file; is asked at this address\n";
    } else if !people.is_enabled(&person.id) {
        text += "  disabled: is not asked, and may not vote\n";
    }
    text
}

fn unknown(people: &People, name: &str, error: &dyn std::fmt::Display) -> String {
    if name.contains('@') {
        return error.to_string();
    }
    let names = people.groups.keys().chain(people.roles.keys());
    let names = names.chain(people.persons.keys()).map(String::as_str);
    let hint = nearest(name, names);
    let hint = hint.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("`{name}` is no group, no role and no person{hint}")
}
