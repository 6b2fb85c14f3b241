//! Does every screen look as it did? Each object of `input`, in each style, is compared with a file
//! of `output` that a person has looked at.
//!
//! `UPDATE=1` writes the files anew; look at the difference before it is committed. A file that is
//! missing, and one that no object stands for, is a failure: nothing passes by not being there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use usher::cli::view::{self, Form, GetOptions, ListOptions, Selector, Style};

/// 2026-11-27T12:00:00Z.
const NOON: i64 = 1_795_780_800_000;

/// What a file or a program gets.
const PLAIN: Style = Style {
    color: false,
    unicode: true,
    width: None,
    utc: true,
};
/// A usual terminal.
const COLOR: Style = Style {
    color: true,
    width: Some(110),
    ..PLAIN
};
/// A narrow terminal.
const NARROW: Style = Style {
    width: Some(60),
    ..PLAIN
};
/// `--no-utf8`.
const ASCII: Style = Style {
    unicode: false,
    width: Some(80),
    ..PLAIN
};

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(folder)
}

/// The objects of `input` by file name, in order.
fn inputs() -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(here("input")).expect("the folder of inputs");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&path).expect("an input");
        (name, serde_json::from_str(&text).expect("an object"))
    };
    files.map(read).collect()
}

/// Every screen by the name of its golden file.
fn screens() -> BTreeMap<String, (Style, String)> {
    let mut screens = BTreeMap::new();
    let inputs = inputs();
    for (name, object) in &inputs {
        let usual = GetOptions::default();
        let wide = GetOptions {
            form: Form::Wide,
            ..GetOptions::default()
        };
        let mut screen = |kind: &str, style: Style, text: String| {
            screens.insert(format!("{name}.{kind}.txt"), (style, text));
        };
        screen("plain", PLAIN, view::get(object, NOON, &PLAIN, &usual));
        screen("color", COLOR, view::get(object, NOON, &COLOR, &usual));
        screen("narrow", NARROW, view::get(object, NOON, &NARROW, &usual));
        screen("ascii", ASCII, view::get(object, NOON, &ASCII, &usual));
        screen("wide", PLAIN, view::get(object, NOON, &PLAIN, &wide));
        if matches!(object["status"]["phase"].as_str(), Some("Failed" | "Error")) {
            let stderr = "cc: main.c: no such file\n\x1b[31mmake: *** [all] Error 1\x1b[0m\n";
            screen("failure", COLOR, view::failure(object, stderr, &COLOR));
        }
    }
    let failed = GetOptions {
        selector: Selector::status("Failed"),
        form: Form::Short,
    };
    let objects: Vec<Value> = inputs.into_values().collect();
    let filtered = objects
        .iter()
        .map(|object| view::get(object, NOON, &PLAIN, &failed))
        .collect();
    screens.insert("only-failed.txt".into(), (PLAIN, filtered));
    screens.insert("recorded-trees.txt".into(), (PLAIN, recorded()));
    let wide = ListOptions {
        wide: true,
        all_namespaces: true,
        no_headers: false,
    };
    for (kind, style, options) in [
        ("plain", PLAIN, ListOptions::default()),
        ("color", COLOR, ListOptions::default()),
        ("narrow", NARROW, ListOptions::default()),
        ("ascii", ASCII, ListOptions::default()),
        ("wide", PLAIN, wide),
    ] {
        let text = view::list(&objects, NOON, &style, &options);
        screens.insert(format!("list.{kind}.txt"), (style, text));
    }
    screens
}

/// The trees of every object that Argo recorded for the conformance cases, and what each failed
/// of. They hold no times, so nodes stand in the order of the file.
fn recorded() -> String {
    let root = here("../conformance/recorded");
    let entries = |path: &Path| {
        let list = std::fs::read_dir(path).expect("a folder of recorded objects");
        let mut list: Vec<PathBuf> = list.map(|entry| entry.expect("an entry").path()).collect();
        list.sort();
        list
    };
    let mut text = String::new();
    for file in entries(&root).iter().flat_map(|folder| entries(folder)) {
        let json = std::fs::read_to_string(&file).expect("a recorded object");
        let case: Value = serde_json::from_str(&json).expect("a recorded object");
        let object = &case["workflow"];
        let name = object["metadata"]["name"].as_str().expect("a name");
        text.push_str(&format!("== {name}\n{}", view::tree(object, NOON, &PLAIN)));
        if let Some(node) =
            view::failed_node(object).filter(|_| object["status"]["phase"] != "Succeeded")
        {
            text.push_str(&format!(
                "failed of {}\n",
                node["name"].as_str().unwrap_or_default()
            ));
        }
        text.push('\n');
    }
    text
}

/// Every screen is as it was when a person last looked at it.
#[test]
fn screens_are_as_they_were() {
    let screens = screens();
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for (name, (_, text)) in &screens {
        let path = here("output").join(name);
        if update {
            std::fs::write(&path, text).expect("a golden file can be written");
        }
        match std::fs::read_to_string(&path) {
            Ok(golden) if golden == *text => {}
            Ok(golden) => wrong.push(format!("{name} is\n{text}\nand was\n{golden}")),
            Err(error) => wrong.push(format!("{name}: {error}; UPDATE=1 writes it")),
        }
    }
    for entry in std::fs::read_dir(here("output")).expect("the folder of outputs") {
        let name = entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        if !screens.contains_key(&name) {
            wrong.push(format!("{name} belongs to no input; take it out"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// No screen is wider than its terminal, and nothing but our own colours drives it.
#[test]
fn screens_fit_and_are_safe() {
    for (name, (style, text)) in screens() {
        for line in text.lines() {
            let bare = without_colors(line, style.color);
            assert!(!bare.contains(char::is_control), "{name}: {line:?}");
            if let Some(room) = style.width {
                let width = unicode_width::UnicodeWidthStr::width(&*bare);
                assert!(width <= room, "{name}: {width} columns: {line}");
            }
        }
        assert!(text.ends_with('\n') || text.is_empty(), "{name}");
    }
}

/// Every place of an object, as a JSON pointer.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                places(inner, &format!("{at}/{}", escaped(key)), all);
            }
        }
        Value::Array(list) => {
            for (ix, inner) in list.iter().enumerate() {
                places(inner, &format!("{at}/{ix}"), all);
            }
        }
        _ => {}
    }
}

/// An object in which any one thing is of another kind than it should be is shown all the same,
/// without a panic and within the terminal.
#[test]
fn wrong_shapes_do_no_harm() {
    let mut wrong = 0;
    for object in inputs().values() {
        let mut all = Vec::new();
        places(object, "", &mut all);
        // A large object has the same few kinds of places many times.
        let step = all.len() / 100 + 1;
        for place in all.into_iter().step_by(step) {
            for value in [
                Value::Null,
                true.into(),
                7.into(),
                "\x1b[2J漢".into(),
                Value::Array(vec![]),
            ] {
                let mut object = object.clone();
                *object.pointer_mut(&place).expect("a place of the object") = value;
                let mut text = view::get(&object, NOON, &NARROW, &GetOptions::default());
                text += &view::failure(&object, "", &NARROW);
                text += &view::list(&[object], NOON, &NARROW, &ListOptions::default());
                for line in text.lines() {
                    let width = unicode_width::UnicodeWidthStr::width(line);
                    assert!(width <= 60, "{place}: {width} columns: {line}");
                    assert!(!line.contains(char::is_control), "{place}: {line:?}");
                }
                wrong += 1;
            }
        }
    }
    assert!(wrong > 1_000, "only {wrong} objects were tried");
}

/// The line without the few colour sequences that are ours.
fn without_colors(line: &str, colored: bool) -> String {
    let mut bare = line.to_owned();
    for code in ["0", "2", "31", "32", "33", "36"]
        .iter()
        .filter(|_| colored)
    {
        bare = bare.replace(&format!("\x1b[{code}m"), "");
    }
    bare
}
