//! The keys file: the secrets that links, pages and codes are made with, and their succession.
//!
//! ```text
//!   add N+1 ──► N+1 signs, N is still believed ──► N's last link ends ──► retire N
//! ```
//!
//! The file is made whole with mode 0600 or not at all, and is replaced whole: a reader sees one
//! state or the other. It is not in the ledger, so that a backup of the ledger opens nothing.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use usher_notifier_core::token::Ring;

mod follow;
mod private;
mod whole;

pub use follow::Follower;
pub use private::{PrivateError, read_private};

/// A key is younger than this while an engine may not have read it yet, milliseconds.
const FRESH_MS: i64 = 60_000;

/// A keys file is smaller than this: 255 keys need 30 kB.
const BYTES_MAX: u64 = 1 << 20;

/// Why the keys cannot be had or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read, or others may read it.
    #[error("use the keys file")]
    Private(#[from] PrivateError),
    /// There is no file to change.
    #[error("there is no keys file {path} yet; an engine makes it when it starts")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is not what it should be.
    #[error("the keys file {path} is damaged: {why}; put it back from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The file cannot be written.
    #[error("write the keys file {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        #[source]
        source: std::io::Error,
    },
    /// There are no random bytes.
    #[error("make a key: the system gives no random bytes: {0}")]
    Random(String),
    /// What the ledger holds cannot be learnt.
    #[error("{0}")]
    Ledger(String),
    /// Every number is taken.
    #[error("there are 255 keys already; retire some: `usher keys retire N`")]
    Full,
    /// There is no such key.
    #[error("there is no key {number}; there are {}", listed(.known))]
    NoKey {
        /// The number.
        number: u8,
        /// The numbers that there are.
        known: Vec<u8>,
    },
    /// The signing key stays.
    #[error("key {number} makes the new links; make another first: `usher keys add`")]
    Signing {
        /// Its number.
        number: u8,
    },
    /// Its links are still good.
    #[error(
        "links under key {number} are good until {until}; wait, or use --force: then they are \
         dead, and whoever is still asked gets a new mail"
    )]
    InUse {
        /// Its number.
        number: u8,
        /// When the last of them ends.
        until: String,
    },
    /// A running engine may not know the successor yet.
    #[error("key {signing} is not a minute old, and an engine may still sign with key {number}")]
    TooFresh {
        /// The number of the key to be retired.
        number: u8,
        /// The number of the new one.
        signing: u8,
    },
}

fn listed(numbers: &[u8]) -> String {
    let texts: Vec<String> = numbers.iter().map(u8::to_string).collect();
    texts.join(", ")
}

/// The keys of an installation.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    deployment: String,
    signing: u8,
    keys: BTreeMap<u8, Key>,
}

#[derive(Clone, PartialEq, Eq)]
struct Key {
    secret: [u8; 32],
    made_ms: i64,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("signing", &self.signing)
            .field("keys", &self.keys.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// What may be shown of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Its number.
    pub number: u8,
    /// When it was made, milliseconds UTC.
    pub made_ms: i64,
    /// Whether new links are made with it.
    pub signs: bool,
}

/// The file's layout.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    v: u32,
    deployment: String,
    signing: u8,
    keys: Vec<LayoutKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct LayoutKey {
    number: u8,
    made_ms: i64,
    secret: String,
}

impl Keys {
    /// The keys of a file, which is made if there is none. `used` tells the numbers of keys that
    /// links were made with, and is asked only then: a number never means two keys, or else dead
    /// links would not be known as such.
    ///
    /// # Errors
    /// When the file cannot be used as it is, or not be made.
    pub fn load_or_make(
        path: &Path,
        now_ms: i64,
        used: impl FnOnce() -> Result<Vec<u8>, String>,
    ) -> Result<Keys, KeysError> {
        if let Some(keys) = Keys::load(path)? {
            return Ok(keys);
        }
        let before = used().map_err(KeysError::Ledger)?;
        let number = next_number(before.iter().max().copied(), |taken| {
            before.contains(&taken)
        })?;
        let mut keys = Keys {
            deployment: usher_api::uuid::text(random()?, 4),
            signing: number,
            keys: BTreeMap::new(),
        };
        keys.put(number, now_ms)?;
        match whole::make(path, &keys.to_text()) {
            Ok(()) => Ok(keys),
            // Another process was faster: its keys are the keys.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Keys::load(path)?.ok_or_else(|| KeysError::Write {
                    path: path.to_owned(),
                    source: error,
                })
            }
            Err(source) => Err(KeysError::Write {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// The keys of a file; none when there is no file.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or others may read it.
    pub fn load(path: &Path) -> Result<Option<Keys>, KeysError> {
        let Some(text) = read_private(path, BYTES_MAX)? else {
            return Ok(None);
        };
        Keys::of_text(&text)
            .map(Some)
            .map_err(|why| KeysError::Damaged {
                path: path.to_owned(),
                why,
            })
    }

    /// Makes a new key, which signs from now on; its number.
    ///
    /// # Errors
    /// When the file cannot be read or written, or all numbers are taken.
    pub fn add(path: &Path, now_ms: i64) -> Result<u8, KeysError> {
        change(path, |keys| {
            let newest = Some(keys.signing);
            let number = next_number(newest, |taken| keys.keys.contains_key(&taken))?;
            keys.put(number, now_ms)?;
            keys.signing = number;
            Ok(number)
        })
    }

    /// Drops a key. `until_ms` is when the last link under it ends, if there is any.
    ///
    /// # Errors
    /// When it signs, or links under it are still good (unless `force`), or the file cannot be
    /// written.
    pub fn retire(
        path: &Path,
        number: u8,
        until_ms: Option<i64>,
        now_ms: i64,
        force: bool,
    ) -> Result<(), KeysError> {
        change(path, |keys| {
            keys.check_retire(number, until_ms, now_ms, force)?;
            keys.keys.remove(&number);
            Ok(())
        })
    }

    fn check_retire(
        &self,
        number: u8,
        until_ms: Option<i64>,
        now_ms: i64,
        force: bool,
    ) -> Result<(), KeysError> {
        if !self.keys.contains_key(&number) {
            let known = self.keys.keys().copied().collect();
            return Err(KeysError::NoKey { number, known });
        }
        if number == self.signing {
            return Err(KeysError::Signing { number });
        }
        if force {
            return Ok(());
        }
        if let Some(until) = until_ms.filter(|until| *until >= now_ms) {
            let until = shown_time(until);
            return Err(KeysError::InUse { number, until });
        }
        let signing = self.signing;
        let made_ms = self.keys.get(&signing).map_or(0, |key| key.made_ms);
        if now_ms.saturating_sub(made_ms) < FRESH_MS {
            return Err(KeysError::TooFresh { number, signing });
        }
        Ok(())
    }

    /// What tokens are made and opened with.
    #[must_use]
    pub fn ring(&self) -> Ring {
        let keys = self.keys.iter().map(|(number, key)| (*number, key.secret));
        Ring::new(&self.deployment, keys.collect(), self.signing)
    }

    /// What may be shown, by number.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        let shown = |(number, key): (&u8, &Key)| Shown {
            number: *number,
            made_ms: key.made_ms,
            signs: *number == self.signing,
        };
        self.keys.iter().map(shown).collect()
    }

    /// The installation's id; no secret.
    #[must_use]
    pub fn deployment(&self) -> &str {
        &self.deployment
    }

    fn put(&mut self, number: u8, made_ms: i64) -> Result<(), KeysError> {
        let secret = random()?;
        self.keys.insert(number, Key { secret, made_ms });
        Ok(())
    }

    fn to_text(&self) -> String {
        let key = |(number, key): (&u8, &Key)| LayoutKey {
            number: *number,
            made_ms: key.made_ms,
            secret: HEXLOWER.encode(&key.secret),
        };
        let layout = Layout {
            v: 1,
            deployment: self.deployment.clone(),
            signing: self.signing,
            keys: self.keys.iter().map(key).collect(),
        };
        // Numbers and texts: nothing in it that JSON could not hold.
        let text = serde_json::to_string_pretty(&layout).unwrap_or_default();
        format!("{text}\n")
    }

    fn of_text(text: &str) -> Result<Keys, String> {
        // Not serde's own words: they may quote what they stumble over, a secret for instance.
        let layout: Layout = serde_json::from_str(text)
            .map_err(|error| format!("line {} cannot be read", error.line()))?;
        if layout.v != 1 {
            return Err(format!("a newer usher wrote it (layout {})", layout.v));
        }
        if layout.deployment.is_empty() {
            return Err("it has no deployment".to_owned());
        }
        let mut keys = BTreeMap::new();
        for LayoutKey {
            number,
            made_ms,
            secret,
        } in layout.keys
        {
            let secret = HEXLOWER
                .decode(secret.as_bytes())
                .ok()
                .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
                .ok_or_else(|| format!("key {number} is no 32 bytes in hex"))?;
            if keys.insert(number, Key { secret, made_ms }).is_some() {
                return Err(format!("key {number} is there twice"));
            }
        }
        if !keys.contains_key(&layout.signing) {
            return Err(format!("key {}, which signs, is missing", layout.signing));
        }
        Ok(Keys {
            deployment: layout.deployment,
            signing: layout.signing,
            keys,
        })
    }
}

/// Reads, changes and replaces the file, one process after the other.
fn change<T>(
    path: &Path,
    act: impl FnOnce(&mut Keys) -> Result<T, KeysError>,
) -> Result<T, KeysError> {
    let unwritten = |source| KeysError::Write {
        path: path.to_owned(),
        source,
    };
    let _lock = whole::lock(path).map_err(unwritten)?;
    let Some(mut keys) = Keys::load(path)? else {
        let path = path.to_owned();
        return Err(KeysError::Missing { path });
    };
    let result = act(&mut keys)?;
    whole::replace(path, &keys.to_text()).map_err(unwritten)?;
    Ok(result)
}

/// The number after the newest, or the next that is free.
fn next_number(newest: Option<u8>, is_taken: impl Fn(u8) -> bool) -> Result<u8, KeysError> {
    let newest = newest.unwrap_or(0);
    let after = (newest..u8::MAX).map(|number| number + 1);
    after
        .chain(1..=newest)
        .find(|number| !is_taken(*number))
        .ok_or(KeysError::Full)
}

fn random<const N: usize>() -> Result<[u8; N], KeysError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| KeysError::Random(error.to_string()))?;
    Ok(bytes)
}

fn shown_time(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms).map_or_else(
        || format!("{ms} ms"),
        |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

#[cfg(test)]
mod tests;
