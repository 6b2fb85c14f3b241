//! Who is meant by an entry, who is barred, and who is still entitled (approvals §4.6, 3–5).

use usher_api::approval::{Approver, Asked, Who};

use super::Rules;
use crate::address::Address;
use crate::people::{People, Person};
use crate::task::Task;

/// The persons who may be asked for an entry, those who are barred among them.
///
/// # Errors
/// Why there are none.
pub(super) fn persons_of(
    approver: &Approver,
    people: &People,
    rules: &Rules,
) -> Result<Vec<Person>, String> {
    let label = label(&approver.who);
    let found = people
        .resolve(&approver.who)
        .map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err(match &approver.who {
            Who::User(_) => format!("`{label}` is disabled"),
            Who::Group(_) => format!("group `{label}` has nobody who may be asked"),
            Who::Role(_) => format!("nobody holds the role `{label}`"),
        });
    }
    let found: Vec<Person> = match &approver.must_be_in {
        None => found,
        Some(group) => {
            let is_in = |person: &Person| people.is_in(&person.id, group);
            let inside: Vec<Person> = found.into_iter().filter(is_in).collect();
            if inside.is_empty() {
                return Err(format!("`{label}` is not in group `{group}`"));
            }
            inside
        }
    };
    let mut wrong = String::new();
    let may_be_mailed = |person: &Person| match Address::parse(&person.address) {
        Ok(address) if address.is_within(&rules.domains) => true,
        Ok(address) => {
            wrong = format!("mail may not go to `{}`", address.domain());
            false
        }
        Err(why) => {
            wrong = format!("`{label}`: {why}");
            false
        }
    };
    let reached: Vec<Person> = found.into_iter().filter(may_be_mailed).collect();
    if reached.is_empty() {
        return Err(wrong);
    }
    Ok(reached)
}

/// What people read for an entry.
pub(super) fn label(who: &Who) -> &str {
    match who {
        Who::User(name) | Who::Group(name) | Who::Role(name) => name,
    }
}

/// Whether two are one person: by id, and where one of them is only an address, by that.
pub(super) fn is_same(a: &Person, b: &Person) -> bool {
    let is_bare = |person: &Person| person.id == person.address;
    a.id == b.id || ((is_bare(a) || is_bare(b)) && key(&a.address) == key(&b.address))
}

fn key(address: &str) -> String {
    Address::parse(address).map_or_else(|_| address.to_lowercase(), |address| address.key())
}

fn separation_key(address: &str) -> String {
    Address::parse(address).map_or_else(
        |_| address.to_lowercase(),
        |address| address.separation_key(),
    )
}

/// By which words the requesters are known: ids, accounts, addresses without `+tag`. The true
/// submitters are always among them, whatever the policy says.
pub(super) fn requesters(asked: &Asked, people: &People) -> Vec<String> {
    let mut words = Vec::new();
    let named = asked.policy.requester.as_ref();
    let names = [&asked.submitter].into_iter().chain(&asked.others);
    for name in names.chain(named) {
        words.push(name.clone());
        words.push(separation_key(name));
        let persons = [
            people.person_of_account(name).cloned(),
            people.user(name).ok(),
        ];
        for person in persons.into_iter().flatten() {
            words.push(separation_key(&person.address));
            words.push(person.id);
        }
    }
    words.sort();
    words.dedup();
    words
}

/// Whom outcomes are told: the policy's requester, else the submitter's person.
pub(super) fn requester(asked: &Asked, people: &People) -> Option<Person> {
    match &asked.policy.requester {
        Some(name) => people
            .person_of_account(name)
            .cloned()
            .or_else(|| people.user(name).ok()),
        None => people.person_of_account(&asked.submitter).cloned(),
    }
}

/// Whether a person is among those words.
pub(crate) fn is_among(words: &[String], person: &Person) -> bool {
    let address = separation_key(&person.address);
    words
        .iter()
        .any(|word| *word == person.id || *word == address)
}

/// The words of whoever may not approve: as it was at the opening, and as the directory knows it
/// now. None where the policy lets requesters approve.
pub(super) fn barred(task: &Task, people: &People) -> Vec<String> {
    if task.asked.policy.requester_may_approve {
        return Vec::new();
    }
    let mut words = requesters(&task.asked, people);
    words.extend(task.barred.iter().cloned());
    words
}

/// Whether a person asked for this and so may not approve it.
pub(super) fn is_barred(task: &Task, person: &Person, people: &People) -> bool {
    is_among(&barred(task, people), person)
}

/// Whether an entry of the policy still means this person.
pub(super) fn is_meant(approver: &Approver, person: &Person, people: &People) -> bool {
    let now = match &approver.who {
        Who::User(name) => people.user(name).ok().filter(|now| is_same(now, person)),
        Who::Group(name) => {
            let is_in = people.is_in(&person.id, name);
            is_in.then(|| person.clone())
        }
        Who::Role(name) => {
            let holders = people.roles.get(name);
            let holds = holders.is_some_and(|ids| ids.contains(&person.id));
            holds.then(|| person.clone())
        }
    };
    let group = approver.must_be_in.as_ref();
    now.is_some_and(|now| {
        people.is_enabled(&now.id) && group.is_none_or(|group| people.is_in(&now.id, group))
    })
}

/// The entries that a slot may serve: those of its opening that still mean its person.
pub(super) fn entitled(task: &Task, slot: u32, people: &People) -> Vec<usize> {
    let Some(found) = task.slot(slot) else {
        return Vec::new();
    };
    let entries = task.entries.iter().zip(&task.asked.policy.approvers);
    entries
        .enumerate()
        .filter(|(_, (entry, approver))| {
            entry.slots.contains(&slot) && is_meant(approver, &found.person, people)
        })
        .map(|(at, _)| at)
        .collect()
}
