//! The live views against a small terminal of our own, which does what real ones do.

use std::cell::Cell;

use serde_json::{Value, json};

use super::*;
use crate::cli::view::text::sign_width;

const STYLE: Style = Style {
    color: true,
    unicode: true,
    width: None,
    utc: true,
};
const NOON: i64 = 1_795_780_800_000;

/// A dag with tasks in the given phases: s Succeeded, r Running, p Pending, f Failed.
fn object(phases: &str) -> Value {
    let ended = !phases.contains(['r', 'p']);
    let phase = if ended { "Succeeded" } else { "Running" };
    let mut object = json!({"metadata": {"name": "w"},
        "status": {"phase": phase, "progress": "0/9", "startedAt": "2026-11-27T12:00:00Z",
            "nodes": {"w": {"id": "w", "name": "w", "displayName": "w", "type": "DAG",
                "phase": phase, "startedAt": "2026-11-27T12:00:00Z"}}}});
    for (n, letter) in phases.chars().enumerate() {
        let phase = match letter {
            's' => "Succeeded",
            'f' => "Failed",
            'r' => "Running",
            _ => "Pending",
        };
        let id = format!("w-{n}");
        object["status"]["nodes"][&id] = json!({"id": id, "name": format!("w.t{n}"),
            "displayName": format!("t{n}"), "type": "Pod", "phase": phase, "boundaryID": "w",
            "templateName": "t", "startedAt": "2026-11-27T12:00:00Z"});
    }
    if ended {
        for (_, node) in object["status"]["nodes"]
            .as_object_mut()
            .into_iter()
            .flatten()
        {
            node["finishedAt"] = json!("2026-11-27T12:00:09Z");
        }
        object["status"]["finishedAt"] = json!("2026-11-27T12:00:09Z");
    }
    object
}

/// A terminal: lines that scroll out at the top, a cursor, and the few sequences that we use.
struct Terminal {
    columns: usize,
    rows: usize,
    /// All lines since the start; the screen is the last `rows` of them. A line holds no colours.
    lines: Vec<String>,
    /// Line and column; the column may be just behind the last one.
    cursor: (usize, usize),
}

impl Terminal {
    fn new(columns: usize, rows: usize) -> Self {
        Self {
            columns,
            rows,
            lines: vec![String::new()],
            cursor: (0, 0),
        }
    }

    fn write(&mut self, text: &str) {
        let mut rest = text.chars();
        while let Some(sign) = rest.next() {
            match sign {
                '\x1b' => {
                    assert_eq!(rest.next(), Some('['));
                    let body: String = rest.by_ref().take_while(|c| !c.is_alphabetic()).collect();
                    // The letter was taken too: find it in the text.
                    let used = text.len() - rest.as_str().len();
                    let letter = text[..used].chars().next_back().expect("a letter");
                    self.sequence(&body, letter);
                }
                '\r' => self.cursor.1 = 0,
                '\n' => self.line_feed(),
                sign => self.put(sign),
            }
        }
    }

    fn sequence(&mut self, body: &str, letter: char) {
        let (line, column) = self.cursor;
        match letter {
            'A' => {
                let top = self.lines.len().saturating_sub(self.rows);
                let up: usize = body.parse().expect("a number of lines");
                self.cursor.0 = line.saturating_sub(up).max(top);
            }
            'K' => self.lines[line].truncate(column),
            'J' => {
                self.lines[line].truncate(column);
                for below in &mut self.lines[line + 1..] {
                    below.clear();
                }
            }
            'm' | 'h' | 'l' => {}
            other => panic!("an unknown sequence {body}{other}"),
        }
    }

    fn line_feed(&mut self) {
        self.cursor.0 += 1;
        if self.cursor.0 == self.lines.len() {
            self.lines.push(String::new());
        }
    }

    /// The tests' texts are of single columns only, so columns are places in the text.
    fn put(&mut self, sign: char) {
        assert_eq!(sign_width(sign), 1, "{sign:?}");
        if self.cursor.1 == self.columns {
            self.line_feed();
            self.cursor.1 = 0;
        }
        let line = &mut self.lines[self.cursor.0];
        let mut signs: Vec<char> = line.chars().collect();
        signs.resize(signs.len().max(self.cursor.1 + 1), ' ');
        signs[self.cursor.1] = sign;
        *line = signs.into_iter().collect();
        self.cursor.1 += 1;
    }

    /// The window becomes narrower: lines that do not fit go on in the next one.
    fn narrow(&mut self, columns: usize) {
        self.columns = columns;
        let old = std::mem::take(&mut self.lines);
        let below = old.len() - 1 - self.cursor.0;
        for line in old {
            let signs: Vec<char> = line.chars().collect();
            if signs.is_empty() {
                self.lines.push(String::new());
            }
            self.lines.extend(
                signs
                    .chunks(columns)
                    .map(|part| part.iter().collect::<String>()),
            );
        }
        self.cursor = (self.lines.len() - 1 - below, 0);
    }

    fn shown(&self) -> Vec<&str> {
        let end = self
            .lines
            .iter()
            .rposition(|line| !line.is_empty())
            .map_or(0, |at| at + 1);
        self.lines[..end].iter().map(String::as_str).collect()
    }
}

thread_local! {
    static SIZE: Cell<(usize, usize)> = const { Cell::new((60, 8)) };
}

fn size() -> (usize, usize) {
    SIZE.get()
}

/// A terminal after a prompt, and a view on it.
struct Stage {
    terminal: Terminal,
    live: Live<Vec<u8>>,
}

impl Stage {
    fn new(columns: usize, rows: usize) -> Self {
        SIZE.set((columns, rows));
        let mut terminal = Terminal::new(columns, rows);
        terminal.write("$ usher run w.yaml\n");
        Self {
            terminal,
            live: Live::sized(STYLE, size, Vec::new()),
        }
    }

    /// Updates and returns how many bytes were written.
    fn update(&mut self, phases: &str, second: i64) -> usize {
        self.live
            .update(&object(phases), NOON + 1_000 * second)
            .expect("a vector takes all");
        self.show()
    }

    fn finish(&mut self, phases: &str) {
        self.live
            .finish(&object(phases), NOON + 9_000)
            .expect("a vector takes all");
        self.show();
    }

    fn show(&mut self) -> usize {
        let bytes = std::mem::take(&mut self.live.out);
        self.terminal
            .write(std::str::from_utf8(&bytes).expect("text"));
        bytes.len()
    }
}

/// The picture is painted over itself, and what is on the screen in the end is the last one.
#[test]
fn painted_in_place() {
    let mut stage = Stage::new(60, 12);
    stage.update("r", 1);
    stage.update("srp", 2);
    stage.update("ssr", 3);
    stage.finish("sss");
    let shown = [
        "$ usher run w.yaml",
        "w Succeeded 0/9 9s",
        "STEP     TEMPLATE  PODNAME       DURATION  MESSAGE",
        " ✔ w",
        " ├─✔ t0  t         w-t-19282828  9s",
        " ├─✔ t1  t         w-t-36060447  9s",
        " └─✔ t2  t         w-t-52838066  9s",
    ];
    assert_eq!(stage.terminal.shown(), shown);
}

/// What is said by the way stands above the picture, which is painted anew below it, once.
#[test]
fn a_word_by_the_way() {
    let mut stage = Stage::new(60, 12);
    stage.live.make_way().expect("a vector takes all");
    assert_eq!(stage.show(), 0, "there is nothing to take off yet");
    stage.update("srp", 2);
    stage.live.make_way().expect("a vector takes all");
    stage.show();
    assert_eq!(stage.terminal.shown(), ["$ usher run w.yaml"]);
    stage
        .terminal
        .write("usher: w waits for a decision by mail\n");
    assert!(stage.update("srp", 2) > 0);
    stage.finish("ss");
    let shown = [
        "$ usher run w.yaml",
        "usher: w waits for a decision by mail",
        "w Succeeded 0/9 9s",
        "STEP     TEMPLATE  PODNAME       DURATION  MESSAGE",
        " ✔ w",
        " ├─✔ t0  t         w-t-19282828  9s",
        " └─✔ t1  t         w-t-36060447  9s",
    ];
    assert_eq!(stage.terminal.shown(), shown);
}

/// Nothing is written while nothing looks different.
#[test]
fn quiet_when_nothing_changed() {
    let mut stage = Stage::new(60, 12);
    assert!(stage.update("r", 1) > 0);
    assert_eq!(stage.update("r", 1), 0);
    assert!(stage.update("r", 2) > 0);
}

/// A tree that is higher than the window is folded; nothing scrolls out but what was there before.
#[test]
fn fits_the_window() {
    let mut stage = Stage::new(60, 8);
    for second in 0..20 {
        let done = usize::try_from(second).expect("a small number");
        let phases = "s".repeat(done) + "rr" + &"p".repeat(20 - done);
        stage.update(&phases, second);
        let terminal = &stage.terminal;
        assert_eq!(terminal.lines[0], "$ usher run w.yaml");
        assert!(terminal.lines.len() <= 9, "{:#?}", terminal.lines);
    }
    stage.finish(&"s".repeat(22));
    let shown = stage.terminal.shown();
    assert_eq!(shown[1], "w Succeeded 0/9 9s");
    assert_eq!(shown[3], " ⋮ 20 more");
    assert_eq!(shown.last(), Some(&"`usher get w` shows all of it"));
    assert_eq!(shown.len(), 8);
}

/// A window that becomes narrower breaks the painted lines; the next picture still covers them.
#[test]
fn a_window_made_narrow() {
    let mut stage = Stage::new(60, 20);
    stage.update("srp", 1);
    stage.terminal.narrow(32);
    SIZE.set((32, 20));
    stage.update("ssr", 2);
    let shown = [
        "$ usher run w.yaml",
        "w Running 0/9 2s",
        "STEP     TEMP…  PO…AME  DURATION",
        " ● w",
        " ├─✔ t0  t      w-…828  2s",
        " ├─✔ t1  t      w-…447  2s",
        " └─● t2  t      w-…066  2s",
    ];
    assert_eq!(stage.terminal.shown(), shown);
}

/// Tiny and unknown windows do no harm.
#[test]
fn absurd_windows() {
    for window in [(1, 1), (2, 3), (0, 0), (9, 2)] {
        let mut stage = Stage::new(window.0, window.1);
        stage.terminal = Terminal::new(window.0.max(1), window.1.max(1));
        if window == (0, 0) {
            stage.terminal = Terminal::new(80, 24);
        }
        stage.update("srp", 1);
        stage.update("ssr", 2);
        stage.finish("sss");
        assert!(!stage.terminal.shown().is_empty());
    }
}

/// Without a terminal each change is a line, in the order of time, and nothing is said twice.
#[test]
fn lines_without_a_terminal() {
    let mut live = Live::new(
        Style {
            color: false,
            ..STYLE
        },
        false,
        Vec::new(),
    );
    let mut run = object("r");
    run["status"]["nodes"]["w-0"]["phase"] = json!("Pending");
    live.update(&run, NOON + 1_000).expect("a vector takes all");
    live.update(&object("r"), NOON + 2_000)
        .expect("a vector takes all");
    live.update(&object("r"), NOON + 3_000)
        .expect("a vector takes all");
    let mut end = object("f");
    end["status"]["phase"] = json!("Failed");
    end["status"]["message"] = json!("a\nb");
    end["status"]["nodes"]["w-0"]["message"] = json!("Error (exit code 1)");
    live.finish(&end, NOON + 10_000)
        .expect("a vector takes all");
    let text = "\
2026-11-27T12:00:00Z workflow w Running
2026-11-27T12:00:00Z w Running
2026-11-27T12:00:00Z w.t0 Pending
2026-11-27T12:00:02Z w.t0 Running
2026-11-27T12:00:09Z w.t0 Failed: Error (exit code 1)
2026-11-27T12:00:09Z w Succeeded
2026-11-27T12:00:09Z workflow w Failed: a\\nb
";
    assert_eq!(String::from_utf8_lossy(&live.out), text);
}
