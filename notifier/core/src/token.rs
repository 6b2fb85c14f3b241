//! Addresses of links, and every other thing that is made with a key: nonces, codes, the senders
//! that bounces come back to (approvals §4.5).
//!
//! ```text
//!   link    1 version · 1 key · 16 link id · 16 MAC            55 signs
//!   nonce   1 version · 1 key ·  8 issued  · 16 MAC            42 signs
//!   code    MAC of task, slot, ordinal, modulo a million        6 digits
//!   sender  bounce+ MAIL . 1 key · 10 MAC                      18 signs after the full stop
//! ```
//!
//! All but the code is base32 in lower case (see `base32`). Every MAC is HMAC-SHA-256 over a word
//! that says what it is for, the deployment and the parts, each with its length before it: what is
//! made for one purpose never serves another. Comparing takes the same time for every input.
//!
//! A token of version 1 is read for ever: the golden file under `golden/` is never rewritten.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

mod base32;
mod marks;

pub use marks::{BadNonce, NONCE_MS};

/// The layout that this release writes.
const VERSION: u8 = 1;

/// Bytes of a token.
const TOKEN: usize = 34;

/// Bytes of a token that the MAC covers: version, key, link.
const HEAD: usize = 18;

/// The keys. One signs, all are believed.
#[derive(Clone)]
pub struct Ring {
    deployment: String,
    keys: BTreeMap<u8, [u8; 32]>,
    signing: u8,
}

/// What a good token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// The key that it was made with.
    pub key: u8,
    /// The link's id.
    pub link: [u8; 16],
}

/// A token that is none: cut, changed, forged, or of a key that is gone. Which of these is not
/// said to anybody (S11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no address of a link")]
pub struct BadToken;

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring")
            .field("keys", &self.keys.keys().collect::<Vec<_>>())
            .field("signing", &self.signing)
            .finish_non_exhaustive()
    }
}

impl Ring {
    /// A ring of keys by number; `signing` is the number of the one that new links are made with.
    #[must_use]
    pub fn new(deployment: &str, keys: Vec<(u8, [u8; 32])>, signing: u8) -> Ring {
        Ring {
            deployment: deployment.to_owned(),
            keys: keys.into_iter().collect(),
            signing,
        }
    }

    /// The number of the key that new links are made with.
    #[must_use]
    pub fn signing(&self) -> u8 {
        self.signing
    }

    /// The numbers of all keys.
    #[must_use]
    pub fn key_ids(&self) -> Vec<u8> {
        self.keys.keys().copied().collect()
    }

    /// What the keys belong to: mixed into everything that is made with them.
    #[must_use]
    pub fn deployment(&self) -> &str {
        &self.deployment
    }

    /// The token of a link: 55 letters and digits. None when the ring has no such key.
    #[must_use]
    pub fn seal(&self, key: u8, link: &[u8; 16]) -> Option<String> {
        let mut bytes = [0_u8; TOKEN];
        bytes[0] = VERSION;
        bytes[1] = key;
        bytes[2..HEAD].copy_from_slice(link);
        let mac = self.mac(key, "link", &[&bytes[..HEAD]])?;
        bytes[HEAD..].copy_from_slice(&mac[..TOKEN - HEAD]);
        Some(base32::encode(&bytes))
    }

    /// Reads a token as it comes out of an address. Upper case, the usual look-alikes, and what
    /// mail programs hang on at the end are forgiven; nothing else is.
    ///
    /// # Errors
    /// When this ring did not make it.
    pub fn open(&self, text: &str) -> Result<Opened, BadToken> {
        let text = text.trim_end_matches(['.', ',', '>', ')', '=']);
        let bytes: [u8; TOKEN] = base32::decode(text).ok_or(BadToken)?;
        if bytes[0] != VERSION {
            return Err(BadToken);
        }
        let key = bytes[1];
        let mac = self.mac(key, "link", &[&bytes[..HEAD]]).ok_or(BadToken)?;
        if !is_same(&mac[..TOKEN - HEAD], &bytes[HEAD..]) {
            return Err(BadToken);
        }
        let mut link = [0_u8; 16];
        link.copy_from_slice(&bytes[2..HEAD]);
        Ok(Opened { key, link })
    }

    /// The MAC for one purpose; none when the ring has no such key.
    fn mac(&self, key: u8, purpose: &str, parts: &[&[u8]]) -> Option<[u8; 32]> {
        // A key of 32 bytes filled up to the block of 64 with zeros is what HMAC makes of it too.
        let mut block = [0_u8; 64];
        block[..32].copy_from_slice(self.keys.get(&key)?);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        let head: [&[u8]; 3] = [b"usher", purpose.as_bytes(), self.deployment.as_bytes()];
        for part in head.iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Some(mac.finalize().into_bytes().into())
    }
}

/// How a link is called in logs and answers: eight hex digits of its SHA-256 (S12). Names it to
/// whoever has the ledger, opens nothing.
#[must_use]
pub fn log_name(link: &[u8; 16]) -> String {
    HEXLOWER.encode(&Sha256::digest(link)[..4])
}

/// SHA-256, hex, over the parts of a call: what a repeated call is compared by.
#[must_use]
pub fn api_hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    HEXLOWER.encode(&hash.finalize())
}

/// Reads a link's id as a recipe holds it: 32 hex digits.
#[must_use]
pub fn link_of_hex(text: &str) -> Option<[u8; 16]> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes());
    bytes.ok()?.try_into().ok()
}

fn is_same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests;
