//! Which runs a list shows: by row first, by labels only where they are asked for.

use serde_json::Value;
use usher_ledger::RunRow;

use super::protocol::Wanted;

/// A label selector, parsed: all terms must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Is(String, String),
    IsNot(String, String),
    Has(String),
    Lacks(String),
}

/// A label selector that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{term}` is no label selector; write KEY=VALUE, KEY!=VALUE, KEY or !KEY")]
pub struct BadLabels {
    /// The wrong term.
    pub term: String,
}

impl Labels {
    /// Reads a selector.
    ///
    /// # Errors
    /// The first term that is none.
    pub fn parse(text: &str) -> Result<Labels, BadLabels> {
        let terms = text.split(',').map(str::trim).map(term);
        Ok(Labels {
            terms: terms.collect::<Result<_, _>>()?,
        })
    }

    /// Whether an object's labels are as wanted.
    #[must_use]
    pub fn match_object(&self, object: &Value) -> bool {
        let label = |key: &str| object["metadata"]["labels"][key].as_str();
        self.terms.iter().all(|term| match term {
            Term::Is(key, value) => label(key) == Some(value),
            Term::IsNot(key, value) => label(key) != Some(value),
            Term::Has(key) => label(key).is_some(),
            Term::Lacks(key) => label(key).is_none(),
        })
    }
}

fn term(text: &str) -> Result<Term, BadLabels> {
    let own = |part: &str| part.trim().to_owned();
    let parsed = if let Some((key, value)) = text.split_once("!=") {
        Term::IsNot(own(key), own(value))
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        Term::Is(own(key), own(value))
    } else if let Some(key) = text.strip_prefix('!') {
        Term::Lacks(own(key))
    } else {
        Term::Has(own(text))
    };
    let (Term::Is(key, _) | Term::IsNot(key, _) | Term::Has(key) | Term::Lacks(key)) = &parsed;
    let is_key = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if key.is_empty() || !key.chars().all(is_key) {
        return Err(BadLabels {
            term: text.to_owned(),
        });
    }
    Ok(parsed)
}

/// Whether a row is wanted, as far as a row tells.
#[must_use]
pub(super) fn match_row(wanted: &Wanted, row: &RunRow) -> bool {
    let phase = wanted.phases.is_empty() || wanted.phases.contains(&row.phase);
    let since = wanted.since_ms.is_none_or(|since| row.created_ms >= since);
    let ended = wanted
        .ended_before_ms
        .is_none_or(|before| row.finished_ms.is_some_and(|at| at <= before));
    phase && since && ended
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Every kind of term, alone and together.
    #[test]
    fn label_selectors() {
        let object = json!({"metadata": {"labels": {"team": "a", "example.org/x": "1"}}});
        for (text, matches) in [
            ("team=a", true),
            ("team==a", true),
            ("team=b", false),
            ("team!=b", true),
            ("team", true),
            ("!team", false),
            ("!other", true),
            ("other!=1", true),
            ("team=a, example.org/x=1", true),
            ("team=a,other", false),
        ] {
            let labels = Labels::parse(text).expect(text);
            assert_eq!(labels.match_object(&object), matches, "{text}");
        }
        for text in ["", "=a", "a b=c", "team=a,"] {
            assert!(Labels::parse(text).is_err(), "{text}");
        }
    }
}
