//! The field table: every field of Argo's API and what becomes of it here.
//!
//! One table serves admission (unknown fields, kinds, refusals by name), the one-time notice about
//! fields kept without effect, and the compatibility page `engine/COMPAT.md`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The table: a type's name, then its fields: `name kind state note`.
///
/// Kinds: `text`, `scalar` (text; numbers and booleans are taken as text), `int`, `number` (int or
/// text), `bool`, `any`, `texts`, `scalars`, `map` (of texts), `Type`, `[Type]`, `[[Type]]`.
/// States: `works`, `kept` (no effect on local runs), `later` (refused by name, "not supported
/// yet").
const TABLE: &str = include_str!("fields.txt");

/// What a field's value looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Text; numbers and booleans are taken as text.
    Scalar,
    /// A whole number.
    Int,
    /// A whole number, or a text that may hold tags.
    Number,
    /// True or false.
    Bool,
    /// Anything.
    Any,
    /// A list of texts.
    Texts,
    /// A list of texts, numbers and booleans; all are taken as text.
    Scalars,
    /// A mapping of texts.
    Map,
    /// An object of a type of the table.
    Object(String),
    /// A list of objects.
    List(String),
    /// A list of lists of objects; single objects count as lists of one.
    Lists(String),
}

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does what Argo does.
    Works,
    /// It is accepted and stored, and has no effect on local runs; named once per run.
    Kept,
    /// It is refused by name.
    Later,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in the file.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// What becomes of it.
    pub state: State,
    /// A remark, maybe empty.
    pub note: String,
}

/// All types by name.
#[derive(Debug)]
pub struct Fields {
    types: BTreeMap<String, Vec<Field>>,
    order: Vec<String>,
}

impl Fields {
    /// The table.
    ///
    /// # Panics
    /// When the table itself is wrong; a test reads it.
    #[must_use]
    pub fn table() -> &'static Fields {
        static FIELDS: OnceLock<Fields> = OnceLock::new();
        FIELDS.get_or_init(|| parse(TABLE).expect("the table is tested"))
    }

    /// The fields of a type, none for an unknown type.
    #[must_use]
    pub fn of(&self, owner: &str) -> &[Field] {
        self.types.get(owner).map_or(&[], Vec::as_slice)
    }

    /// One field of a type.
    #[must_use]
    pub fn find(&self, owner: &str, name: &str) -> Option<&Field> {
        self.of(owner).iter().find(|field| field.name == name)
    }

    /// Names of all types in the order of the table.
    #[must_use]
    pub fn types(&self) -> &[String] {
        &self.order
    }

    /// The table as markdown, for the compatibility page.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        for owner in &self.order {
            out.push_str(&format!(
                "\n### {owner}\n\n| field | local runs | remark |\n|---|---|---|\n"
            ));
            for field in self.of(owner) {
                let state = match field.state {
                    State::Works => "works",
                    State::Kept => "kept, no effect here",
                    State::Later => "refused by name",
                };
                out.push_str(&format!(
                    "| `{}` | {state} | {} |\n",
                    field.name, field.note
                ));
            }
        }
        out
    }
}

fn parse(table: &str) -> Result<Fields, String> {
    let mut fields = Fields {
        types: BTreeMap::new(),
        order: Vec::new(),
    };
    let mut owner = String::new();
    for line in table
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        if !line.starts_with(' ') {
            line.trim().clone_into(&mut owner);
            fields.order.push(owner.clone());
            fields.types.insert(owner.clone(), Vec::new());
            continue;
        }
        let mut words = line.trim().splitn(4, ' ');
        let (Some(names), Some(kind), Some(state)) = (words.next(), words.next(), words.next())
        else {
            return Err(format!("not a row: {line}"));
        };
        let note = words.next().unwrap_or_default();
        for name in names.split(',') {
            let field = Field {
                name: name.to_owned(),
                kind: kind_of(kind),
                state: state_of(state)?,
                note: note.to_owned(),
            };
            fields.types.entry(owner.clone()).or_default().push(field);
        }
    }
    Ok(fields)
}

fn kind_of(word: &str) -> Kind {
    match word {
        "text" => Kind::Text,
        "scalar" => Kind::Scalar,
        "int" => Kind::Int,
        "number" => Kind::Number,
        "bool" => Kind::Bool,
        "any" => Kind::Any,
        "texts" => Kind::Texts,
        "scalars" => Kind::Scalars,
        "map" => Kind::Map,
        other => match other
            .strip_prefix("[[")
            .and_then(|rest| rest.strip_suffix("]]"))
        {
            Some(of) => Kind::Lists(of.to_owned()),
            None => match other
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                Some(of) => Kind::List(of.to_owned()),
                None => Kind::Object(other.to_owned()),
            },
        },
    }
}

fn state_of(word: &str) -> Result<State, String> {
    match word {
        "works" => Ok(State::Works),
        "kept" => Ok(State::Kept),
        "later" => Ok(State::Later),
        other => Err(format!("unknown state {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every type that a row names is in the table, and every type is named.
    #[test]
    fn the_table_is_closed() {
        let fields = parse(TABLE).expect("the table is readable");
        let mut named = vec!["Workflow".to_owned()];
        for owner in fields.types() {
            for field in fields.of(owner) {
                let (Kind::Object(of) | Kind::List(of) | Kind::Lists(of)) = &field.kind else {
                    continue;
                };
                assert!(
                    fields.types.contains_key(of),
                    "{owner}.{} is a {of}",
                    field.name
                );
                named.push(of.clone());
            }
        }
        for owner in fields.types() {
            assert!(named.contains(owner), "nothing is a {owner}");
        }
    }

    /// Argo's inventory of nested types (v4.1), field by field: none is missing.
    #[test]
    fn argos_inventory_is_complete() {
        let inventory = [
            (
                "Template",
                "name inputs outputs container script steps dag suspend resource http plugin data \
                 containerSet metadata annotations nodeSelector affinity tolerations schedulerName \
                 priorityClassName serviceAccountName automountServiceAccountToken executor \
                 hostAliases securityContext podSpecPatch podResources resourceClaims volumes \
                 initContainers sidecars daemon archiveLocation activeDeadlineSeconds timeout \
                 pendingTimeout retryStrategy parallelism failFast synchronization memoize metrics",
            ),
            (
                "WorkflowStep",
                "name template templateRef inline arguments when withItems withParam withSequence \
                 continueOn onExit hooks",
            ),
            (
                "DAGTask",
                "name template templateRef inline arguments when withItems withParam withSequence \
                 continueOn onExit hooks dependencies depends",
            ),
            (
                "Parameter",
                "name value default valueFrom enum globalName description",
            ),
            (
                "WorkflowSpec",
                "entrypoint templates arguments serviceAccountName automountServiceAccountToken \
                 executor volumes volumeClaimTemplates volumeClaimGC parallelism \
                 artifactRepositoryRef suspend activeDeadlineSeconds priority \
                 podPriorityClassName schedulerName nodeSelector affinity tolerations \
                 imagePullSecrets hostNetwork dnsPolicy dnsConfig hostAliases securityContext \
                 podMetadata podSpecPatch onExit hooks ttlStrategy podGC archiveLogs artifactGC \
                 podDisruptionBudget metrics shutdown workflowTemplateRef synchronization \
                 retryStrategy templateDefaults workflowMetadata executorPlugins podResources \
                 resourceClaims",
            ),
            (
                "RetryStrategy",
                "limit retryPolicy backoff affinity expression",
            ),
            ("Backoff", "duration factor cap maxDuration"),
            ("ContinueOn", "failed error"),
            ("DAGTemplate", "tasks target failFast"),
            ("SuspendTemplate", "duration"),
        ];
        for (owner, names) in inventory {
            for name in names.split_whitespace() {
                assert!(
                    Fields::table().find(owner, name).is_some(),
                    "{owner}.{name}"
                );
            }
        }
    }

    /// `engine/COMPAT.md` shows the table as it is.
    #[test]
    fn compat_page_has_the_table() {
        let page = include_str!("../../COMPAT.md");
        let table = Fields::table().markdown();
        if std::env::var_os("UPDATE").is_some() {
            let (head, _) = page.split_once("\n### ").unwrap_or((page, ""));
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../COMPAT.md");
            std::fs::write(path, format!("{}\n{table}", head.trim_end())).expect("written");
            return;
        }
        assert!(
            page.ends_with(&table),
            "UPDATE=1 cargo test -p usher-api writes engine/COMPAT.md"
        );
    }
}
