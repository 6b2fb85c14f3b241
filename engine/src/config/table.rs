//! Every setting: its name, what it takes, its default. `usher config show` prints this table.

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// A whole number within bounds.
    Number(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// Texts; in the environment and on the command line separated by commas.
    List,
    /// A file. In the file of settings it is seen from that file's folder.
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// A setting.
#[derive(Debug)]
pub(super) struct Key {
    /// `section.name`.
    pub(super) path: &'static str,
    /// What it takes.
    pub(super) kind: Kind,
    /// What holds when nobody says anything; empty for nothing, or for what follows from others.
    pub(super) default: &'static str,
}

impl Key {
    /// The section.
    pub(super) fn section(&self) -> &'static str {
        self.path.split('.').next().unwrap_or(self.path)
    }

    /// The name within the section.
    pub(super) fn name(&self) -> &'static str {
        self.path.split('.').nth(1).unwrap_or(self.path)
    }

    /// Its variable in the environment: `USHER_MAIL_HOST`.
    pub(super) fn variable(&self) -> String {
        format!("USHER_{}", self.path.replace('.', "_").to_uppercase())
    }
}

const fn key(path: &'static str, kind: Kind, default: &'static str) -> Key {
    Key {
        path,
        kind,
        default,
    }
}

/// All of them, in the order in which they are shown.
pub(super) const KEYS: [Key; 23] = [
    key("server.listen", Kind::Text, "127.0.0.1:2746"),
    key("server.base_url", Kind::Text, ""),
    key("server.name", Kind::Text, "Usher"),
    key("server.trusted_proxies", Kind::List, ""),
    key("engine.processes", Kind::Number(1, 1_000_000), ""),
    key("mail.from", Kind::Text, ""),
    key("mail.host", Kind::Text, ""),
    key("mail.port", Kind::Number(1, 65_535), ""),
    key(
        "mail.tls",
        Kind::Choice(&["implicit", "starttls", "none"]),
        "implicit",
    ),
    key("mail.user", Kind::Text, ""),
    key("mail.password_file", Kind::Path, ""),
    key("mail.token_file", Kind::Path, ""),
    key("mail.root_file", Kind::Path, ""),
    key("mail.connections", Kind::Number(1, 64), "4"),
    key("mail.domains", Kind::List, ""),
    key("mail.administrators", Kind::List, ""),
    key("approvals.auth", Kind::Choice(&["link", "code"]), ""),
    key("approvals.allow_approve_on_timeout", Kind::Boolean, "false"),
    key("approvals.link_days", Kind::Number(1, 3_650), "30"),
    key("approvals.locale", Kind::Text, "en"),
    key("approvals.timezone", Kind::Text, "UTC"),
    key("approvals.people", Kind::Path, ""),
    key("approvals.keys", Kind::Path, ""),
];

/// The sections, in order.
pub(super) const SECTIONS: [&str; 4] = ["server", "engine", "mail", "approvals"];

/// The number of a setting in [`KEYS`].
pub(super) fn number_of(path: &str) -> Option<usize> {
    KEYS.iter().position(|key| key.path == path)
}
