//! How many mails a minute may go, in all and to one domain. Without a limit: as many as go.
//!
//! A mail that is over the limit gets a later due time of its own, so that what the queue holds
//! for one domain does not stand in the way of the others.

use std::collections::BTreeMap;

const MINUTE_MS: i64 = 60_000;

/// At most so many domains are remembered.
const DOMAINS_MAX: usize = 10_000;

/// The limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// Mails a minute, in all.
    pub total: Option<u32>,
    /// Mails a minute to one domain of recipients.
    pub domain: Option<u32>,
}

/// What was sent lately.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    rates: Rates,
    total: Pace,
    domains: BTreeMap<String, Pace>,
}

/// Mails at even distances, up to a minute's worth at once.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    /// When everything that was let through would have gone at an even pace.
    even_ms: i64,
    /// The latest time that a mail was put off to.
    put_off_ms: i64,
}

impl Pace {
    /// When a mail may go: now (none), or the time to put it off to.
    fn put_off(&mut self, a_minute: u32, now_ms: i64) -> Option<i64> {
        let distance = distance_ms(a_minute);
        if self.even_ms.max(now_ms) + distance <= now_ms + MINUTE_MS {
            return None;
        }
        let first = self.even_ms + distance - MINUTE_MS;
        self.put_off_ms = first.max(self.put_off_ms + distance).max(now_ms + 1);
        Some(self.put_off_ms)
    }

    fn pass(&mut self, a_minute: u32, now_ms: i64) {
        self.even_ms = self.even_ms.max(now_ms) + distance_ms(a_minute);
    }
}

fn distance_ms(a_minute: u32) -> i64 {
    MINUTE_MS / i64::from(a_minute.clamp(1, 60_000))
}

impl Meter {
    pub(crate) fn new(rates: Rates) -> Meter {
        Meter {
            rates,
            ..Meter::default()
        }
    }

    /// Counts a mail that goes now; or tells the time to put it off to, and counts nothing.
    pub(crate) fn ask(&mut self, recipient: &str, now_ms: i64) -> Option<i64> {
        if let Some(a_minute) = self.rates.total
            && let Some(later) = self.total.put_off(a_minute, now_ms)
        {
            return Some(later);
        }
        if let Some(a_minute) = self.rates.domain {
            self.forget(now_ms);
            let domain = recipient.rsplit('@').next().unwrap_or_default();
            let pace = self.domains.entry(domain.to_ascii_lowercase()).or_default();
            if let Some(later) = pace.put_off(a_minute, now_ms) {
                return Some(later);
            }
            pace.pass(a_minute, now_ms);
        }
        if let Some(a_minute) = self.rates.total {
            self.total.pass(a_minute, now_ms);
        }
        None
    }

    fn forget(&mut self, now_ms: i64) {
        if self.domains.len() > DOMAINS_MAX {
            self.domains
                .retain(|_, pace| pace.even_ms.max(pace.put_off_ms) > now_ms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minute's worth goes at once, the rest at even distances; another domain is not touched.
    #[test]
    fn a_domain_has_its_own_pace() {
        let mut meter = Meter::new(Rates {
            total: None,
            domain: Some(6),
        });
        let now = 1_000_000;
        let asked: Vec<_> = (0..9).map(|_| meter.ask("a@Example.org", now)).collect();
        let later = |seconds: i64| Some(now + seconds * 1000);
        let mut wanted = vec![None; 6];
        wanted.extend([later(10), later(20), later(30)]);
        assert_eq!(asked, wanted);
        assert_eq!(meter.ask("b@example.net", now), None);
        assert_eq!(meter.ask("c@example.org", now + 10_000), None);
    }

    /// However often a mail comes again: no more than the limit goes in a minute.
    #[test]
    fn the_total_holds() {
        let mut meter = Meter::new(Rates {
            total: Some(60),
            domain: None,
        });
        let mut waiting = vec![0_i64; 500];
        let mut sent = Vec::new();
        for now in (0..600_000).step_by(500) {
            for due in &mut waiting {
                if *due > now {
                    continue;
                }
                match meter.ask("a@example.org", now) {
                    None => {
                        sent.push(now);
                        *due = i64::MAX;
                    }
                    Some(later) => *due = later,
                }
            }
        }
        assert_eq!(sent.len(), 500);
        for (at, begin) in sent.iter().enumerate() {
            let within = sent[at..].iter().take_while(|t| **t < begin + MINUTE_MS);
            assert!(within.count() <= 121, "from {begin}");
        }
        let last = sent.last().copied().expect("all were sent");
        assert!((420_000..480_000).contains(&last), "{last}");
    }

    /// No limit, no waiting.
    #[test]
    fn without_limits_everything_goes() {
        let mut meter = Meter::new(Rates::default());
        assert!((0..1000).all(|_| meter.ask("a@example.org", 0).is_none()));
    }
}
