//! Numbers of forms, mailed codes and the senders of bounces: made with a key, never stored.
//!
//! A code can be rendered again for another try of its mail, and compared, from nothing but the
//! task's row and a key (approvals §4.10).

use super::{Ring, VERSION, base32, is_same};

/// How long the number of a form is good: 12 hours, milliseconds.
pub const NONCE_MS: i64 = 12 * 60 * 60 * 1000;

/// Bytes of a nonce: version, key, time, MAC.
const NONCE: usize = 26;

/// Bytes of a sender's mark: key, MAC.
const MARK: usize = 11;

/// Why a form's number is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadNonce {
    /// Not made for this link, round, content and browser.
    #[error("the form was not made for this page")]
    Foreign,
    /// Made more than 12 hours ago.
    #[error("the form is more than 12 hours old")]
    Old,
}

impl Ring {
    /// The number of a form: bound to the link, the round and the content shown, to when it was
    /// made (milliseconds UTC), and to the browser by a random cookie. Also what the same form
    /// posted twice is known by.
    ///
    /// None when the ring has no signing key.
    #[must_use]
    pub fn nonce(
        &self,
        link: &[u8; 16],
        round: u32,
        digest: &str,
        issued_ms: i64,
        cookie: &str,
    ) -> Option<String> {
        let mut bytes = [0_u8; NONCE];
        bytes[0] = VERSION;
        bytes[1] = self.signing();
        bytes[2..10].copy_from_slice(&issued_ms.to_be_bytes());
        let mac = self.nonce_mac(&bytes, link, round, digest, cookie)?;
        bytes[10..].copy_from_slice(&mac[..NONCE - 10]);
        Some(base32::encode(&bytes))
    }

    /// Checks the number of a form that comes back; gives when it was made.
    ///
    /// # Errors
    /// When it belongs to something else, or is too old.
    pub fn check_nonce(
        &self,
        text: &str,
        link: &[u8; 16],
        round: u32,
        digest: &str,
        cookie: &str,
        now_ms: i64,
    ) -> Result<i64, BadNonce> {
        let bytes: [u8; NONCE] = base32::decode(text).ok_or(BadNonce::Foreign)?;
        let mac = self
            .nonce_mac(&bytes, link, round, digest, cookie)
            .ok_or(BadNonce::Foreign)?;
        if !is_same(&mac[..NONCE - 10], &bytes[10..]) {
            return Err(BadNonce::Foreign);
        }
        let mut time = [0_u8; 8];
        time.copy_from_slice(&bytes[2..10]);
        let issued_ms = i64::from_be_bytes(time);
        if now_ms.saturating_sub(issued_ms) > NONCE_MS {
            return Err(BadNonce::Old);
        }
        Ok(issued_ms)
    }

    fn nonce_mac(
        &self,
        bytes: &[u8; NONCE],
        link: &[u8; 16],
        round: u32,
        digest: &str,
        cookie: &str,
    ) -> Option<[u8; 32]> {
        let round = round.to_be_bytes();
        let parts = [
            &bytes[..10],
            link,
            &round,
            digest.as_bytes(),
            cookie.as_bytes(),
        ];
        self.mac(bytes[1], "nonce", &parts)
    }

    /// The six digits of a mailed code, made with the signing key. None when there is none.
    #[must_use]
    pub fn code(&self, task: &str, slot: u32, ordinal: u32) -> Option<String> {
        self.code_by(self.signing(), task, slot, ordinal)
    }

    /// The same by a key that the recipe names, so that another try of the mail shows the same
    /// digits although the signing key has changed.
    #[must_use]
    pub fn code_by(&self, key: u8, task: &str, slot: u32, ordinal: u32) -> Option<String> {
        let parts = [
            task.as_bytes(),
            &slot.to_be_bytes()[..],
            &ordinal.to_be_bytes()[..],
        ];
        let mac = self.mac(key, "code", &parts)?;
        let mut head = [0_u8; 8];
        head.copy_from_slice(&mac[..8]);
        Some(format!("{:06}", u64::from_be_bytes(head) % 1_000_000))
    }

    /// Whether these digits are the code, by any key: a change of keys does not void a code that
    /// is in somebody's mailbox. Blanks and hyphens that people type in between do not count.
    #[must_use]
    pub fn is_code(&self, typed: &str, task: &str, slot: u32, ordinal: u32) -> bool {
        let digits: String = typed
            .chars()
            .filter(|letter| !letter.is_whitespace() && *letter != '-')
            .collect();
        let mut is_right = false;
        for key in self.key_ids() {
            if let Some(code) = self.code_by(key, task, slot, ordinal) {
                is_right |= is_same(code.as_bytes(), digits.as_bytes());
            }
        }
        is_right
    }

    /// The local part of a mail's envelope sender, from the number of its row. None when the ring
    /// has no signing key.
    #[must_use]
    pub fn verp(&self, mail: i64) -> Option<String> {
        self.verp_by(self.signing(), mail)
    }

    /// Reads an envelope sender, with or without its domain: the number of the mail. None when
    /// this ring did not make it.
    #[must_use]
    pub fn open_verp(&self, address: &str) -> Option<i64> {
        let local = address.split('@').next()?;
        let (number, mark) = local.get(7..)?.split_once('.')?;
        let mail: i64 = number.parse().ok()?;
        let mark: [u8; MARK] = base32::decode(mark)?;
        // The whole is compared, so that one number has one spelling.
        let ours = self.verp_by(mark[0], mail)?;
        is_same(ours.as_bytes(), local.to_ascii_lowercase().as_bytes()).then_some(mail)
    }

    fn verp_by(&self, key: u8, mail: i64) -> Option<String> {
        let mac = self.mac(key, "bounce", &[&mail.to_be_bytes()])?;
        let mut mark = [key; MARK];
        mark[1..].copy_from_slice(&mac[..MARK - 1]);
        Some(format!("bounce+{mail}.{}", base32::encode(&mark)))
    }
}
