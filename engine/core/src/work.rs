//! From a pod node to what a runtime needs to run it, with all values put in. Pure, so it can be
//! put together again whenever the launch is owed again.

use usher_expr::Text;

use crate::effect::Work;
use crate::plan::Body;
use crate::run::{NodeIx, Run};
use crate::scope::{self, NodeScope};

/// The work of a pod node.
///
/// # Errors
/// A message for the node: a tag without a value, or a node that is no pod.
pub fn of(run: &Run, ix: NodeIx) -> Result<Work, String> {
    let template = run.template(ix).ok_or("the node has no template")?;
    let Body::Pod(pod) = &template.body else {
        return Err("the node is no pod".to_owned());
    };
    let scope = NodeScope::inside(run, ix);
    let limits = scope::limits();
    let put = |text: &Text| {
        text.render(&scope, &limits)
            .map_err(|error| scope::render_message(&error))
    };
    let put_maybe = |text: &Option<Text>| text.as_ref().map(&put).transpose();
    let argv = pod
        .command
        .iter()
        .chain(&pod.args)
        .map(&put)
        .collect::<Result<Vec<_>, _>>()?;
    let env = pod
        .env
        .iter()
        .map(|(name, value)| Ok((name.clone(), put(value)?)))
        .collect::<Result<Vec<_>, String>>()?;
    let node = run.node(ix).ok_or("the node does not exist")?;
    Ok(Work {
        pod_name: run.pod_name_of(ix),
        node_id: run.id_of(node),
        node_name: node.name.to_string(),
        image: put_maybe(&pod.image)?.unwrap_or_default(),
        argv,
        env,
        working_dir: put_maybe(&pod.working_dir)?,
        source: put_maybe(&pod.source)?,
        wants_result: run.call(ix).is_some_and(|call| call.captures_result),
    })
}
