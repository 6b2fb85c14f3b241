//! A plan with what can be looked up in it fast. Made once per plan, shared by its runs.

use std::collections::BTreeMap;

use crate::plan::{Body, Plan};

/// A plan and its look-up tables.
#[derive(Debug)]
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// Per template: the place of each step (group, step) or task (0, task) by name.
    pub places: Vec<BTreeMap<String, (u32, u32)>>,
    /// Per template: for each task of a dag, the tasks that depend on it.
    pub dependents: Vec<Vec<Vec<u32>>>,
}

impl Prepared {
    /// Prepares a plan.
    #[must_use]
    pub fn new(plan: Plan) -> Prepared {
        let mut places = Vec::with_capacity(plan.templates.len());
        let mut dependents = Vec::with_capacity(plan.templates.len());
        for template in &plan.templates {
            let mut by_name = BTreeMap::new();
            let mut after = Vec::new();
            match &template.body {
                Body::Steps(groups) => {
                    for (group, calls) in (0..).zip(groups) {
                        for (slot, call) in (0..).zip(calls) {
                            by_name.insert(call.name.clone(), (group, slot));
                        }
                    }
                }
                Body::Dag(dag) => {
                    after = vec![Vec::new(); dag.tasks.len()];
                    for (slot, task) in (0..).zip(&dag.tasks) {
                        by_name.insert(task.call.name.clone(), (0, slot));
                        for need in &task.needs {
                            if let Some(list) = after.get_mut(*need) {
                                list.push(slot);
                            }
                        }
                    }
                }
                Body::Pod(_) | Body::Suspend { .. } => {}
            }
            places.push(by_name);
            dependents.push(after);
        }
        Prepared {
            plan,
            places,
            dependents,
        }
    }
}
