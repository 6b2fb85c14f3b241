//! Does every example end as its header says? Each is run for real, by the shipped binary.

mod header;
mod readme;

use header::Example;
use suite::{Place, Web, message, node, phase, root, side_by_side, tree, until};

/// One way to run an example.
struct Case {
    example: Example,
    arguments: Vec<String>,
    ends: String,
}

fn cases() -> Vec<(String, Case)> {
    let mut cases = Vec::new();
    for example in header::all() {
        let file = example.file.clone();
        let ends = example.ends.clone();
        cases.push((
            file.clone(),
            Case {
                example: example.clone(),
                arguments: Vec::new(),
                ends,
            },
        ));
        for attempt in &example.tries {
            let (arguments, ends) = (attempt.arguments.clone(), attempt.ends.clone());
            let name = format!("{file} {}", arguments.join(" "));
            cases.push((
                name,
                Case {
                    example: example.clone(),
                    arguments,
                    ends,
                },
            ));
        }
    }
    cases
}

/// Waits for a node to come to a phase; false when the run ends without it.
fn comes_to(place: &Place, name: &str, wanted: &str) -> bool {
    until(&format!("`{name}` to be {wanted}"), || {
        let object = place.usher(["get", "@latest", "-o", "json"]);
        let object: serde_json::Value = serde_json::from_str(&object.out).ok()?;
        let is_it = |n: &serde_json::Value| n["displayName"] == *name && phase(n) == wanted;
        match suite::nodes(&object).any(is_it) {
            true => Some(true),
            false => object["status"]["finishedAt"].is_string().then_some(false),
        }
    })
}

/// What a person does: a verb of `usher`, or a vote by the link that was mailed to an address, with
/// values of the form: `approve:ada@example.org,name=value`.
fn act(place: &Place, verb: &str) {
    let Some((vote, rest)) = verb.split_once(':') else {
        place.usher([verb, "@latest"]).with_code(0);
        return;
    };
    let mut words = rest.split(',');
    let address = words.next().unwrap_or_default();
    let fields: Vec<(String, &str)> = words
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (format!("field.{name}"), value))
        .collect();
    let mut form = vec![("comment", "as agreed")];
    form.extend(fields.iter().map(|(name, value)| (name.as_str(), *value)));
    let web = Web::of(place);
    let link = web.request_to(address).link.expect("a request has a link");
    let receipt = web.decide(&link, vote == "approve", &form);
    assert_eq!(receipt.status, 200, "{}", receipt.body);
}

/// With its defaults and with every `try` of its header: the phase and the exit code.
#[test]
fn each_ends_as_its_header_says() {
    side_by_side(cases(), |case| {
        let place = Place::new();
        // Some steps call it.
        place.stand_in("usher", &format!("exec {} \"$@\"", suite::bin().display()));
        let path = root().join("examples").join(&case.example.file);
        let mut arguments = vec!["run".to_owned(), path.display().to_string()];
        arguments.extend(["-o".to_owned(), "json".to_owned()]);
        let tried = !case.arguments.is_empty();
        arguments.extend(case.arguments);
        let child = place.start(&arguments);
        for action in &case.example.actions {
            let comes = comes_to(&place, &action.node, &action.phase);
            // With other arguments a node may be left out.
            assert!(comes || tried, "{} is never {}", action.node, action.phase);
            if comes {
                act(&place, &action.verb);
            }
        }
        let said = suite::wait(child);
        let code = i32::from(case.ends != "Succeeded");
        let object = said.with_code(code).json();
        let all = tree(&object).join("\n");
        assert_eq!(phase(&object), case.ends, "{}\n{all}", message(&object));
        for unfinished in ["Pending", "Running"] {
            assert!(!all.contains(unfinished), "a node is {unfinished}\n{all}");
        }
    });
}

/// No example has a fault, and none has a field without effect.
#[test]
fn each_is_without_fault() {
    let place = Place::new();
    let folder = root().join("examples");
    place
        .usher(["lint".as_ref(), folder.as_os_str()])
        .with_code(0);
}

/// What the headers tell is in `examples/README.md`; UPDATE=1 writes it.
#[test]
fn the_table_of_contents_is_true() {
    let path = root().join("examples/README.md");
    let page = header::page(&header::all());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(stored, page, "run it once with UPDATE=1");
}

/// What an example shows happens: the branch that is not taken, and the one that is.
#[test]
fn the_other_branch_is_taken() {
    let cases = [
        (
            "07-exit-handler.yaml",
            "code=1",
            ["celebrate Skipped", "cry Succeeded"],
        ),
        (
            "07-exit-handler.yaml",
            "code=0",
            ["celebrate Succeeded", "cry Skipped"],
        ),
        (
            "11-script-result.yaml",
            "from=3",
            ["small Succeeded", "big Skipped"],
        ),
        (
            "11-script-result.yaml",
            "from=7",
            ["small Skipped", "big Succeeded"],
        ),
        (
            "12-depends.yaml",
            "code=1",
            ["repair Succeeded", "celebrate Omitted"],
        ),
        (
            "12-depends.yaml",
            "code=0",
            ["repair Omitted", "celebrate Succeeded"],
        ),
    ];
    let named = cases
        .iter()
        .map(|case| (format!("{} {}", case.0, case.1), *case))
        .collect();
    side_by_side(named, |(file, parameter, nodes)| {
        let place = Place::new();
        let path = root().join("examples").join(file);
        let path = path.display().to_string();
        let object = place
            .usher(["run", &path, "-p", parameter, "-o", "json"])
            .json();
        let found = nodes.map(|pair| {
            let name = pair.split(' ').next().unwrap_or(pair);
            format!("{name} {}", phase(node(&object, name)))
        });
        assert_eq!(found, nodes, "{}", tree(&object).join("\n"));
    });
}
