//! The first lines of an example: what it shows, how it ends, what else can be tried.
//!
//! ```text
//! # Title: one sentence.
//! #
//! # A few more sentences.
//! # ends: Succeeded                     with no arguments
//! # try: -p name=value | Failed         with these
//! # do: when NODE PHASE VERB            what a person does on the way
//! ```

use std::fmt::Write;

use suite::root;

/// An example and what its header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Example {
    /// The file's name.
    pub file: String,
    /// The first line.
    pub title: String,
    /// The sentences below it.
    pub prose: String,
    /// The phase at the end.
    pub ends: String,
    pub tries: Vec<Try>,
    pub actions: Vec<Action>,
}

/// Arguments that lead to a certain end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Try {
    pub arguments: Vec<String>,
    pub ends: String,
}

/// What a person does when a node has come to a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub node: String,
    pub phase: String,
    pub verb: String,
}

/// Every example, in the order of the numbers.
pub(crate) fn all() -> Vec<Example> {
    let mut names: Vec<String> = std::fs::read_dir(root().join("examples"))
        .expect("the folder can be read")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name != "README.md")
        .collect();
    names.sort();
    let read = |name: &String| {
        let text = std::fs::read_to_string(root().join("examples").join(name));
        parse(name, &text.expect("an example is text"))
    };
    names.iter().map(read).collect()
}

fn parse(file: &str, text: &str) -> Example {
    let mut lines = text
        .lines()
        .map_while(|line| line.strip_prefix('#'))
        .map(str::trim);
    let mut example = Example {
        file: file.to_owned(),
        title: lines.next().unwrap_or_default().to_owned(),
        prose: String::new(),
        ends: String::new(),
        tries: Vec::new(),
        actions: Vec::new(),
    };
    let mut prose = Vec::new();
    for line in lines {
        if let Some(ends) = line.strip_prefix("ends: ") {
            example.ends = ends.to_owned();
        } else if let Some(attempt) = line.strip_prefix("try: ") {
            let (arguments, ends) = attempt.rsplit_once(" | ").expect("a try has its end");
            example.tries.push(Try {
                arguments: split(arguments),
                ends: ends.to_owned(),
            });
        } else if let Some(action) = line.strip_prefix("do: when ") {
            let words: Vec<&str> = action.split(' ').collect();
            let [node, phase, verb] = words[..] else {
                panic!("{file}: do what? {line}")
            };
            let [node, phase, verb] = [node, phase, verb].map(str::to_owned);
            example.actions.push(Action { node, phase, verb });
        } else if !line.is_empty() {
            prose.push(line);
        }
    }
    example.prose = prose.join("\n");
    let phases = ["Succeeded", "Failed", "Error"];
    assert!(phases.contains(&&*example.ends), "{file}: how does it end?");
    assert!(
        !example.title.is_empty() && !example.prose.is_empty(),
        "{file}: what does it show?"
    );
    example
}

/// Words as a shell splits them, as far as double quotes go.
fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is always one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The page `examples/README.md`.
pub(crate) fn page(examples: &[Example]) -> String {
    let mut page = String::from(
        "# Examples\n\nWritten from the headers of the files by `tests/examples`, which runs each \
         of them:\n`cargo run --release -- run examples/FILE`. All are valid for Argo Workflows, \
         too,\nbut for those that say `suspend.approval`; there the annotation \
         `usher.flow/approval` is.\n",
    );
    for example in examples {
        let Example {
            file,
            title,
            prose,
            ends,
            tries,
            actions,
        } = example;
        let _ = write!(page, "\n## [{file}]({file})\n\n{title}\n\n{prose}\n\n");
        let _ = writeln!(page, "* ends {ends}");
        for Try { arguments, ends } in tries {
            let quoted = arguments.iter().map(|word| match word.contains(' ') {
                true => format!("\"{word}\""),
                false => word.clone(),
            });
            let arguments = quoted.collect::<Vec<_>>().join(" ");
            let _ = writeln!(page, "* with `{arguments}` ends {ends}");
        }
        for Action { node, phase, verb } in actions {
            let what = match verb.split_once(':') {
                Some((vote, rest)) => match rest.split_once(',') {
                    Some((who, form)) => format!("{who} opens the link, {vote}s with `{form}`"),
                    None => format!("{rest} opens the link, {vote}s"),
                },
                None => format!("`usher {verb} @latest`"),
            };
            let _ = writeln!(page, "* when `{node}` is {phase}: {what}");
        }
    }
    page
}

#[test]
fn a_header_is_read_whole() {
    let text = "# Title: it.\n#\n# One.\n# Two.\n# ends: Failed\n# try: -p \"a=b c\" | Succeeded\n\
                # do: when gate Running resume\nkind: Workflow\n# ends: never\n";
    let expected = Example {
        file: "01.yaml".to_owned(),
        title: "Title: it.".to_owned(),
        prose: "One.\nTwo.".to_owned(),
        ends: "Failed".to_owned(),
        tries: vec![Try {
            arguments: vec!["-p".to_owned(), "a=b c".to_owned()],
            ends: "Succeeded".to_owned(),
        }],
        actions: vec![Action {
            node: "gate".to_owned(),
            phase: "Running".to_owned(),
            verb: "resume".to_owned(),
        }],
    };
    assert_eq!(parse("01.yaml", text), expected);
}
