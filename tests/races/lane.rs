//! A lane: client processes that do one thing each at the same moment, one race after the other.

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
