//! For tests: has a run's keeper or one of its nodes' panic, or wait for ever.

use actix::{Context, Handler};

use super::{RunKeeper, State};
use crate::actors::messages::Die;

impl Handler<Die> for RunKeeper {
    type Result = ();

    fn handle(&mut self, die: Die, _: &mut Context<Self>) {
        match &die {
            Die::Run(_) => panic!("a test has the run's keeper panic"),
            // As if the writing thread's answer had got lost.
            Die::Hang(_) => self.state = State::Reading { since_ms: 1 },
            Die::Node(_, node) => {
                let keeper = self.keepers.get(node).expect("the node is live");
                keeper.try_send(die).expect("room");
            }
            Die::Partition | Die::Watch | Die::Engine => {}
        }
    }
}
