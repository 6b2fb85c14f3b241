//! For tests: has an actor panic, or wait for ever.

use actix::{Context, Handler};

use super::PartitionKeeper;
use crate::actors::messages::Die;

impl Handler<Die> for PartitionKeeper {
    type Result = ();

    fn handle(&mut self, die: Die, _: &mut Context<Self>) {
        match &die {
            Die::Partition => panic!("a test has the partition's keeper panic"),
            Die::Run(run) | Die::Hang(run) | Die::Node(run, _) => {
                let awake = self.awake.get(run.as_str()).expect("the run is awake");
                awake.keeper.try_send(die).expect("room");
            }
            Die::Watch | Die::Engine => {}
        }
    }
}
