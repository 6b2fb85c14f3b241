//! When a run needs no actor: it asks for leave, and goes if nothing came since it asked.
//!
//! A run that only waits (people, long timers) sleeps after a while: no actor, no memory. One that
//! has ended asks at once. The partition's keeper wakes it anew.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{AsyncContext, Context, Handler};
use usher_core::event::Event;

use super::{RunKeeper, State};
use crate::actors::messages::{AskLeave, Leave, Left};

/// The deadline's timer looks at the clock at least this often, milliseconds.
const LOOK_MS: i64 = 1_000;

/// More runs than this are many to be awake at once.
const AWAKE_MANY: usize = 1_000;

fn after_ms(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms.max(1)).unwrap_or(1))
}

impl RunKeeper {
    /// Watches the run's own deadline; nodes have keepers for theirs.
    pub(super) fn arm_deadline(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.deadline.take() {
            ctx.cancel_future(timer);
        }
        let State::Here { run, .. } = &self.state else {
            return;
        };
        let Some(due_ms) = run.deadline_ms() else {
            return;
        };
        let left_ms = due_ms - self.shell.clock.now_ms();
        self.deadline = Some(
            ctx.run_later(after_ms(left_ms.min(LOOK_MS)), move |keeper, ctx| {
                keeper.deadline = None;
                if keeper.shell.clock.now_ms() >= due_ms {
                    keeper.happen(Event::TimerRang { node: None }, ctx);
                } else {
                    keeper.arm_deadline(ctx);
                }
            }),
        );
    }

    /// The run is not in the ledger: nothing more to keep.
    pub(super) fn be_gone(&mut self, ctx: &mut Context<Self>) {
        self.state = State::Gone;
        self.queue.clear();
        self.keepers.clear();
        self.consider_leave(ctx);
    }

    /// How long a run only waits before it asks for leave. Where many are awake none lingers: what
    /// a run keeps in memory is for a quick answer, not for its own sake.
    fn patience_ms(&self) -> i64 {
        if self.shell.awake.load(Ordering::Relaxed) > AWAKE_MANY {
            return 0;
        }
        self.shell.settings.sleep_after_ms
    }

    fn is_idle(&self) -> bool {
        self.queue.is_empty() && !self.commands.reading && self.commands.taken.is_empty()
    }

    /// Asks for leave when the run has needed nothing for long enough.
    pub(super) fn consider_leave(&mut self, ctx: &mut Context<Self>) {
        if !self.partition.connected() {
            return self.end(ctx);
        }
        let now_ms = self.shell.clock.now_ms();
        let patience_ms = self.patience_ms();
        let (due_ms, wait_ms) = match &self.state {
            State::Here { run, .. } if run.head.phase.is_done() => (None, 0),
            State::Here { run, .. } => {
                let due_ms = run.next_due_ms();
                let is_soon = due_ms.is_some_and(|due| due <= now_ms.saturating_add(patience_ms));
                if run.is_busy() || is_soon {
                    self.quiet_since_ms = None;
                    return;
                }
                (due_ms, patience_ms)
            }
            State::Parked { .. } | State::Gone => (None, 0),
            State::Reading { .. } | State::InFlight { .. } => return,
        };
        if !self.is_idle() {
            self.quiet_since_ms = None;
            return;
        }
        let since_ms = *self.quiet_since_ms.get_or_insert(now_ms);
        let left_ms = wait_ms - (now_ms - since_ms);
        if left_ms <= 0 {
            let (run, generation) = (self.uid.to_string(), self.generation);
            let _ = self.partition.try_send(AskLeave {
                run,
                generation,
                due_ms,
            });
        } else if self.leave.is_none() {
            self.leave = Some(ctx.run_later(after_ms(left_ms), |keeper, ctx| {
                keeper.leave = None;
                keeper.consider_leave(ctx);
            }));
        }
    }
}

impl Handler<Leave> for RunKeeper {
    type Result = ();

    fn handle(&mut self, _: Leave, ctx: &mut Context<Self>) {
        let can_go = match &self.state {
            State::Here { run, .. } => !run.is_busy() || run.head.phase.is_done(),
            State::Parked { .. } | State::Gone => true,
            State::Reading { .. } | State::InFlight { .. } => false,
        };
        let gone = can_go && self.is_idle() && self.unclaimed.is_empty();
        let left = Left {
            run: self.uid.to_string(),
            generation: self.generation,
            gone,
        };
        if self.partition.try_send(left).is_err() || gone {
            return self.end(ctx);
        }
        self.quiet_since_ms = None;
        self.consider_leave(ctx);
    }
}
