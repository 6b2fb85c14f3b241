//! A plan with what can be looked up in it fast. Made once per plan, shared by its runs.

use std::collections::BTreeMap;

use crate::plan::{Body, Plan, TemplateIx};

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
    /// The tasks of a dag template that depend on one of its tasks.
    #[must_use]
    pub fn dependents_of(&self, template: Option<TemplateIx>, slot: usize) -> &[u32] {
        let of_template = template.and_then(|at| self.dependents.get(at as usize));
        of_template
            .and_then(|tasks| tasks.get(slot))
            .map_or(&[], Vec::as_slice)
    }

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
                Body::Pod(_) | Body::Suspend { .. } | Body::Mail(_) => {}
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
