//! Asks every awake run what it is doing, and rebuilds the one that waits for ever.

use std::sync::Arc;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::{Begin, PartitionKeeper};
use crate::actors::messages::{Observe, Report};

/// How often the runs are asked.
pub(super) const EVERY: Duration = Duration::from_secs(5);

impl PartitionKeeper {
    pub(super) fn watchdog(&mut self, ctx: &mut Context<Self>) {
        let patience_ms = self.shell.settings.patience_ms;
        let limit = Duration::from_millis(u64::try_from(patience_ms).unwrap_or(30_000));
        for (run, awake) in &self.awake {
            let (run, generation) = (run.clone(), awake.generation);
            let asked = awake.keeper.send(Observe);
            let ask = async move { tokio::time::timeout(limit, asked).await };
            let judged = ask.into_actor(self).map(move |answer, keeper, ctx| {
                let report = answer.ok().and_then(Result::ok);
                keeper.judge(&run, generation, report, ctx);
            });
            ctx.spawn(judged);
        }
    }

    fn judge(
        &mut self,
        run: &Arc<str>,
        generation: u64,
        report: Option<Report>,
        ctx: &mut Context<Self>,
    ) {
        let patience_ms = self.shell.settings.patience_ms;
        let Some(awake) = self.awake.get_mut(run) else {
            return;
        };
        if awake.generation != generation {
            return;
        }
        let fault = match report {
            None => Some("does not answer".to_owned()),
            Some(report) if !report.waits_for.is_empty() && report.waited_ms > patience_ms => {
                Some(format!(
                    "has waited {} ms for {}",
                    report.waited_ms, report.waits_for
                ))
            }
            Some(report) if !report.unkept.is_empty() => {
                awake.unkept += 1;
                (awake.unkept > 1).then(|| format!("nodes {:?} have no keeper", report.unkept))
            }
            Some(_) => {
                awake.unkept = 0;
                None
            }
        };
        if let Some(fault) = fault {
            tracing::error!(%run, fault, "a run's keeper is stuck; it is rebuilt");
            self.start_keeper(&run.clone(), Begin::Wake, ctx);
        }
    }
}
