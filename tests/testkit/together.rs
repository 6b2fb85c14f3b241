//! Cases that take real seconds, several at a time; and waiting for what another process does.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// As many cases at a time: most of them wait, so more than there are cores.
const AT_A_TIME: usize = 6;

/// Longer than anything takes that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Does the same with every case, several at a time, and all of them even if one fails.
///
/// Panics in the end if any did, with the name and the message of each.
pub fn side_by_side<T: Send>(cases: Vec<(String, T)>, check: impl Fn(T) + Sync) {
    assert!(!cases.is_empty(), "there is no case");
    let queue = Mutex::new(cases.into_iter());
    let faults = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((name, case)) = next(&queue) {
                    let begun = Instant::now();
                    let end = catch_unwind(AssertUnwindSafe(|| check(case)));
                    println!("{name}: {:.1} s", begun.elapsed().as_secs_f64());
                    if let Err(panic) = end {
                        let fault = format!("== {name}\n{}", words(&*panic));
                        faults.lock().expect("no panic holds it").push(fault);
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().expect("no panic holds it");
    assert!(
        faults.is_empty(),
        "{} cases fail\n{}",
        faults.len(),
        faults.join("\n")
    );
}

fn next<T>(queue: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    queue.lock().expect("no panic holds it").next()
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// Looks again and again until there is something. Each look asks another process, and takes its
/// time by that.
///
/// Panics after a minute, naming what it waited for.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, look)
}

/// As [`until`], with another patience.
pub fn until_within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "after {patience:?} still not: {what}");
    }
}
