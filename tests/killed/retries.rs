//! A retry, killed at an instant of chance around its commit: it is done once or not at all, and
//! what was said to be done is.

use suite::{Aim, Place, Rows};
use usher::server::protocol::{Answer, Request, RunRef};
use usher_api::command::{Command, Outcome};

use crate::decisions::both_happen;
use crate::engine::{Engine, end, place, submit, wait};

/// Kills in `full`.
const KILLS: usize = 200;

/// The steps of the aim, microseconds, at most.
const STEP: u64 = 700;

/// Asks for a retry under a key; whether it was said to be done.
fn retry(place: &Place, key: &str) -> impl FnOnce() -> bool + Send + use<> {
    let mut client = suite::client(place);
    let request = Request::Command {
        run: RunRef {
            namespace: "default".to_owned(),
            name: "job".to_owned(),
        },
        command: Command::Retry {
            by: String::new(),
            restart_successful: false,
            selector: None,
            parameters: std::collections::BTreeMap::new(),
        },
        key: key.to_owned(),
    };
    move || match client.ask(&request) {
        Ok(Answer::Outcome {
            outcome: Outcome::Done { .. },
        }) => true,
        Ok(other) => panic!("{other:?}"),
        Err(error) if error.is_ending() => false,
        Err(error) => panic!("{error}"),
    }
}

/// Each retry carries the failed step out once more, however often it is asked for.
#[test]
fn a_retry_at_any_instant() {
    let place = place();
    let mut engine = Engine::start(&place, None);
    let words = place.folder().join("words");
    let spec = format!(
        "  entrypoint: try\n  templates:\n  - name: try\n    container:\n      \
         command: [sh, -c, 'echo tried >> {}; exit 1']\n",
        words.display()
    );
    submit(&place, "job", &spec);
    let rows = Rows::of(&place);
    end(&rows, "job");
    let mut aim = Aim::new(suite::seed() ^ 2);
    let mut found = [0, 0];
    for kill in 0..suite::scaled(KILLS).max(20) {
        let key = format!("retry/{kill}");
        let ask = retry(&place, &key);
        let was_done = std::thread::scope(|scope| {
            let asked = scope.spawn(ask);
            wait(aim.waits()[0]);
            engine.kill();
            asked.join().expect("an answer or none")
        });
        let inserted = "SELECT count(*) FROM inbox WHERE key = ?1";
        let is_whole = rows.number(inserted, [&key]) == 1;
        assert!(is_whole || !was_done, "it was said to be done");
        aim.learn(!is_whole, STEP);
        found[usize::from(!is_whole)] += 1;
        engine = Engine::start(&place, None);
        assert!(retry(&place, &key)(), "asked again, it is done");
        end(&rows, "job");
        let tried = std::fs::read_to_string(&words).expect("words");
        assert_eq!(tried.lines().count(), kill + 2);
    }
    both_happen("a retry", found);
}
