//! People as values: persons, groups, roles, and the accounts that are theirs.
//!
//! Where they come from is the notifier's port: a file now, a directory later.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    pub disabled: std::collections::BTreeSet<String>,
    /// Ids of members by group.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Ids of holders by role.
    pub roles: BTreeMap<String, Vec<String>>,
    /// The person of a local account.
    pub accounts: BTreeMap<String, String>,
    /// Accounts that may override.
    pub overriders: Vec<String>,
}
