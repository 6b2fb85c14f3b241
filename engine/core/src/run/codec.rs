//! Rows to runs and back: JSON bodies with a version.

use std::sync::Arc;

use super::{BODY_VERSION, Head, Node, Run};
use crate::prepared::Prepared;

/// Why stored bytes are not a run.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are no such body.
    #[error("read the body of {what}")]
    Body {
        /// Which row.
        what: String,
        /// What was wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A newer binary wrote it.
    #[error("read a body of layout {found}; this binary knows layouts up to {known}")]
    Newer {
        /// The layout found.
        found: u32,
        /// The newest layout known.
        known: u32,
    },
    /// Rows are missing or out of order.
    #[error("put the nodes together: node {0} is missing or has no place")]
    Gap(u32),
}

/// The head's body.
///
/// # Panics
/// Never: the type holds nothing that JSON cannot.
#[must_use]
pub fn encode_head(run: &Run) -> Vec<u8> {
    serde_json::to_vec(&run.head).expect("a head is plain data")
}

/// A node's body.
///
/// # Panics
/// Never: the type holds nothing that JSON cannot.
#[must_use]
pub fn encode_node(node: &Node) -> Vec<u8> {
    serde_json::to_vec(node).expect("a node is plain data")
}

/// Builds a run from its rows; `nodes` are (number, body) in ascending order.
///
/// # Errors
/// [`DecodeError`] when a body cannot be read, is newer than this binary, or a node is missing.
pub fn decode(
    plan: Arc<Prepared>,
    head: &[u8],
    nodes: &[(u32, Vec<u8>)],
) -> Result<Run, DecodeError> {
    let head: Head = serde_json::from_slice(head).map_err(|source| DecodeError::Body {
        what: "the run".into(),
        source,
    })?;
    if head.v > BODY_VERSION {
        return Err(DecodeError::Newer {
            found: head.v,
            known: BODY_VERSION,
        });
    }
    let mut run = Run {
        plan,
        head,
        nodes: Vec::with_capacity(nodes.len()),
        index: <_>::default(),
    };
    for (at, (ix, body)) in nodes.iter().enumerate() {
        let node: Node = serde_json::from_slice(body).map_err(|source| DecodeError::Body {
            what: format!("node {ix}"),
            source,
        })?;
        let placed = node.parent.is_none_or(|parent| parent < *ix);
        let template = node
            .template
            .is_none_or(|t| (t as usize) < run.spec().templates.len());
        if *ix as usize != at || !placed || !template {
            return Err(DecodeError::Gap(*ix));
        }
        run.nodes.push(node);
    }
    run.reindex();
    Ok(run)
}
