//! How people are spoken to: the language, the time zone, and the fixed texts in each language.
//!
//! A language is a struct with a field for every text, so a text that is missing does not compile.
//! What people and workflows wrote is never translated.

use chrono_tz::Tz;
use usher_api::approval::Policy;

use crate::people::Person;

mod de;
mod en;
pub mod shape;
pub mod story;
mod time;
mod zh;

pub use shape::Texts;

/// A language that pages and mails are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lang {
    /// English.
    En,
    /// German.
    De,
    /// Chinese in simplified signs.
    Zh,
}

impl Lang {
    /// Every language.
    pub const ALL: [Lang; 3] = [Lang::En, Lang::De, Lang::Zh];

    /// Reads a language tag; none when there are no texts for it. What follows the language is
    /// not looked at: `de-AT` is German, `zh-CN` Chinese in simplified signs.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Lang> {
        let main = tag.split(['-', '_']).next().unwrap_or_default();
        match main.to_ascii_lowercase().as_str() {
            "en" => Some(Lang::En),
            "de" => Some(Lang::De),
            "zh" => Some(Lang::Zh),
            _ => None,
        }
    }

    /// The tag, as `lang` of a page holds it.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::De => "de",
            Lang::Zh => "zh-Hans",
        }
    }

    /// Its texts.
    #[must_use]
    pub fn texts(self) -> &'static Texts {
        match self {
            Lang::En => &en::TEXTS,
            Lang::De => &de::TEXTS,
            Lang::Zh => &zh::TEXTS,
        }
    }
}

/// A language and a zone: how one reader is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// The language.
    pub lang: Lang,
    /// The zone that times are shown in.
    pub zone: Tz,
}

impl Voice {
    /// How somebody is spoken to: as the person wishes, else as the policy says, else as the
    /// installation does, else in English and UTC. What cannot be read counts as not said.
    #[must_use]
    pub fn of(
        person: Option<&Person>,
        policy: Option<&Policy>,
        locale: &str,
        timezone: &str,
    ) -> Voice {
        let langs = [
            person.and_then(|person| person.locale.as_deref()),
            policy.and_then(|policy| policy.locale.as_deref()),
            Some(locale),
        ];
        let zones = [
            person.and_then(|person| person.zone.as_deref()),
            policy.and_then(|policy| policy.timezone.as_deref()),
            Some(timezone),
        ];
        let lang = langs.into_iter().flatten().find_map(Lang::parse);
        let zone = zones
            .into_iter()
            .flatten()
            .find_map(|name| name.parse().ok());
        Voice {
            lang: lang.unwrap_or(Lang::En),
            zone: zone.unwrap_or(Tz::UTC),
        }
    }

    /// The texts of its language.
    #[must_use]
    pub fn texts(self) -> &'static Texts {
        self.lang.texts()
    }
}

#[cfg(test)]
mod tests;
