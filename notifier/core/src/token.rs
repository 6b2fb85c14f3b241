//! Addresses of links, and every other thing that is made with a key: nonces, codes, the senders
//! that bounces come back to (approvals §4.5).

use std::collections::BTreeMap;

/// The keys. One signs, all are believed.
#[derive(Clone)]
pub struct Ring {
    deployment: String,
    keys: BTreeMap<u8, [u8; 32]>,
    signing: u8,
}

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
}
