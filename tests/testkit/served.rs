//! Talking to the server of a place as another `usher` does, and asking what its actors do.

use usher::client::Client;
use usher::server::protocol::{Answer, Request};
use usher::state::{StateDir, Surroundings};

use crate::Place;

/// A connection to the server of a place.
///
/// Panics if there is none.
pub fn client(place: &Place) -> Client {
    let state = StateDir::find(Some(&place.state()), &Surroundings::from_env());
    Client::connect(&state.expect("a state directory")).expect("the server answers")
}

/// How many runs are awake in the server of a place.
///
/// Panics if there is no server.
pub fn awake(place: &Place) -> u64 {
    let answer = client(place).ask(&Request::Observe).expect("an answer");
    let Answer::Reports { reports } = answer else {
        panic!("no reports: {answer:?}")
    };
    let keepers = reports
        .iter()
        .filter(|report| report["actor"] == "PartitionKeeper");
    keepers.filter_map(|report| report["queued"].as_u64()).sum()
}
