//! People as values: persons, groups, roles, and the accounts that are theirs.
//!
//! ```text
//!   people.yaml ──► parse ──► People ──► resolve: whom an entry of a policy means
//!                     │           └────► check_names: names of a policy that nobody has
//!                     └─► every fault with its line
//! ```
//!
//! Where they come from is the notifier's port: a file now, a directory later. A directory with
//! millions of entries would answer questions instead of giving everybody; then this type is what
//! it answers with for the names that are asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use usher_api::approval::Who;

use crate::address::Address;
use crate::texts::Lang;

mod file;
mod names;
mod tree;

pub use names::{NameFault, check_names};
pub use usher_expr::nearest;

/// One person. An approver that is only an address is a person whose id is that address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Names the person for ever; never an address that may change, if there is a directory.
    pub id: String,
    /// Where mail goes.
    pub address: String,
    /// What the person is called; empty: the address stands for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `en`, `de`, `zh-Hans`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// An IANA time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

/// Everybody, of one instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Persons by id, the disabled ones too.
    pub persons: BTreeMap<String, Person>,
    /// Ids of disabled persons: they are never asked, and their votes are refused.
    pub disabled: BTreeSet<String>,
    /// Ids of members by group.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Ids of holders by role.
    pub roles: BTreeMap<String, Vec<String>>,
    /// The person of a local account.
    pub accounts: BTreeMap<String, String>,
    /// Accounts that may override.
    pub overriders: Vec<String>,
}

/// A fault of a people file and where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct PeopleFault {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong, and the way out.
    pub message: String,
}

/// A name that nobody has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// No person has this id.
    #[error("no person has the id `{id}`{}", meant(.nearest.as_deref()))]
    Person {
        /// The id.
        id: String,
        /// The id that was probably meant.
        nearest: Option<String>,
    },
    /// There is no such group.
    #[error("there is no group `{name}`{}", meant(.nearest.as_deref()))]
    Group {
        /// Its name.
        name: String,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
    /// There is no such role.
    #[error("there is no role `{name}`{}", meant(.nearest.as_deref()))]
    Role {
        /// Its name.
        name: String,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
    /// It is neither an id nor a mail address.
    #[error("{0}")]
    Address(String),
}

/// At most this many persons are asked at a time, so that a wrong group does not mail the company.
pub const PERSONS_MAX: usize = 200;

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |word| format!("; did you mean `{word}`?"))
}

impl People {
    /// Reads a people file; [`TEMPLATE`] shows what it looks like. An empty text is nobody.
    ///
    /// # Errors
    /// Every fault, in the order of lines.
    pub fn parse(text: &str) -> Result<People, Vec<PeopleFault>> {
        file::parse(text)
    }

    /// The persons that an entry of a policy means, each once; disabled ones are left out, so the
    /// list may be empty. An address in nobody's entry is a person of its own.
    ///
    /// # Errors
    /// When nobody has the name, or the address is none.
    pub fn resolve(&self, who: &Who) -> Result<Vec<Person>, Unknown> {
        let ids = match who {
            Who::User(name) => {
                let person = self.user(name)?;
                let is_on = self.is_enabled(&person.id);
                return Ok(is_on.then_some(person).into_iter().collect());
            }
            Who::Group(name) => self.groups.get(name).ok_or_else(|| Unknown::Group {
                name: name.clone(),
                nearest: near(name, self.groups.keys()),
            })?,
            Who::Role(name) => self.roles.get(name).ok_or_else(|| Unknown::Role {
                name: name.clone(),
                nearest: near(name, self.roles.keys()),
            })?,
        };
        let mut seen = BTreeSet::new();
        let enabled = ids
            .iter()
            .filter(|id| self.is_enabled(id) && seen.insert(id.as_str()));
        Ok(enabled
            .filter_map(|id| self.persons.get(id))
            .cloned()
            .collect())
    }

    /// The person that an id or an address means, disabled or not.
    ///
    /// # Errors
    /// When nobody has the id, or the address is none.
    pub fn user(&self, name: &str) -> Result<Person, Unknown> {
        if let Some(person) = self.persons.get(name) {
            return Ok(person.clone());
        }
        if !name.contains('@') {
            return Err(Unknown::Person {
                id: name.to_owned(),
                nearest: near(name, self.persons.keys()),
            });
        }
        let address = check_address(name).map_err(Unknown::Address)?;
        let found = self.person_of_address(&address).cloned();
        Ok(found.unwrap_or_else(|| Person {
            id: address.clone(),
            address,
            name: String::new(),
            locale: None,
            zone: None,
        }))
    }

    /// The person whose mail address this is.
    #[must_use]
    pub fn person_of_address(&self, address: &str) -> Option<&Person> {
        let wanted = folded(&check_address(address).ok()?);
        let mut persons = self.persons.values();
        persons.find(|person| folded(&person.address) == wanted)
    }

    /// The person of a local account, disabled or not.
    #[must_use]
    pub fn person_of_account(&self, account: &str) -> Option<&Person> {
        self.persons.get(self.accounts.get(account)?)
    }

    /// Whether this person may be asked and may vote. Whoever is in no entry is not disabled.
    #[must_use]
    pub fn is_enabled(&self, id: &str) -> bool {
        !self.disabled.contains(id)
    }

    /// Whether this person is in the group, which must exist.
    #[must_use]
    pub fn is_in(&self, id: &str, group: &str) -> bool {
        let members = self.groups.get(group);
        members.is_some_and(|members| members.iter().any(|member| member == id))
    }

    /// Whether this account may override.
    #[must_use]
    pub fn may_override(&self, account: &str) -> bool {
        self.overriders.iter().any(|listed| listed == account)
    }
}

/// The known name nearest to one that is not known.
fn near<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> Option<String> {
    nearest(name, known.map(String::as_str)).map(str::to_owned)
}

/// An address as it is compared: whoever differs by case alone is one.
fn folded(address: &str) -> String {
    address.to_lowercase()
}

/// A mail address as it is kept, its domain in lower case and ASCII.
///
/// # Errors
/// What is wrong with it: `` `a@` is no mail address: … ``.
pub fn check_address(text: &str) -> Result<String, String> {
    match Address::parse(text) {
        Ok(address) => Ok(address.to_string()),
        Err(why) => Err(format!("`{text}` is no mail address: {why}")),
    }
}

/// Whether there are texts in this language.
///
/// # Errors
/// That there are not, and which there are.
pub fn check_locale(text: &str) -> Result<(), String> {
    if Lang::parse(text).is_some() {
        return Ok(());
    }
    let hint = meant(nearest(text, Lang::ALL.map(Lang::tag)));
    Err(format!(
        "there are no texts in `{text}`; there are en, de and zh-Hans{hint}"
    ))
}

/// Whether this is the IANA name of a time zone.
///
/// # Errors
/// That it is not, with the nearest one.
pub fn check_zone(text: &str) -> Result<(), String> {
    if text.parse::<chrono_tz::Tz>().is_ok() {
        return Ok(());
    }
    let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let hint = meant(nearest(text, known));
    Err(format!("there is no time zone `{text}`{hint}"))
}

/// A people file to begin with.
pub const TEMPLATE: &str = "\
# Who can be asked for approval. Read again whenever it changes.

people:
  ada:                            # the id: what workflows and groups name; never changes
    address: ada@example.org      # where mail goes; the only field that must be there
    name: Ada Lovelace
    locale: en                    # en, de, zh-Hans
    zone: Europe/London           # an IANA time zone
    accounts: [ada]               # accounts on this machine, for `usher approvals decide`
  bob:
    address: bob@example.org
    enabled: false                # is not asked, and may not vote any more

# Lists of ids.
groups:
  finance: [ada, bob]

# As groups, for offices that somebody holds.
roles:
  cfo: [ada]

# Accounts on this machine that may decide outside the rules: `usher approvals override`.
overriders: []
";

#[cfg(test)]
mod tests;
