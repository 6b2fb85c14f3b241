//! Crockford's base32 in lower case: letters and digits that survive mail programs, gateways that
//! change case, and the telephone.
//!
//! There is one spelling that is written and several that are read: upper case, `o` for `0`, `i`
//! and `l` for `1`. Bits left over at the end are zero, or it is not read.

/// The signs by value. Without i, l, o (they look like digits) and u.
const SIGNS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Writes bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(sign(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(sign(held << (5 - bits)));
    }
    text
}

/// Reads exactly `N` bytes; none when the text is longer, shorter or anything else.
pub(super) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != (N * 8).div_ceil(5) {
        return None;
    }
    let mut bytes = [0_u8; N];
    let mut places = bytes.iter_mut();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for letter in text.bytes() {
        held = (held << 5) | value(letter)?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            *places.next()? = u8::try_from(held >> bits).ok()?;
            held &= (1 << bits) - 1;
        }
    }
    (held == 0).then_some(bytes)
}

fn sign(value: u32) -> char {
    char::from(SIGNS[(value & 31) as usize])
}

fn value(letter: u8) -> Option<u32> {
    let letter = match letter.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        other => other,
    };
    let at = SIGNS.iter().position(|sign| *sign == letter)?;
    u32::try_from(at).ok()
}
