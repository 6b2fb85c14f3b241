//! A ledger with very many pending tasks: copies of one that was opened the real way.
//!
//! Opening a million by the engine takes an hour. So one is opened by it, and its rows (run, nodes,
//! scope, task, links, record, mails) are copied as they are, under new names of the same length.
//! Whether copies are like real ones is a question of size alone: a test compares that.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Statement, params_from_iter};

/// Copies between two commits.
const AT_A_TIME: u32 = 10_000;

/// Tables with rows of a task or its run, how these are found (`?1` run's uid, `?2` task), and
/// where they are in the order in which they can be inserted.
const TABLES: [(&str, &str); 7] = [
    ("runs", "uid = ?1 AND ?2 <> ''"),
    (
        "scopes",
        "run = (SELECT id FROM runs WHERE uid = ?1) AND ?2 <> ''",
    ),
    (
        "nodes",
        "run = (SELECT id FROM runs WHERE uid = ?1) AND ?2 <> ''",
    ),
    ("tasks", "run = ?1 AND uid = ?2"),
    (
        "links",
        "task = (SELECT id FROM tasks WHERE run = ?1 AND uid = ?2) ORDER BY slot",
    ),
    (
        "record",
        "task = (SELECT id FROM tasks WHERE run = ?1 AND uid = ?2)",
    ),
    ("outbox", "run = ?1 OR task = ?2"),
];

/// The rows of one table that are copied, and the statement that inserts one.
struct Model<'a> {
    table: &'static str,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    insert: Statement<'a>,
}

/// What a copy is called, and the names that it replaces.
struct Names {
    run: String,
    part: u16,
    run_number: i64,
    task_number: i64,
    /// Old and new, of the same length; in texts and bodies alike.
    texts: Vec<(String, String)>,
    links: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Copies a task of a ledger that nobody has open, with its run, so many times. The copies are
/// numbered from 0, see [`copied_task`] and [`copied_link`].
pub fn multiply(ledger: &Path, task: &str, copies: u32) {
    let connection = Connection::open(ledger).expect("a ledger");
    let ask = |setting: &str, value: &str| {
        let set = connection.pragma_update_and_check(None, setting, value, |_| Ok(()));
        // Some settings answer and some do not.
        assert!(matches!(
            set,
            Ok(()) | Err(rusqlite::Error::QueryReturnedNoRows)
        ));
    };
    // Nobody waits for it and nobody needs it after a crash; a log would be as large as the file.
    ask("journal_mode", "off");
    ask("synchronous", "off");
    ask("cache_size", "-262144");
    let number = |statement: &str| -> i64 {
        let read = connection.query_row(statement, [], |row| row.get(0));
        read.expect("a number")
    };
    let run_number = number("SELECT max(id) FROM runs") + 1;
    let task_number = number("SELECT max(id) FROM tasks") + 1;
    {
        let run: String = connection
            .query_row("SELECT run FROM tasks WHERE uid = ?1", [task], |row| {
                row.get(0)
            })
            .expect("the task");
        let mut models: Vec<Model<'_>> = TABLES
            .into_iter()
            .map(|(table, place)| Model::read(&connection, table, place, &run, task))
            .collect();
        let links = ids_of_links(&models);
        for copy in 0..copies {
            if copy % AT_A_TIME == 0 {
                connection.execute_batch("BEGIN").expect("a transaction");
            }
            let names = Names::of(copy, &run, task, &links, (run_number, task_number));
            for model in &mut models {
                model.copy(&names);
            }
            if copy % AT_A_TIME == AT_A_TIME - 1 || copy == copies - 1 {
                connection.execute_batch("COMMIT").expect("a commit");
            }
        }
    }
    ask("journal_mode", "wal");
    connection.close().expect("the end");
}

/// The id of a copy of a task, as long as the task's own.
pub fn copied_task(task: &str, copy: u32) -> String {
    renamed(task, "task", copy)
}

/// The id of a copy's link; `slot` counts the model's links in the order of their slots.
pub fn copied_link(copy: u32, slot: usize) -> [u8; 16] {
    let mut id = [0; 16];
    let half = |part: u64| scattered(u64::from(copy) << 20 | (slot as u64) << 2 | part);
    id[..8].copy_from_slice(&half(0).to_be_bytes());
    id[8..].copy_from_slice(&half(1).to_be_bytes());
    id
}

/// A bijection that leaves neighbours far apart (the end of SplitMix64), as real ids are.
fn scattered(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Another name of the same length, with its dashes where they were.
fn renamed(name: &str, what: &str, copy: u32) -> String {
    let salt = u64::from(what.as_bytes()[0]) << 40;
    let digits = format!(
        "{:016x}{:016x}",
        scattered(salt | u64::from(copy)),
        scattered(salt | 1 << 60 | u64::from(copy))
    );
    let mut digits = digits.chars().cycle();
    let sign = |old: char| match old {
        '-' => '-',
        _ => digits.next().unwrap_or('0'),
    };
    name.chars().map(sign).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn ids_of_links(models: &[Model<'_>]) -> Vec<Vec<u8>> {
    let links = models.iter().find(|model| model.table == "links");
    let rows = links.map(|model| &model.rows).into_iter().flatten();
    let id = |row: &Vec<Value>| match row.first() {
        Some(Value::Blob(id)) => id.clone(),
        other => panic!("a link's id is {other:?}"),
    };
    rows.map(id).collect()
}

impl Names {
    fn of(copy: u32, run: &str, task: &str, links: &[Vec<u8>], first: (i64, i64)) -> Names {
        let new_run = renamed(run, "run", copy);
        let pair = |(slot, old): (usize, &Vec<u8>)| (old.clone(), copied_link(copy, slot).to_vec());
        let links: Vec<(Vec<u8>, Vec<u8>)> = links.iter().enumerate().map(pair).collect();
        let mut texts = vec![
            (run.to_owned(), new_run.clone()),
            (task.to_owned(), copied_task(task, copy)),
        ];
        texts.extend(links.iter().map(|(old, new)| (hex(old), hex(new))));
        Names {
            part: usher_ledger::part_of(&new_run),
            run: new_run,
            run_number: first.0 + i64::from(copy),
            task_number: first.1 + i64::from(copy),
            texts,
            links,
        }
    }

    fn replaced(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (old, new) in &self.texts {
            if text.contains(old) {
                text = text.replace(old, new);
            }
        }
        text
    }
}

impl<'a> Model<'a> {
    fn read(
        connection: &'a Connection,
        table: &'static str,
        place: &str,
        run: &str,
        task: &str,
    ) -> Model<'a> {
        let select = format!("SELECT * FROM {table} WHERE {place}");
        let mut select = connection.prepare(&select).expect("a table of the ledger");
        let columns: Vec<String> = select
            .column_names()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Vec<Value>> {
            (0..columns.len()).map(|at| row.get(at)).collect()
        };
        let rows = select.query_map([run, task], read);
        let rows = rows.and_then(Iterator::collect).expect("rows");
        let marks = vec!["?"; columns.len()].join(", ");
        let insert = format!("INSERT INTO {table} VALUES ({marks})");
        Model {
            table,
            columns,
            rows,
            insert: connection.prepare(&insert).expect("a table of the ledger"),
        }
    }

    fn copy(&mut self, names: &Names) {
        for row in &self.rows {
            let values = self.columns.iter().zip(row);
            let values = values.map(|(column, value)| copied(self.table, column, value, names));
            let inserted = self.insert.execute(params_from_iter(values));
            inserted.expect("a row that is as good as its model");
        }
    }
}

/// A column's value in the copy.
fn copied(table: &str, column: &str, value: &Value, names: &Names) -> Value {
    match (table, column, value) {
        ("runs", "id", _) | ("scopes" | "nodes", "run", _) => Value::Integer(names.run_number),
        ("tasks", "id", _) | ("links" | "record", "task", _) => Value::Integer(names.task_number),
        ("runs", "uid", _) => Value::Text(names.run.clone()),
        ("runs", "part", _) => Value::Integer(i64::from(names.part)),
        // A submitter's key is one run's; a mail's number is the next.
        ("runs", "birth_key", _) | ("outbox", "id", _) => Value::Null,
        ("links", "id", Value::Blob(id)) => {
            let new = names.links.iter().find(|(old, _)| old == id);
            Value::Blob(new.map_or_else(|| id.clone(), |(_, new)| new.clone()))
        }
        (_, _, Value::Text(text)) => Value::Text(names.replaced(text)),
        (_, _, Value::Blob(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Blob(names.replaced(text).into_bytes()),
            Err(_) => value.clone(),
        },
        (_, _, value) => value.clone(),
    }
}
