//! Which partition a run belongs to. The same on every machine and for ever: it is in the file.

/// How many partitions a ledger has.
pub const PARTITIONS: u16 = 64;

/// The hash that spreads runs over them, as the file names it.
pub(crate) const HASH: &str = "fnv1a";

/// The partition of a run: 64-bit FNV-1a of the uid's bytes, modulo [`PARTITIONS`].
#[must_use]
pub fn part_of(uid: &str) -> u16 {
    let hash = uid.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    u16::try_from(hash % u64::from(PARTITIONS)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published test vectors of 64-bit FNV-1a, modulo 64.
    #[test]
    fn matches_the_published_vectors() {
        let cases: [(&str, u64); 3] = [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ];
        for (uid, hash) in cases {
            assert_eq!(u64::from(part_of(uid)), hash % 64, "{uid}");
        }
    }

    /// No partition stays empty and none gets more than twice its share.
    #[test]
    fn spreads_runs() {
        let mut counts = [0_u32; PARTITIONS as usize];
        for number in 0..64_000 {
            counts[usize::from(part_of(&format!("{number:08x}-0000-4000-8000")))] += 1;
        }
        assert!(
            counts.iter().all(|count| (500..2_000).contains(count)),
            "{counts:?}"
        );
    }
}
