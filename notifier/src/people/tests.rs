//! A directory that is a file: changed, broken, gone.

use std::fs::File;

use super::*;

const ADA: &str = "people:\n  ada: {address: ada@example.org}\n";
const BOTH: &str =
    "people:\n  ada: {address: ada@example.org}\n  bob: {address: bob@example.org}\n";

struct Place {
    _dir: tempfile::TempDir,
    path: PathBuf,
    directory: FileDirectory,
    age: u64,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("people.yaml");
        let directory = FileDirectory::new(&path);
        Place {
            _dir: dir,
            path,
            directory,
            age: 1_000,
        }
    }

    /// Writes the file, some time ago.
    fn write(&mut self, text: &str) {
        std::fs::write(&self.path, text).unwrap();
        self.age -= 1;
        let then = SystemTime::now() - Duration::from_secs(self.age);
        let file = File::options().write(true).open(&self.path).unwrap();
        file.set_modified(then).unwrap();
    }

    fn ids(&self) -> Result<Vec<String>, String> {
        let people = self.directory.people()?;
        Ok(people.persons.keys().cloned().collect())
    }
}

fn ids(list: &[&str]) -> Result<Vec<String>, String> {
    Ok(list.iter().map(|id| (*id).to_owned()).collect())
}

/// No file is nobody; a file that comes, and one that changes, is read without a restart.
#[test]
fn a_change_is_read() {
    let mut place = Place::new();
    assert_eq!(place.ids(), ids(&[]));
    place.write(ADA);
    assert_eq!(place.ids(), ids(&["ada"]));
    place.write(BOTH);
    assert_eq!(place.ids(), ids(&["ada", "bob"]));
    let before = place.directory.people().unwrap();
    place.write(&format!("{BOTH}# only a comment\n"));
    let after = place.directory.people().unwrap();
    assert!(Arc::ptr_eq(&before, &after), "the same people are the same");
}

/// What is being written may be half of it: an empty file would take everybody's vote.
#[test]
fn a_file_that_is_being_written_is_left_alone() {
    let mut place = Place::new();
    place.write(BOTH);
    assert_eq!(place.ids(), ids(&["ada", "bob"]));
    let ahead = SystemTime::now();
    let file = File::create(&place.path).unwrap();
    file.set_modified(ahead).unwrap();
    let is_young = ahead.elapsed().unwrap() < SETTLES;
    let seen = place.ids();
    // On a machine that stood still meanwhile the file has settled, and says nobody.
    let still_young = is_young && ahead.elapsed().unwrap() < SETTLES;
    assert!(seen == ids(&["ada", "bob"]) || !still_young, "{seen:?}");
    place.write("people: {}\n");
    assert_eq!(place.ids(), ids(&[]));
}

/// A broken file changes nothing, and says what is wrong until it is put right.
#[test]
fn the_last_good_file_stays_in_use() {
    let mut place = Place::new();
    place.write(BOTH);
    assert_eq!(place.ids(), ids(&["ada", "bob"]));
    place.write("people:\n  ada: {adress: ada@example.org}\n");
    assert_eq!(place.ids(), ids(&["ada", "bob"]));
    let path = place.path.display();
    assert_eq!(
        place.directory.fault(),
        Some(format!(
            "{path}:2:3: `ada` has no `address`; nobody could be asked\n\
             {path}:2:9: `adress` is no field of a person; did you mean `address`?"
        ))
    );
    std::fs::remove_file(&place.path).unwrap();
    assert_eq!(place.ids(), ids(&["ada", "bob"]));
    assert_eq!(
        place.directory.fault(),
        Some(format!(
            "{path} is gone; write an empty file if there is to be nobody"
        ))
    );
    place.write(ADA);
    assert_eq!(place.ids(), ids(&["ada"]));
    assert_eq!(place.directory.fault(), None);
}

/// Broken from the start: nobody can be asked, which is no answer to who may vote.
#[test]
fn a_file_that_never_was_good_is_an_error() {
    let mut place = Place::new();
    place.write("people: [");
    assert!(place.ids().unwrap_err().contains("people.yaml:1:"));
    place.write(ADA);
    assert_eq!(place.ids(), ids(&["ada"]));
}
