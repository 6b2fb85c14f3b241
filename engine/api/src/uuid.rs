//! UUIDs as text: sixteen bytes of whoever makes one, with the marks of a version.

/// The text of a UUID of these bytes; six bits of them give way to the version and the variant.
#[must_use]
pub fn text(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The groups, the version and the variant are where RFC 9562 has them.
    #[test]
    fn a_uuid_is_written() {
        assert_eq!(text([0; 16], 4), "00000000-0000-4000-8000-000000000000");
        assert_eq!(text([255; 16], 8), "ffffffff-ffff-8fff-bfff-ffffffffffff");
    }
}
