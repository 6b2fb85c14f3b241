//! Who is drawn below whom: Argo's nodes form a graph, people read a tree.
//!
//! A node hangs below the step group or retry node that lists it as a child, else inside the steps
//! or dag node that is its boundary. Step groups are drawn as forks, not as lines; a retry node
//! with one attempt, and what was omitted, is left out.

use std::collections::HashMap;

use super::node::{Node, Workflow};
use super::selector::Selector;

/// Levels that are drawn. The engine's own limit is lower; an object from elsewhere has none.
const LEVELS: usize = 300;

/// All nodes of a workflow and how they hang together.
#[derive(Debug)]
pub(crate) struct Forest<'a> {
    nodes: Vec<Node<'a>>,
    kids: Vec<Vec<usize>>,
    roots: Vec<usize>,
}

/// A node or, if `node` is none, a step group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Its place in the forest.
    pub(crate) node: Option<usize>,
    /// What is drawn below it.
    pub(crate) inner: Vec<Branch>,
}

/// How a node is drawn.
enum Look {
    Line,
    Fork,
    Gone,
}

impl<'a> Forest<'a> {
    /// The forest of a workflow: its entry first, then the exit handler and other roots.
    pub(crate) fn of(workflow: &Workflow<'a>) -> Self {
        let nodes: Vec<Node<'a>> = workflow.nodes().collect();
        let at: HashMap<&str, usize> = nodes.iter().map(|n| n.id()).zip(0..).collect();
        let mut parents: Vec<Option<usize>> = vec![None; nodes.len()];
        for (ix, node) in nodes.iter().enumerate() {
            if matches!(node.kind(), "StepGroup" | "Retry") {
                for kid in node.children().filter_map(|id| at.get(id)) {
                    parents[*kid].get_or_insert(ix);
                }
            }
        }
        let mut forest = Self {
            kids: vec![Vec::new(); nodes.len()],
            nodes,
            roots: Vec::new(),
        };
        for (ix, parent) in parents.into_iter().enumerate() {
            let node = forest.nodes[ix];
            let inside = at.get(node.boundary()).copied();
            let inside = inside.filter(|at| matches!(forest.nodes[*at].kind(), "Steps" | "DAG"));
            match parent.or(inside) {
                Some(parent) => forest.kids[parent].push(ix),
                None if node.boundary().is_empty() => forest.roots.push(ix),
                // Inside of something that is not drawn.
                None => {}
            }
        }
        forest.sort(workflow.name());
        forest
    }

    /// By start; nodes of the same second in the order of the object, which is that of their
    /// creation, and those of one loop or retry by their numbers: names alone would put step [10]
    /// before step [2].
    fn sort(&mut self, entry: &str) {
        let Self { nodes, kids, roots } = self;
        for list in kids {
            let mut stems: HashMap<&str, usize> = HashMap::new();
            for ix in list.iter() {
                stems
                    .entry(numbered(nodes[*ix].display_name()).0)
                    .or_insert(*ix);
            }
            list.sort_by_key(|ix| {
                let (stem, number) = numbered(nodes[*ix].display_name());
                (nodes[*ix].started(), stems.get(stem).copied(), number)
            });
        }
        roots.sort_by_key(|ix| (nodes[*ix].id() != entry, nodes[*ix].started()));
    }

    /// The node at a place.
    pub(crate) fn node(&self, ix: usize) -> Node<'a> {
        self.nodes[ix]
    }

    /// The places of the roots, the entry first.
    pub(crate) fn roots(&self) -> &[usize] {
        &self.roots
    }

    /// The places of the nodes right below a node, step groups included.
    pub(crate) fn kids(&self, ix: usize) -> &[usize] {
        &self.kids[ix]
    }

    /// The nodes inside the same steps or dag node, the node itself included.
    pub(crate) fn siblings(&self, node: Node<'a>) -> impl Iterator<Item = Node<'a>> {
        self.nodes
            .iter()
            .copied()
            .filter(move |other| other.boundary() == node.boundary())
    }

    /// What is drawn, root by root; a root with nothing to draw is an empty list.
    pub(crate) fn branches(&self, selector: &Selector) -> Vec<Vec<Branch>> {
        let draw = |root: &usize| {
            let mut top = Vec::new();
            self.grow(*root, selector, false, 0, &mut top);
            top
        };
        self.roots.iter().map(draw).collect()
    }

    fn grow(
        &self,
        ix: usize,
        selector: &Selector,
        below_line: bool,
        level: usize,
        out: &mut Vec<Branch>,
    ) {
        if level > LEVELS {
            return;
        }
        let look = self.look(ix, selector);
        // A fork needs a line that it forks off from.
        let (node, own) = match look {
            Look::Line => (Some(ix), true),
            Look::Fork => (None, below_line),
            Look::Gone => (None, false),
        };
        if !own {
            for kid in &self.kids[ix] {
                self.grow(*kid, selector, below_line, level + 1, out);
            }
            return;
        }
        let mut inner = Vec::new();
        for kid in &self.kids[ix] {
            self.grow(*kid, selector, node.is_some(), level + 1, &mut inner);
        }
        if node.is_some() || !inner.is_empty() {
            out.push(Branch { node, inner });
        }
    }

    fn look(&self, ix: usize, selector: &Selector) -> Look {
        let node = self.nodes[ix];
        let hidden = match node.kind() {
            "StepGroup" => return Look::Fork,
            "Retry" => node.children().count() == 1,
            "Skipped" => node.phase() == "Omitted",
            "TaskGroup" => true,
            _ => false,
        };
        if hidden || !selector.takes(node) {
            Look::Gone
        } else {
            Look::Line
        }
    }
}

/// What a name is without the number at its end, and that number: of a group `[2]`, an attempt
/// `a(2)`, an item `a(2:value)`.
fn numbered(name: &str) -> (&str, Option<u64>) {
    let group = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(number) = group.and_then(|digits| digits.parse().ok()) {
        return ("", Some(number));
    }
    let attempt = name
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once('('));
    if let Some((stem, Ok(number))) = attempt.map(|(stem, digits)| (stem, digits.parse())) {
        return (stem, Some(number));
    }
    let item = name
        .split_once('(')
        .and_then(|(stem, rest)| Some((stem, rest.split_once(':')?.0)));
    match item.map(|(stem, digits)| (stem, digits.parse())) {
        Some((stem, Ok(number))) => (stem, Some(number)),
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(nodes: &[(&str, &str, &str, &[&str])]) -> Value {
        let mut object = json!({"metadata": {"name": "w"}, "status": {"nodes": {}}});
        for (id, kind, boundary, children) in nodes {
            object["status"]["nodes"][*id] = json!({"id": id, "type": kind, "displayName": id,
                "boundaryID": boundary, "children": children, "phase": "Succeeded"});
        }
        object
    }

    /// The tree as `w(a b)`, with `/` for a step group.
    fn shape(object: &Value, selector: &str) -> String {
        fn write(forest: &Forest<'_>, branches: &[Branch]) -> String {
            let one = |branch: &Branch| {
                let name = branch.node.map_or("/", |ix| forest.node(ix).id());
                match write(forest, &branch.inner) {
                    inner if inner.is_empty() => name.to_owned(),
                    inner => format!("{name}({inner})"),
                }
            };
            branches.iter().map(one).collect::<Vec<_>>().join(" ")
        }
        let forest = Forest::of(&Workflow(object));
        let selector = Selector::parse(selector).expect("a selector");
        let roots = forest.branches(&selector);
        roots
            .iter()
            .map(|root| write(&forest, root))
            .collect::<Vec<_>>()
            .join(" | ")
    }

    /// Groups fork, the next group is no child of the last pod of the one before.
    #[test]
    fn steps() {
        let object = object(&[
            ("w", "Steps", "", &["g0"]),
            ("g0", "StepGroup", "w", &["a", "b"]),
            ("a", "Pod", "w", &["g1"]),
            ("b", "Pod", "w", &["g1"]),
            ("g1", "StepGroup", "w", &["c"]),
            ("c", "Pod", "w", &[]),
        ]);
        assert_eq!(shape(&object, ""), "w(/(a b) /(c))");
        assert_eq!(shape(&object, "displayName!=w"), "a b c");
        assert_eq!(shape(&object, "displayName=b"), "b");
        assert_eq!(shape(&object, "displayName!=a,displayName!=b"), "w(/(c))");
    }

    /// One attempt stands for its retry node; two are drawn below it.
    #[test]
    fn retries() {
        let once = object(&[("w", "Retry", "", &["w0"]), ("w0", "Pod", "", &[])]);
        assert_eq!(shape(&once, ""), "w0");
        let twice = object(&[
            ("w", "Retry", "", &["w0", "w1"]),
            ("w0", "Pod", "", &[]),
            ("w1", "Pod", "", &[]),
        ]);
        assert_eq!(shape(&twice, ""), "w(w0 w1)");
    }

    /// Nodes of the same second: numbers count, names do not.
    #[test]
    fn the_order_of_one_second() {
        let object = object(&[
            ("w", "DAG", "", &[]),
            ("z", "Pod", "w", &[]),
            ("b(10:x)", "Pod", "w", &[]),
            ("a", "Pod", "w", &[]),
            ("b(9:y)", "Pod", "w", &[]),
            ("b(2:z)", "Pod", "w", &[]),
        ]);
        assert_eq!(shape(&object, ""), "w(z b(2:z) b(9:y) b(10:x) a)");
    }

    /// Numbers of groups, attempts and items, whatever an item's value is.
    #[test]
    fn numbers_in_names() {
        for (name, stem, number) in [
            ("[12]", "", Some(12)),
            ("w(3)", "w", Some(3)),
            ("a(1:1)(0)", "a(1:1)", Some(0)),
            ("a(4:[2 3])", "a", Some(4)),
            ("a(0:say (hi))", "a", Some(0)),
            ("a(b)", "a(b)", None),
            ("plain", "plain", None),
        ] {
            assert_eq!(numbered(name), (stem, number), "{name}");
        }
    }

    /// The entry is the first root wherever it stands; a node inside nothing is not drawn.
    #[test]
    fn roots() {
        let object = object(&[
            ("x", "Pod", "", &[]),
            ("w", "DAG", "", &["a"]),
            ("a", "Pod", "w", &["b"]),
            ("b", "Pod", "w", &[]),
            ("lost", "Pod", "nowhere", &[]),
        ]);
        assert_eq!(shape(&object, ""), "w(a b) | x");
    }

    /// Circles and endless depth in a foreign object end.
    #[test]
    fn hostile_shapes() {
        let circle = object(&[
            ("w", "Retry", "", &["w", "a"]),
            ("a", "StepGroup", "b", &["a"]),
            ("b", "Steps", "b", &[]),
        ]);
        assert_eq!(shape(&circle, ""), "");
        let names: Vec<String> = (0..5_000).map(|n| format!("n{n}")).collect();
        let mut deep = json!({"status": {"nodes": {}}});
        for (n, name) in names.iter().enumerate() {
            let boundary = if n == 0 { "" } else { &names[n - 1] };
            deep["status"]["nodes"][name] =
                json!({"id": name, "type": "DAG", "boundaryID": boundary});
        }
        assert_eq!(shape(&deep, "").matches('(').count(), LEVELS);
    }
}
