//! A case: a workflow file with directives in its first lines, and what Argo made of it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::directive::Action;

/// The directives of a case.
#[derive(Debug, Default)]
pub(crate) struct Head {
    /// Actions during the run, in order.
    pub(crate) actions: Vec<Action>,
    /// Places whose text is not the same twice.
    pub(crate) volatile: Vec<String>,
    /// `TEMPLATE N`: never more than N nodes of it at once.
    pub(crate) at_most: Vec<(String, usize)>,
    /// Arguments of `argo submit`, as `name=value`.
    pub(crate) parameters: Vec<(String, String)>,
    /// What Argo does here and another engine need not.
    pub(crate) quirk: Option<String>,
}

/// One case.
#[derive(Debug)]
pub(crate) struct Case {
    /// `feature/NN-name`.
    pub(crate) name: String,
    /// The file's bytes.
    pub(crate) text: String,
    /// Its directives.
    pub(crate) head: Head,
    /// The reduced object that Argo made.
    pub(crate) recorded: Value,
    /// The reduced object that we make by decision, where it differs.
    pub(crate) ours: Option<Value>,
}

/// The folder of the cases.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

/// All cases in order of their names.
pub(crate) fn all() -> Vec<Case> {
    let mut names = Vec::new();
    for feature in list(&folder().join("cases")) {
        for file in list(&folder().join("cases").join(&feature)) {
            let name = file.strip_suffix(".yaml").expect("a case is a YAML file");
            names.push(format!("{feature}/{name}"));
        }
    }
    names.into_iter().map(load).collect()
}

fn list(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("read the folder");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a plain name")
        })
        .collect();
    names.sort();
    names
}

fn load(name: String) -> Case {
    let text = std::fs::read_to_string(folder().join(format!("cases/{name}.yaml")));
    let text = text.expect("read the case");
    let recorded = object(&folder().join(format!("recorded/{name}.json")));
    let ours = folder().join(format!("ours/{name}.json"));
    let ours = ours.exists().then(|| object(&ours));
    Case {
        head: head(&text),
        text,
        recorded,
        ours,
        name,
    }
}

fn object(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("read what was recorded");
    let mut record: Value = serde_json::from_str(&text).expect("what was recorded is JSON");
    record["workflow"].take()
}

/// The directives in the comment at the top of a file.
fn head(text: &str) -> Head {
    let mut head = Head::default();
    let comment = text.lines().map_while(|line| line.strip_prefix('#'));
    for line in comment {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim();
        match key.trim() {
            "do" => head.actions.push(Action::parse(value)),
            "volatile" => head.volatile.push(value.to_owned()),
            "atmost" => {
                let (template, limit) = value.rsplit_once(' ').expect("TEMPLATE N");
                head.at_most
                    .push((template.trim().to_owned(), limit.parse().expect("a number")));
            }
            "submit" => head.parameters = parameters(value),
            "quirk" => head.quirk = Some(value.to_owned()),
            _ => {}
        }
    }
    head
}

/// The `-p name=value` of a command line.
fn parameters(line: &str) -> Vec<(String, String)> {
    let words = crate::directive::words(line);
    let pairs = words.windows(2).filter(|pair| pair[0] == "-p");
    pairs
        .filter_map(|pair| pair[1].split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every case has its record, and a decision against Argo is one about a case that says so.
    #[test]
    fn every_case_is_recorded() {
        let cases = all();
        assert!(cases.len() >= 180, "{} cases", cases.len());
        for case in &cases {
            assert!(case.recorded.is_object(), "{} has no record", case.name);
            assert!(
                case.ours.is_none() || case.head.quirk.is_some(),
                "{}",
                case.name
            );
        }
    }

    #[test]
    fn directives_are_read() {
        let head = head(
            "# words: more words\n# volatile: nodes[a].message text\n# atmost: run 2\n\
             # submit: argo submit -p given=a=b -p extra=new\n# quirk: odd\n\
             kind: Workflow\n# do: x\n",
        );
        assert_eq!(head.volatile, ["nodes[a].message text"]);
        assert_eq!(head.at_most, [("run".to_owned(), 2)]);
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            head.parameters,
            [pair("given", "a=b"), pair("extra", "new")]
        );
        assert_eq!(head.quirk.as_deref(), Some("odd"));
        assert!(head.actions.is_empty());
    }
}
