//! How often somebody may knock (approvals S13): page loads and bad links per client, posts per
//! link.
//!
//! The counts are this process's; what must hold in any case (codes, renewals) is counted in the
//! task. Time is the ledger's clock, so that a test need not wait.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock as Ticks;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::ports::Clock;

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, LedgerTicks, NoOpMiddleware<Duration>>;

/// After so many questions the counts of those who have gone are forgotten.
const SWEEP_EVERY: u32 = 4096;

/// The ledger's clock as the limiter wants it: time since the epoch.
#[derive(Clone)]
struct LedgerTicks(Arc<dyn Clock>);

impl Ticks for LedgerTicks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now_ms()).unwrap_or(0))
    }
}

/// All limits of the pages.
pub struct Limits {
    loads: Keyed<IpAddr>,
    bad: Keyed<IpAddr>,
    posts: Keyed<Vec<u8>>,
    asked: AtomicU32,
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

impl Limits {
    /// Limits that go by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Limits {
        let ticks = LedgerTicks(clock);
        Limits {
            loads: RateLimiter::dashmap_with_clock(quota(60, 60), ticks.clone()),
            bad: RateLimiter::dashmap_with_clock(quota(20, 600), ticks.clone()),
            posts: RateLimiter::dashmap_with_clock(quota(30, 3_600), ticks),
            asked: AtomicU32::new(0),
        }
    }

    /// Whether this client may load a page: 60 a minute.
    #[must_use]
    pub fn load(&self, client: IpAddr) -> bool {
        self.sweep();
        self.loads.check_key(&client).is_ok()
    }

    /// Whether this client may come with another bad link: 20 in ten minutes.
    #[must_use]
    pub fn bad_link(&self, client: IpAddr) -> bool {
        self.sweep();
        self.bad.check_key(&client).is_ok()
    }

    /// Whether something more may be posted to this link: 30 times an hour.
    #[must_use]
    pub fn post(&self, link: &[u8]) -> bool {
        self.sweep();
        self.posts.check_key(&link.to_vec()).is_ok()
    }

    /// Forgets full buckets now and then, so that memory is bounded by those who came lately.
    fn sweep(&self) {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY != SWEEP_EVERY - 1 {
            return;
        }
        self.loads.retain_recent();
        self.bad.retain_recent();
        self.posts.retain_recent();
    }

    #[cfg(test)]
    fn remembered(&self) -> usize {
        self.loads.len() + self.bad.len() + self.posts.len()
    }
}

/// `most` at once, and as many again within `seconds`, one after another.
fn quota(most: u32, seconds: u64) -> Quota {
    let burst = NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN);
    let one = Duration::from_secs(seconds) / burst.get();
    // A period of zero is none; every call here has whole seconds.
    Quota::with_period(one)
        .unwrap_or(Quota::per_minute(burst))
        .allow_burst(burst)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use super::*;

    #[derive(Default)]
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now_ms(&self) -> i64 {
            self.0.load(Ordering::SeqCst)
        }
    }

    fn limits() -> (Arc<Hand>, Limits) {
        let hand = Arc::new(Hand(AtomicI64::new(1_700_000_000_000)));
        (hand.clone(), Limits::new(hand))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// One client's knocking is not another's.
    #[test]
    fn each_client_has_its_own_sixty_loads_a_minute() {
        let (hand, limits) = limits();
        let loads = (0..70).filter(|_| limits.load(ip("192.0.2.1"))).count();
        assert_eq!(loads, 60);
        assert!(limits.load(ip("192.0.2.2")));
        hand.0.fetch_add(60_000, Ordering::SeqCst);
        let again = (0..70).filter(|_| limits.load(ip("192.0.2.1"))).count();
        assert_eq!(again, 60);
    }

    /// The figures of S13.
    #[test]
    fn bad_links_and_posts_are_counted() {
        let (hand, limits) = limits();
        assert_eq!(
            (0..30).filter(|_| limits.bad_link(ip("192.0.2.1"))).count(),
            20
        );
        assert_eq!((0..40).filter(|_| limits.post(b"link")).count(), 30);
        hand.0.fetch_add(599_000, Ordering::SeqCst);
        assert_eq!(
            (0..30).filter(|_| limits.bad_link(ip("192.0.2.1"))).count(),
            19
        );
    }

    /// Strangers that came once do not fill the memory.
    #[test]
    fn who_is_gone_is_forgotten() {
        let (hand, limits) = limits();
        for number in 0..2_000_u32 {
            let _ = limits.load(IpAddr::V4(number.into()));
        }
        hand.0.fetch_add(3_600_000, Ordering::SeqCst);
        for _ in 0..SWEEP_EVERY {
            let _ = limits.load(ip("192.0.2.1"));
        }
        assert!(limits.remembered() < 3, "{}", limits.remembered());
    }
}
