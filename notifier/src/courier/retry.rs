//! When a mail is tried again, and when it is given up (approvals §4.3).

/// Minutes until the next try, by how many there were; then hourly.
const MINUTES: [i64; 5] = [1, 2, 5, 10, 30];

const MINUTE_MS: i64 = 60_000;

/// A mail that is older is given up.
pub(crate) const GIVE_UP_MS: i64 = 5 * 24 * 60 * MINUTE_MS;

/// Milliseconds until the next try after `attempts` of them.
///
/// Spread by 20 % each way, so that mails that failed together do not come back together. The
/// spread is made from the row's number: the same at every reckoning, without chance.
pub(crate) fn delay_ms(mail: i64, attempts: u32) -> i64 {
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let minutes = MINUTES.get(at).copied().unwrap_or(60);
    let whole = minutes * MINUTE_MS;
    let spread = i64::from(mixed(mail, attempts) % 401) - 200;
    whole + whole / 1000 * spread
}

/// When the mail is tried again; none when it is given up.
pub(crate) fn next_ms(mail: i64, attempts: u32, posted_ms: i64, now_ms: i64) -> Option<i64> {
    let next = now_ms.saturating_add(delay_ms(mail, attempts));
    (next <= posted_ms.saturating_add(GIVE_UP_MS)).then_some(next)
}

/// Well mixed bits of two numbers.
fn mixed(mail: i64, attempts: u32) -> u32 {
    let seed = mail.cast_unsigned() ^ (u64::from(attempts) << 48);
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    u32::try_from((bits ^ (bits >> 31)) >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table: 1, 2, 5, 10, 30 minutes, then hourly, each within 20 %.
    #[test]
    fn delays_follow_the_table() {
        let wanted = [1, 2, 5, 10, 30, 60, 60, 60];
        for mail in 1..500 {
            for (at, minutes) in wanted.iter().enumerate() {
                let attempts = u32::try_from(at + 1).expect("small");
                let delay = delay_ms(mail, attempts);
                let (low, high) = (minutes * 48_000, minutes * 72_000);
                assert!((low..=high).contains(&delay), "{mail} {attempts}: {delay}");
                assert_eq!(delay, delay_ms(mail, attempts));
            }
        }
    }

    /// Mails that failed together come back one by one.
    #[test]
    fn neighbours_come_back_apart() {
        let mut delays: Vec<i64> = (1..=100).map(|mail| delay_ms(mail, 6)).collect();
        delays.sort_unstable();
        delays.dedup();
        assert!(delays.len() > 80, "{} different delays", delays.len());
        let mean: i64 = delays.iter().sum::<i64>() / i64::try_from(delays.len()).expect("small");
        assert!((56 * MINUTE_MS..64 * MINUTE_MS).contains(&mean), "{mean}");
    }

    /// Five days, and no more.
    #[test]
    fn it_ends_after_five_days() {
        let posted = 1_000;
        let last = posted + GIVE_UP_MS - 72 * MINUTE_MS;
        assert!(next_ms(7, 90, posted, last).is_some());
        assert_eq!(next_ms(7, 90, posted, posted + GIVE_UP_MS), None);
    }
}
