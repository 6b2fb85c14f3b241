//! Names and ids of nodes exactly as Argo computes them (argo.md §17), so that its tools
//! understand our status.

use std::borrow::Cow;
use std::sync::Arc;

use usher_expr::{Lookup, Scope};

use super::{Kind, Node, NodeIx, Run};
use crate::plan::{Body, Template};
use crate::scope::{self, NodeScope};

/// FNV-1a, 32 bits, over the bytes of `text`.
#[must_use]
pub fn fnv1a_32(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// The id of the node called `name` in the run called `run`.
#[must_use]
pub fn node_id(run: &str, name: &str) -> String {
    if run == name {
        run.to_owned()
    } else {
        format!("{run}-{}", fnv1a_32(name))
    }
}

/// Argo cuts the part before the hash to this many characters.
const POD_PREFIX_MAX: usize = 242;

/// The name of a node's pod, form v2. The template's name is made lower case where it appears:
/// a capital letter makes an invalid pod name in Argo 4.1.2.
#[must_use]
pub fn pod_name(run: &str, template: &str, name: &str) -> String {
    if run == name {
        return run.to_owned();
    }
    let mut prefix = if template.is_empty() {
        run.to_owned()
    } else {
        format!("{run}-{}", template.to_lowercase())
    };
    if prefix.len() > POD_PREFIX_MAX {
        let mut cut = POD_PREFIX_MAX - 1;
        while !prefix.is_char_boundary(cut) {
            cut -= 1;
        }
        prefix.truncate(cut);
    }
    format!("{prefix}-{}", fnv1a_32(name))
}

impl Run {
    /// The full name of a node at a place: `parent` none is a root, slot 1 the exit handler.
    pub(crate) fn name_at(&self, parent: Option<NodeIx>, slot: u32) -> Arc<str> {
        let root = &self.head.identity.name;
        let Some(parent_ix) = parent else {
            return if slot == 0 {
                Arc::from(root.as_str())
            } else {
                Arc::from(format!("{root}.onExit"))
            };
        };
        let Some(parent) = self.node(parent_ix) else {
            return Arc::from("");
        };
        let base = &parent.name;
        match parent.kind {
            Kind::Steps => Arc::from(format!("{base}[{slot}]")),
            Kind::Retry => Arc::from(format!("{base}({slot})")),
            Kind::Group | Kind::Dag | Kind::Pod | Kind::Suspend | Kind::Mail | Kind::Skipped => {
                Arc::from(format!("{base}.{}", self.call_name(parent_ix, slot)))
            }
        }
    }

    fn call_name(&self, parent_ix: NodeIx, slot: u32) -> &str {
        let name = || {
            let parent = self.node(parent_ix)?;
            let owner = if parent.kind == Kind::Group {
                parent.parent?
            } else {
                parent_ix
            };
            match &self.template(owner)?.body {
                Body::Steps(groups) => groups
                    .get(parent.slot as usize)?
                    .get(slot as usize)
                    .map(|call| &call.name),
                Body::Dag(dag) => dag.tasks.get(slot as usize).map(|task| &task.call.name),
                Body::Pod(_) | Body::Suspend { .. } | Body::Mail(_) => None,
            }
        };
        name().map_or("", String::as_str)
    }

    /// Argo's id of a node.
    #[must_use]
    pub fn id_of(&self, node: &Node) -> String {
        node_id(&self.head.identity.name, &node.name)
    }

    /// The short name that people see (argo.md §17).
    #[must_use]
    pub fn display_name(&self, node: &Node) -> String {
        if let Some(name) = self.annotated_name(node) {
            return name;
        }
        let Some(parent) = node.parent.and_then(|ix| self.node(ix)) else {
            return node.name.to_string();
        };
        match parent.kind {
            Kind::Steps => format!("[{}]", node.slot),
            Kind::Retry => format!("{}({})", self.display_name(parent), node.slot),
            Kind::Group | Kind::Dag | Kind::Pod | Kind::Suspend | Kind::Mail | Kind::Skipped => {
                node.parent
                    .map_or_else(String::new, |ix| self.call_name(ix, node.slot).to_owned())
            }
        }
    }

    /// The name that the template's annotation gives, if it is one that Argo shows.
    fn annotated_name(&self, node: &Node) -> Option<String> {
        let is_attempt = node
            .parent
            .and_then(|ix| self.node(ix))
            .is_some_and(|parent| parent.kind == Kind::Retry);
        let template = self.spec().templates.get(node.template? as usize)?;
        let text = template.display_name.as_ref().filter(|_| !is_attempt)?;
        let scope = Inputs {
            run: self,
            template,
            node,
        };
        let name = text.render(&scope, &scope::limits()).ok()?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric();
        let fits = (2..=63).contains(&name.len())
            && name
                .bytes()
                .all(|byte| is_plain(byte) || b"-.".contains(&byte))
            && name.bytes().next().is_some_and(is_plain)
            && name.bytes().next_back().is_some_and(is_plain);
        fits.then_some(name)
    }

    /// Argo's name of the pod of a node.
    #[must_use]
    pub fn pod_name_of(&self, ix: NodeIx) -> String {
        let Some(node) = self.node(ix) else {
            return String::new();
        };
        let template = self
            .template(ix)
            .map_or("", |template| template.name.as_str());
        pod_name(&self.head.identity.name, template, &node.name)
    }
}

/// What an annotation of a template may name: the node's inputs and the run's globals.
struct Inputs<'a> {
    run: &'a Run,
    template: &'a Template,
    node: &'a Node,
}

impl Scope for Inputs<'_> {
    fn look_up(&self, name: &str) -> Lookup<'_> {
        let Some(input) = name.strip_prefix("inputs.parameters.") else {
            return NodeScope::outside(self.run).look_up_for(name);
        };
        let inputs = self.template.inputs.iter();
        let at = inputs.zip(&self.node.inputs).find(|(i, _)| i.name == input);
        at.map_or(Lookup::Unknown, |(_, value)| {
            Lookup::Value(Cow::Borrowed(value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The article's steps example, as Argo printed it.
    #[test]
    fn the_articles_steps_example() {
        for (name, id) in [
            ("steps-z2zdn[0].hello1", "steps-z2zdn-27420706"),
            ("steps-z2zdn[1].hello2a", "steps-z2zdn-2006760091"),
            ("steps-z2zdn[1].hello2b", "steps-z2zdn-2023537710"),
            ("steps-z2zdn", "steps-z2zdn"),
        ] {
            assert_eq!(node_id("steps-z2zdn", name), id);
        }
    }

    #[test]
    fn pod_names() {
        assert_eq!(pod_name("a", "t", "a"), "a");
        assert_eq!(
            pod_name("a", "T", "a.b"),
            format!("a-t-{}", fnv1a_32("a.b"))
        );
        assert_eq!(pod_name("a", "", "a.b"), format!("a-{}", fnv1a_32("a.b")));
        let long = "x".repeat(300);
        assert_eq!(
            pod_name(&long, "t", "n").len(),
            241 + 1 + fnv1a_32("n").to_string().len()
        );
    }
}
