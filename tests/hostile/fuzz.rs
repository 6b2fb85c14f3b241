//! Thousands of small changes to the files: none may make admission panic or hang.
//!
//! The changes come from a seed, so a failure repeats; the seed and the number of the change are in
//! the message.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use crate::{inputs, told};

/// How many changes are tried.
const ROUNDS: u64 = 4_000;
/// No single file may take longer; slow machines included.
const BOUND: Duration = Duration::from_secs(60);
const SEED: u64 = 0x5eed_0f05;

/// Pieces that mean something to one of the readers.
const PIECES: [&str; 34] = [
    "{{",
    "}}",
    "{{=",
    "{{inputs.parameters.x}}",
    "&a ",
    "*a",
    "<<: *a",
    "? ",
    ": ",
    "- ",
    "---\n",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\t",
    "\r\n",
    "#",
    "!!str ",
    "null",
    "yes",
    "-1",
    "1e309",
    "0x",
    "\u{feff}",
    "\u{0}",
    "é",
    "a: b\n",
    "\\",
];

struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// One change of some bytes: a piece put in, a span taken out, doubled or moved, a byte flipped.
fn change(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.below(bytes.len() + 1);
    let end = (at + 1 + rng.below(40)).min(bytes.len());
    match rng.below(6) {
        0 => {
            let piece = PIECES[rng.below(PIECES.len())];
            bytes.splice(at..at, piece.bytes());
        }
        1 => {
            bytes.drain(at.min(end)..end);
        }
        2 => {
            let copy = bytes[at.min(end)..end].to_vec();
            bytes.splice(at..at, copy);
        }
        3 => {
            let cut: Vec<u8> = bytes.drain(at.min(end)..end).collect();
            let to = rng.below(bytes.len() + 1);
            bytes.splice(to..to, cut);
        }
        4 => bytes.truncate(at),
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.below(8);
            }
        }
    }
}

/// Files to begin from: the hostile ones, and the examples, which are good.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = inputs().into_iter().collect();
    let roots = ["../examples", "conformance/cases"];
    let mut folders: Vec<_> = roots
        .iter()
        .map(|root| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root))
        .collect();
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "yaml") {
                let bytes = std::fs::read(&path).expect("readable");
                files.push((path.display().to_string(), bytes));
            }
        }
    }
    files
}

/// No change makes admission panic or take long, and what is refused has a reason.
#[test]
fn changed_files() {
    let corpus = corpus();
    let mut rng = Rng(SEED);
    let mut admitted = 0;
    for round in 0..ROUNDS {
        let (name, bytes) = &corpus[rng.below(corpus.len())];
        let mut bytes = bytes.clone();
        for _ in 0..=rng.below(4) {
            change(&mut bytes, &mut rng);
        }
        let begin = Instant::now();
        let answer = catch_unwind(|| told("changed.yaml", &bytes));
        let Ok(text) = answer else {
            let shown = String::from_utf8_lossy(&bytes);
            panic!("seed {SEED:#x} round {round}, from {name}, panics:\n{shown}");
        };
        let spent = begin.elapsed();
        assert!(spent < BOUND, "round {round}, from {name}, took {spent:?}");
        admitted += u64::from(text.starts_with("admitted"));
    }
    // Both ends are reached: many changes are harmless, and most are not.
    assert!(
        admitted > ROUNDS / 50 && admitted < ROUNDS,
        "{admitted} of {ROUNDS} admitted"
    );
}
