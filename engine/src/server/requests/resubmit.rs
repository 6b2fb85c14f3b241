//! A new run of what an earlier run carries out (`usher resubmit`).
//!
//! Everything comes from the ledger: the workflow as it was admitted, and everybody who had it run
//! before. They are recorded with the new run beside whoever asks now, so that none of them can
//! approve it by having another resubmit it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use usher_core::admit::{Document, Overrides, admit};
use usher_core::run::Run;

use super::{Api, Author, Wish, is_uuid};
use crate::server::protocol::{Answer, Resubmit, RunRef};
use crate::server::read::{self, failed};

/// Where the new run's object names the old one.
const FROM: &str = "workflows.argoproj.io/resubmitted-from-workflow";

/// Labels that tell of the old run and not of the workflow.
const DROPPED: [&str; 6] = [
    "workflows.argoproj.io/creator",
    "workflows.argoproj.io/creator-email",
    "workflows.argoproj.io/creator-preferred-username",
    "workflows.argoproj.io/phase",
    "workflows.argoproj.io/completed",
    "workflows.argoproj.io/workflow-archiving-status",
];

/// What is born by a resubmit.
struct Again {
    object: Value,
    generate_name: Option<String>,
    namespace: String,
    others: Vec<String>,
}

impl Api {
    /// Starts a new run; asked again with the same uid it tells the same run.
    pub(super) async fn resubmit(&self, wanted: Resubmit, by: &str) -> Answer {
        let uid = wanted.uid.clone();
        if !is_uuid(&uid) {
            return failed("bad-request", format!("`{uid}` is no UUID"));
        }
        if wanted.detached {
            self.promise(&uid);
        }
        match self.submitted_before(&uid).await {
            Ok(Some(answer)) | Err(answer) => return answer,
            Ok(None) => {}
        }
        let again = match self.again(wanted).await {
            Ok(again) => again,
            Err(answer) => return answer,
        };
        let wish = Wish {
            name: None,
            generate_name: again.generate_name,
            namespace: again.namespace,
            rename: false,
        };
        let author = Author {
            others: again.others,
            ..Author::of(uid, by)
        };
        let born = self.bear(again.object, wish, author).await;
        born.unwrap_or_else(|answer| answer)
    }

    /// Whether a run's workflow takes these values of parameters.
    ///
    /// # Errors
    /// The answer to give: what is wrong with them.
    pub(super) async fn fits(
        &self,
        uid: &str,
        parameters: BTreeMap<String, String>,
    ) -> Result<(), Answer> {
        let wanted = Resubmit {
            run: RunRef {
                namespace: String::new(),
                name: uid.to_owned(),
            },
            uid: String::new(),
            detached: false,
            parameters: parameters.into_iter().collect(),
        };
        self.again(wanted).await.map(|_| ())
    }

    /// Reads the old run and admits its workflow anew, on a reading thread.
    async fn again(&self, wanted: Resubmit) -> Result<Again, Answer> {
        let shell = self.shell.clone();
        let read = self.shell.readers.ask(move |reader| {
            let found = read::run(reader, super::shelf(&shell), &wanted.run);
            Ok(found.and_then(|(run, _)| again(&run, wanted.parameters)))
        });
        read.await
            .unwrap_or_else(|error| Err(failed("internal", error)))
    }
}

fn again(run: &Run, parameters: Vec<(String, String)>) -> Result<Again, Answer> {
    let document = Document::of(object(run));
    let overrides = Overrides {
        parameters,
        ..Overrides::default()
    };
    let admitted = admit(&document, &overrides).map_err(|faults| {
        let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
        failed("bad-request", all.join("; "))
    })?;
    let identity = &run.head.identity;
    let others = std::iter::once(&identity.submitter).chain(&run.head.others);
    Ok(Again {
        object: admitted.object,
        generate_name: admitted.generate_name,
        namespace: identity.namespace.clone(),
        others: others.cloned().collect(),
    })
}

/// The workflow of a run as it is submitted again: its name is the beginning of the new one's, and
/// what only the old run has is left out.
fn object(run: &Run) -> Value {
    let name = &run.head.identity.name;
    let mut object = usher_core::project::source(run);
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return object;
    };
    metadata.shift_remove("name");
    let made = metadata.get("generateName").and_then(Value::as_str);
    if made.is_none_or(str::is_empty) {
        metadata.insert("generateName".to_owned(), json!(format!("{name}-")));
    }
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        for label in DROPPED {
            labels.shift_remove(label);
        }
        labels.insert(FROM.to_owned(), json!(name));
    }
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        spec.shift_remove("shutdown");
        // Older versions of Argo end a run so; the new one is to begin.
        if spec.get("activeDeadlineSeconds") == Some(&json!(0)) {
            spec.shift_remove("activeDeadlineSeconds");
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use usher_core::plan::Shutdown;
    use usher_core::prepared::Prepared;
    use usher_core::run::Identity;

    use super::*;

    fn run_of(metadata: Value, spec: Value) -> Run {
        let mut spec = spec;
        spec["entrypoint"] = json!("main");
        spec["templates"] = json!([{"name": "main", "container": {"command": ["true"]}}]);
        let object = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": metadata, "spec": spec,
        });
        let admitted = admit(&Document::of(object), &Overrides::default()).expect("it is sound");
        let identity = Identity {
            uid: "5f0e3b1c-9a4d-4c6e-8f21-0a1b2c3d4e5f".to_owned(),
            name: "old".to_owned(),
            namespace: "team".to_owned(),
            created_ms: 0,
            submitter: "ada".to_owned(),
        };
        Run::new(Arc::new(Prepared::new(admitted.plan)), identity)
    }

    /// What the new run has of the old one: the spec, annotations and the user's labels; not its
    /// name, its creator's labels, its shutdown.
    #[test]
    fn what_is_carried_over() {
        let metadata = json!({
            "name": "old",
            "labels": {"team": "blue", "workflows.argoproj.io/creator": "mallory",
                       "workflows.argoproj.io/completed": "true"},
            "annotations": {"why": "because"},
        });
        let mut run = run_of(metadata, json!({"shutdown": "Stop", "suspend": true}));
        run.head.shutdown = Some(Shutdown::Terminate);
        let again = again(&run, Vec::new()).expect("it is admitted");
        assert_eq!(
            again.object["metadata"],
            json!({
                "labels": {"team": "blue", FROM: "old"},
                "annotations": {"why": "because"},
                "generateName": "old-",
            })
        );
        assert_eq!(again.generate_name.as_deref(), Some("old-"));
        assert_eq!(again.namespace, "team");
        assert_eq!(again.object["spec"]["shutdown"], Value::Null);
        assert_eq!(again.object["spec"]["suspend"], json!(true));
    }

    /// A name that was made is made again from the same beginning; a parameter gets its new value,
    /// and a value that cannot be is refused with its place.
    #[test]
    fn names_and_parameters() {
        let spec = json!({"arguments": {"parameters": [
            {"name": "a", "value": "1", "enum": ["1", "2"]}
        ]}});
        let run = run_of(json!({"generateName": "job-"}), spec);
        let set = |value: &str| again(&run, vec![("a".to_owned(), value.to_owned())]);
        let two = set("2").expect("it is admitted");
        assert_eq!(two.generate_name.as_deref(), Some("job-"));
        let parameters = &two.object["spec"]["arguments"]["parameters"];
        assert_eq!(parameters[0]["value"], json!("2"));
        let Err(Answer::Failed { code, message }) = set("3") else {
            panic!("3 is no value");
        };
        assert_eq!(code, "bad-request");
        assert!(
            message.contains("spec.arguments.parameters[0]"),
            "{message}"
        );
    }

    /// s88: everybody who had the old run carried out stays with the new one, oldest first.
    #[test]
    fn s88_earlier_submitters_stay() {
        let mut run = run_of(json!({"name": "old"}), json!({}));
        for account in ["ben", "ada", "ben", ""] {
            run.add_submitter(account);
        }
        let again = again(&run, Vec::new()).expect("it is admitted");
        assert_eq!(again.others, ["ada", "ben"]);
    }
}
