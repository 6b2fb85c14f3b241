//! A lane: client processes that do one thing each at the same moment, and the aim that keeps the
//! race open.
//!
//! Whoever won last time starts a little later the next time. So both sides win about as often,
//! whatever machine it is and however long either side's way is: most races are close.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// Where racers go.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    /// The server's address.
    pub(crate) host: String,
    /// The state directory.
    pub(crate) state: PathBuf,
}

/// Deals races to lanes, runs the lanes side by side, and gives each race with what came of it.
pub(crate) fn side_by_side<'a, R: Sync, A: Send>(
    lanes: usize,
    races: &'a [R],
    run: impl Fn(usize, &[&'a R]) -> Vec<A> + Sync,
) -> Vec<(&'a R, A)> {
    let dealt: Vec<Vec<&R>> = (0..lanes)
        .map(|lane| races.iter().skip(lane).step_by(lanes).collect())
        .collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = dealt
            .iter()
            .enumerate()
            .map(|(lane, races)| {
                let run = &run;
                scope.spawn(move || run(lane, races))
            })
            .collect();
        let ends = threads.into_iter().zip(&dealt);
        let ends = ends.flat_map(|(thread, races)| {
            let answers = thread.join().expect("a lane comes to its end");
            assert_eq!(answers.len(), races.len(), "races of a lane");
            races.iter().copied().zip(answers)
        });
        ends.collect()
    })
}

/// A client process.
pub(crate) struct Racer {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Racer {
    pub(crate) fn start(track: &Track) -> Racer {
        let mut child = Command::new(env!("CARGO_BIN_EXE_racer"))
            .arg(&track.host)
            .arg(&track.state)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the racer starts");
        Racer {
            orders: child.stdin.take().expect("a pipe"),
            answers: BufReader::new(child.stdout.take().expect("a pipe")),
            child,
        }
    }

    /// Has an order prepared.
    pub(crate) fn prepare(&mut self, order: &Value) {
        writeln!(self.orders, "{order}").expect("it listens");
        assert_eq!(self.line(), "ready");
    }

    /// Fires the gun; it starts so many microseconds later.
    pub(crate) fn go(&mut self, micros: u64) {
        writeln!(self.orders, "go {micros}").expect("it listens");
    }

    /// What it was answered.
    pub(crate) fn answer(&mut self) -> Value {
        serde_json::from_str(&self.line()).expect("an answer is JSON")
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        assert!(!line.is_empty(), "a racer died");
        line.trim_end().to_owned()
    }
}

impl Drop for Racer {
    fn drop(&mut self) {
        // It ends with its orders; killed, it ends at once.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How much later the first starts than the second, microseconds.
#[derive(Debug, Default)]
pub(crate) struct Aim {
    micros: i64,
    /// Races that it has learnt from.
    learnt: u64,
    state: u64,
}

impl Aim {
    /// The aim of a lane; `seed` makes its steps.
    pub(crate) fn new(seed: u64) -> Aim {
        Aim {
            micros: 0,
            learnt: 0,
            state: seed | 1,
        }
    }

    /// How long each waits after the gun, microseconds.
    pub(crate) fn waits(&self) -> [u64; 2] {
        [
            u64::try_from(self.micros).unwrap_or(0),
            u64::try_from(-self.micros).unwrap_or(0),
        ]
    }

    /// The aim itself.
    pub(crate) fn micros(&self) -> i64 {
        self.micros
    }

    /// After a race: the first has won, or the second. The aim moves by `most` microseconds at
    /// most, by more in the beginning.
    pub(crate) fn learn(&mut self, first_won: bool, most: u64) {
        self.learnt += 1;
        let most = most + 8 * most / self.learnt;
        let step = i64::try_from(self.chance(most) + 1).expect("small");
        self.micros += if first_won { step } else { -step };
    }

    /// A number of chance below `end`.
    pub(crate) fn chance(&mut self, end: u64) -> u64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % end
    }
}
