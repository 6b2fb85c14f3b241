//! The commands of `README.md`, typed in order: do they end and print as it says?
//!
//! In a `console` block a line that begins with `$` is a command; `# exit code N` says how it ends
//! if not with 0. Below it stands what it prints. A line `…` stands for any lines, and `…` at the
//! end of a line for the rest of it. Durations and the width of columns may differ.

use suite::{Place, Said, root};

/// A command and what the page says of it.
#[derive(Debug, PartialEq, Eq)]
struct Typed {
    arguments: Vec<String>,
    code: i32,
    /// What it prints, line by line.
    printed: Vec<String>,
}

fn commands(page: &str) -> Vec<Typed> {
    let mut typed: Vec<Typed> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            let (command, code) = command.split_once("# exit code ").unwrap_or((command, "0"));
            let mut words = command.split_whitespace().map(str::to_owned);
            assert_eq!(words.next().as_deref(), Some("usher"), "what is `{line}`?");
            let code = code.parse().expect("an exit code is a number");
            typed.push(Typed {
                arguments: words.collect(),
                code,
                printed: Vec::new(),
            });
        } else if inside {
            let last = typed.last_mut().expect("a command comes first");
            last.printed.push(line.to_owned());
        }
    }
    typed
}

/// A line without what may differ: widths and durations.
fn plain(line: &str) -> String {
    let word = |word: &str| {
        let number = word.trim_end_matches('s');
        let is_duration = word.ends_with('s') && number.parse::<u32>().is_ok();
        if is_duration {
            "0s".to_owned()
        } else {
            word.to_owned()
        }
    };
    line.split_whitespace()
        .map(word)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether the page's lines are what was printed.
fn matches(page: &[String], printed: &[String]) -> bool {
    match page.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line == "…" => {
            (0..=printed.len()).any(|from| matches(rest, &printed[from..]))
        }
        Some((line, rest)) => printed.split_first().is_some_and(|(first, others)| {
            let same = match line.strip_suffix('…') {
                Some(start) => plain(first).starts_with(plain(start).as_str()),
                None => plain(first) == plain(line),
            };
            same && matches(rest, others)
        }),
    }
}

#[test]
fn the_readme_is_true_as_typed() {
    let page = std::fs::read_to_string(root().join("README.md")).expect("there is a README");
    assert!(page.contains("cargo run --release -- run examples/01-hello-world.yaml\n"));
    assert!(page.contains("\ntests/run\n"));
    let place = Place::new();
    let typed = commands(&page);
    assert!(typed.len() >= 5, "the commands were not found: {typed:?}");
    for Typed {
        arguments,
        code,
        printed,
    } in typed
    {
        let child = place
            .command(&arguments)
            .current_dir(root())
            .spawn()
            .expect("it starts");
        let Said { out, .. } = suite::wait(child).with_code(code);
        let said: Vec<String> = out.lines().map(str::to_owned).collect();
        let wanted = printed.join("\n");
        assert!(
            matches(&printed, &said),
            "{arguments:?}\n--- wanted\n{wanted}\n--- out\n{out}"
        );
    }
}

#[test]
fn what_is_printed_is_compared() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let cases = [
        ("a\n…\nd", "a\nb\nc\nd", true),
        ("a\n…\nd", "a\nd", true),
        ("a\n…\nd", "a\nb", false),
        ("a\nd", "a\nb\nd", false),
        ("x   4s y", "x 12s  y", true),
        ("x 4s y", "x 12m y", false),
        ("done at …", "done at noon", true),
        ("", "a", false),
    ];
    for (page, printed, same) in cases {
        assert_eq!(
            matches(&lines(page), &lines(printed)),
            same,
            "{page:?} {printed:?}"
        );
    }
    let page = "```sh\n$ no\n```\n```console\n$ usher a b    # exit code 3\nout\n```\n";
    let arguments = ["a", "b"].map(str::to_owned).to_vec();
    let expected = Typed {
        arguments,
        code: 3,
        printed: vec!["out".to_owned()],
    };
    assert_eq!(commands(page), [expected]);
}
