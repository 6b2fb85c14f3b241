//! What a people file must say: its fields, and the names in it that must fit each other.

use std::collections::BTreeMap;

use super::tree::{Faults, Field, Inner, Node, Place, read};
use super::{
    People, PeopleFault, Person, check_address, check_locale, check_zone, folded, meant, near,
    nearest,
};

/// Sections of the file.
const SECTIONS: [&str; 4] = ["people", "groups", "roles", "overriders"];

/// Fields of a person.
const FIELDS: [&str; 6] = ["address", "name", "locale", "zone", "enabled", "accounts"];

/// Characters of an id, of a group's or a role's name.
const NAME_MAX: usize = 64;

/// Characters of an account.
const ACCOUNT_MAX: usize = 256;

/// Characters of what a person is called.
const CALLED_MAX: usize = 100;

/// Reads a people file.
pub(super) fn parse(text: &str) -> Result<People, Vec<PeopleFault>> {
    let mut faults = Faults::default();
    let root = read(text, &mut faults);
    let mut reading = Reading {
        faults,
        people: People::default(),
        places: BTreeMap::new(),
    };
    if let Some(root) = root {
        reading.file(root);
    }
    match reading.faults.is_empty() {
        true => Ok(reading.people),
        false => Err(reading.faults.finish()),
    }
}

struct Reading {
    faults: Faults,
    people: People,
    /// Lines of what may stand only once: addresses and accounts.
    places: BTreeMap<(&'static str, String), (String, u32)>,
}

impl Reading {
    fn file(&mut self, root: Node) {
        if is_nothing(&root) {
            return;
        }
        let fields = self.map(root, "the file", "`people:`, `groups:` and `roles:`");
        let (mut lists, mut overriders) = (Vec::new(), None);
        for field in fields {
            match field.name.as_str() {
                "people" => self.persons(field),
                "groups" | "roles" => lists.push(field),
                "overriders" => overriders = Some(field.value),
                name => self.unknown(field.place, "section", name, &SECTIONS),
            }
        }
        // Members are looked up when everybody is known.
        for field in lists {
            self.lists(field);
        }
        if let Some(node) = overriders {
            let accounts = self.texts(node, "overriders");
            for (account, place) in accounts {
                if self.is_account(&account, place) {
                    self.people.overriders.push(account);
                }
            }
        }
    }

    fn persons(&mut self, section: Field) {
        if is_nothing(&section.value) {
            return;
        }
        for field in self.map(section.value, "`people`", "ids with a person below each") {
            if !self.is_name(&field.name, field.place, "an id") {
                continue;
            }
            self.person(field);
        }
    }

    fn person(
        &mut self,
        Field {
            name: id,
            place,
            value,
        }: Field,
    ) {
        let mut person = Person {
            id: id.clone(),
            address: String::new(),
            name: String::new(),
            locale: None,
            zone: None,
        };
        let (mut has_address, mut enabled) = (false, true);
        for field in self.map(value, &format!("`{id}`"), "fields, at least `address`") {
            match field.name.as_str() {
                "address" => {
                    has_address = true;
                    person.address = self.address(&id, field.value);
                }
                "name" => person.name = self.called(field.value),
                "locale" => person.locale = self.checked(field.value, "locale", check_locale),
                "zone" => person.zone = self.checked(field.value, "zone", check_zone),
                "enabled" => enabled = self.boolean(field.value),
                "accounts" => self.accounts(&id, field.value),
                name => self.unknown(field.place, "field of a person", name, &FIELDS),
            }
        }
        if !has_address {
            let message = format!("`{id}` has no `address`; nobody could be asked");
            self.faults.tell(place, message);
        }
        if !enabled {
            self.people.disabled.insert(id.clone());
        }
        self.people.persons.insert(id, person);
    }

    fn address(&mut self, id: &str, node: Node) -> String {
        let place = node.place;
        let Some(text) = self.text(node, "address") else {
            return String::new();
        };
        match check_address(&text) {
            Ok(address) => {
                self.once("address", folded(&address), id, place);
                address
            }
            Err(message) => {
                self.faults.tell(place, message);
                String::new()
            }
        }
    }

    fn called(&mut self, node: Node) -> String {
        let place = node.place;
        let name = self.text(node, "name").unwrap_or_default();
        if name.contains('\n') || name.chars().count() > CALLED_MAX {
            let message = format!("a name is one line of at most {CALLED_MAX} characters");
            self.faults.tell(place, message);
        }
        name
    }

    fn checked(
        &mut self,
        node: Node,
        what: &str,
        check: fn(&str) -> Result<(), String>,
    ) -> Option<String> {
        let place = node.place;
        let text = self.text(node, what)?;
        match check(&text) {
            Ok(()) => Some(text),
            Err(message) => {
                self.faults.tell(place, message);
                None
            }
        }
    }

    fn boolean(&mut self, node: Node) -> bool {
        let place = node.place;
        match self.text(node, "enabled").as_deref() {
            Some("false") => false,
            Some("true") | None => true,
            Some(other) => {
                let message = format!("`enabled` is true or false, not `{other}`");
                self.faults.tell(place, message);
                true
            }
        }
    }

    fn accounts(&mut self, id: &str, node: Node) {
        for (account, place) in self.texts(node, "accounts") {
            if self.is_account(&account, place) && self.once("account", account.clone(), id, place)
            {
                self.people.accounts.insert(account, id.to_owned());
            }
        }
    }

    /// Notes what only one person may have, and only once; whether it is so.
    fn once(&mut self, what: &'static str, value: String, id: &str, place: Place) -> bool {
        let key = (what, value);
        if let Some((other, line)) = self.places.get(&key) {
            let message = format!(
                "the {what} `{}` is `{other}`'s already, in line {line}",
                key.1
            );
            self.faults.tell(place, message);
            return false;
        }
        self.places.insert(key, (id.to_owned(), place.0));
        true
    }

    /// Groups or roles.
    fn lists(&mut self, section: Field) {
        if is_nothing(&section.value) {
            return;
        }
        let what = format!("`{}`", section.name);
        let is_groups = section.name == "groups";
        for field in self.map(section.value, &what, "names with a list of ids each") {
            let kind = match is_groups {
                true => "a group's name",
                false => "a role's name",
            };
            if !self.is_name(&field.name, field.place, kind) {
                continue;
            }
            let members = self.members(&field.name, field.value);
            let lists = match is_groups {
                true => &mut self.people.groups,
                false => &mut self.people.roles,
            };
            lists.insert(field.name, members);
        }
    }

    fn members(&mut self, list: &str, node: Node) -> Vec<String> {
        let mut members: Vec<String> = Vec::new();
        for (id, place) in self.texts(node, list) {
            if !self.people.persons.contains_key(&id) {
                let message = self.no_member(&id);
                self.faults.tell(place, message);
            } else if members.contains(&id) {
                let message = format!("`{id}` is in this list already");
                self.faults.tell(place, message);
            } else {
                members.push(id);
            }
        }
        members
    }

    fn no_member(&self, id: &str) -> String {
        if let Some(person) = self.people.person_of_address(id) {
            return format!("lists hold ids, not addresses; write `{}`", person.id);
        }
        let persons = self.people.persons.keys();
        format!(
            "no person has the id `{id}`{}",
            meant(near(id, persons).as_deref())
        )
    }

    fn unknown(&mut self, place: Place, what: &str, name: &str, known: &[&'static str]) {
        let hint = match nearest(name, known.iter().copied()) {
            Some(word) => meant(Some(word)),
            None => format!("; there are {}", known.join(", ")),
        };
        self.faults
            .tell(place, format!("`{name}` is no {what}{hint}"));
    }

    /// Whether a text can name something.
    fn is_name(&mut self, text: &str, place: Place, what: &str) -> bool {
        let is_good = |c: char| c.is_alphanumeric() || "._-".contains(c);
        let begins = text.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if begins && text.chars().all(is_good) && text.chars().count() <= NAME_MAX {
            return true;
        }
        let message = format!(
            "`{text}` cannot be {what}: letters, digits, `.`, `_` and `-` can, at most {NAME_MAX}"
        );
        self.faults.tell(place, message);
        false
    }

    /// Whether a text can be an account of the system, which names them as it likes.
    fn is_account(&mut self, text: &str, place: Place) -> bool {
        let has_blank = text.contains(char::is_whitespace);
        if !has_blank && text.chars().count() <= ACCOUNT_MAX {
            return true;
        }
        let message =
            format!("`{text}` is no account: it has blanks or more than {ACCOUNT_MAX} characters");
        self.faults.tell(place, message);
        false
    }

    fn map(&mut self, node: Node, what: &str, wanted: &str) -> Vec<Field> {
        match node.inner {
            Inner::Map(fields) => fields,
            Inner::List(_) | Inner::Text(_) => {
                let message = format!("{what} is a mapping: {wanted}");
                self.faults.tell(node.place, message);
                Vec::new()
            }
        }
    }

    /// A text that is not empty.
    fn text(&mut self, node: Node, what: &str) -> Option<String> {
        match node.inner {
            Inner::Text(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Inner::Text(_) => {
                let message = format!("`{what}` has no value; write one or take the line out");
                self.faults.tell(node.place, message);
                None
            }
            Inner::List(_) | Inner::Map(_) => {
                let message = format!("`{what}` is one text");
                self.faults.tell(node.place, message);
                None
            }
        }
    }

    /// A list of texts.
    fn texts(&mut self, node: Node, what: &str) -> Vec<(String, Place)> {
        let Inner::List(list) = node.inner else {
            if !is_nothing(&node) {
                let message = format!("`{what}` is a list, such as [one, two]");
                self.faults.tell(node.place, message);
            }
            return Vec::new();
        };
        let mut texts = Vec::new();
        for node in list {
            let place = node.place;
            if let Some(text) = self.text(node, what) {
                texts.push((text, place));
            }
        }
        texts
    }
}

/// Whether nothing was written: `groups:` and no more.
fn is_nothing(node: &Node) -> bool {
    matches!(&node.inner, Inner::Text(text) if text.is_empty())
}
