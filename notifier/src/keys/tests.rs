//! Making, changing and following a keys file.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const NOW: i64 = 1_800_000_000_000;

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    (dir, path)
}

fn unused() -> Result<Vec<u8>, String> {
    Ok(Vec::new())
}

/// An error with its causes.
fn whole_text(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}

fn numbers(path: &Path) -> Vec<(u8, bool)> {
    let keys = Keys::load(path).unwrap().unwrap();
    keys.shown()
        .iter()
        .map(|key| (key.number, key.signs))
        .collect()
}

/// Made once, private from the first byte, and the same ever after; nothing is left beside it.
#[test]
fn the_file_is_made_once() {
    let (dir, path) = place();
    assert_eq!(Keys::load(&path).unwrap(), None);
    let made = Keys::load_or_make(&path, NOW, unused).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let again = Keys::load_or_make(&path, NOW + 1, || panic!("asked though there is a file"));
    assert_eq!(again.unwrap(), made);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(numbers(&path), [(1, true)]);
    let (_other, elsewhere) = place();
    let other = Keys::load_or_make(&elsewhere, NOW, unused).unwrap();
    assert_ne!(other.deployment(), made.deployment());
    assert_ne!(other, made);
}

/// Many at once: one file, and everybody has its keys.
#[test]
fn processes_that_make_it_at_once_agree() {
    let (dir, path) = place();
    let made: Vec<Keys> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Keys::load_or_make(&path, NOW, unused).unwrap()))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let kept = Keys::load(&path).unwrap().unwrap();
    assert!(made.iter().all(|keys| *keys == kept));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// A lost file is made anew with a number that no link has, so that dead links are known as such.
#[test]
fn a_new_file_takes_no_used_number() {
    let (_dir, path) = place();
    Keys::load_or_make(&path, NOW, || Ok(vec![1, 3])).unwrap();
    assert_eq!(numbers(&path), [(4, true)]);
    let (_dir, path) = place();
    Keys::load_or_make(&path, NOW, || Ok(vec![255, 1])).unwrap();
    assert_eq!(numbers(&path), [(2, true)]);
    let (_dir, path) = place();
    let error = Keys::load_or_make(&path, NOW, || Err("no ledger".to_owned())).unwrap_err();
    assert_eq!(error.to_string(), "no ledger");
    assert!(!path.exists());
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let (_dir, path) = place();
    Keys::load_or_make(&path, NOW, unused).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o601] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&path, permissions).unwrap();
        let file = path.display();
        let error = whole_text(&Keys::load(&path).unwrap_err());
        assert_eq!(
            error,
            format!(
                "use the keys file: {file} has mode {mode:04o}, so others may read it: `chmod 600 \
                 {file}`, and if somebody may have read it, make a new secret"
            )
        );
    }
}

/// What is wrong with a damaged file is said without a byte of it.
#[test]
fn a_damaged_file_is_refused_without_showing_it() {
    let (_dir, path) = place();
    Keys::load_or_make(&path, NOW, unused).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    let secret = good.split("\"secret\": \"").nth(1).unwrap()[..64].to_owned();
    for (text, why) in [
        (
            good.replace("\"v\": 1", "\"v\": 2"),
            "a newer usher wrote it (layout 2)",
        ),
        (
            good.replace("\"number\": 1", "\"number\": 2"),
            "key 1, which signs, is missing",
        ),
        (
            good.replace(&secret, &secret[1..]),
            "key 1 is no 32 bytes in hex",
        ),
        (
            good.replace("\"secret\":", "\"secret\": {},\"x\":"),
            "line 9 cannot be read",
        ),
        (good[..good.len() / 2].to_owned(), "line 8 cannot be read"),
        (String::new(), "line 1 cannot be read"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Keys::load(&path).unwrap_err().to_string();
        assert!(!error.contains(&secret[..8]));
        let file = path.display();
        let expected = format!("the keys file {file} is damaged: {why}; put it back from a backup");
        assert_eq!(error, expected);
    }
    std::fs::write(&path, &good).unwrap();
    let keys = Keys::load(&path).unwrap().unwrap();
    assert!(!format!("{keys:?} {:?}", keys.ring()).contains(&secret[..8]));
}

/// A new key signs, the old one is believed until its last link has ended.
#[test]
fn s24_a_key_is_retired_after_its_last_link() {
    let (_dir, path) = place();
    Keys::load_or_make(&path, NOW, unused).unwrap();
    let said = |result: Result<(), KeysError>| result.map_err(|error| error.to_string());
    let retire = |number, until, now, force| said(Keys::retire(&path, number, until, now, force));
    assert_eq!(
        retire(1, None, NOW, true),
        Err("key 1 makes the new links; make another first: `usher keys add`".to_owned())
    );
    assert_eq!(Keys::add(&path, NOW).unwrap(), 2);
    assert_eq!(numbers(&path), [(1, false), (2, true)]);
    assert_eq!(
        retire(7, None, NOW, true),
        Err("there is no key 7; there are 1, 2".to_owned())
    );
    let until = NOW + 86_400_000;
    assert_eq!(
        retire(1, Some(until), NOW + FRESH_MS, false),
        Err(
            "links under key 1 are good until 2027-01-16 08:00:00 UTC; wait, or use --force: then \
             they are dead, and whoever is still asked gets a new mail"
                .to_owned()
        )
    );
    assert_eq!(
        retire(1, None, NOW + FRESH_MS - 1, false),
        Err("key 2 is not a minute old, and an engine may still sign with key 1".to_owned())
    );
    assert_eq!(retire(1, Some(until), until + 1, false), Ok(()));
    assert_eq!(numbers(&path), [(2, true)]);
    assert_eq!(Keys::add(&path, NOW).unwrap(), 3, "numbers go on");
    assert_eq!(retire(2, Some(until), NOW, true), Ok(()));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

/// Two at once lose nothing of each other.
#[test]
fn changes_are_made_one_after_the_other() {
    let (_dir, path) = place();
    Keys::load_or_make(&path, NOW, unused).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| Keys::add(&path, NOW).unwrap());
        }
    });
    assert_eq!(numbers(&path).len(), 9);
    let error = next_number(Some(9), |_| true).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there are 255 keys already; retire some: `usher keys retire N`"
    );
}

/// A running process has the new ring without a restart, and keeps the old one while the file is
/// unusable.
#[test]
fn s24_a_running_process_follows_the_file() {
    let (_dir, path) = place();
    let keys = Keys::load_or_make(&path, NOW, unused).unwrap();
    let (mut follower, watched) = Follower::new(path.clone(), keys);
    let seen = || watched.borrow().key_ids();
    follower.look();
    assert!(!watched.has_changed().unwrap(), "nothing changed");
    Keys::add(&path, NOW).unwrap();
    follower.look();
    assert_eq!((seen(), watched.borrow().signing()), (vec![1, 2], 2));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    Keys::load(&path).unwrap_err();
    follower.look();
    assert_eq!(seen(), [1, 2]);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    Keys::retire(&path, 1, None, NOW, true).unwrap();
    follower.look();
    assert_eq!(seen(), [2]);
    std::fs::remove_file(&path).unwrap();
    follower.look();
    assert_eq!(seen(), [2]);
}

/// It ends when the process does.
#[actix_rt::test]
async fn the_follower_ends() {
    let (_dir, path) = place();
    let keys = Keys::load_or_make(&path, NOW, unused).unwrap();
    let (follower, mut watched) = Follower::new(path.clone(), keys);
    let (end, ending) = watch(false);
    let running = actix_rt::spawn(follower.run(ending));
    Keys::add(&path, NOW).unwrap();
    watched.changed().await.unwrap();
    assert_eq!(watched.borrow_and_update().signing(), 2);
    end.send(true).unwrap();
    running.await.unwrap();
}

fn watch(
    first: bool,
) -> (
    tokio::sync::watch::Sender<bool>,
    tokio::sync::watch::Receiver<bool>,
) {
    tokio::sync::watch::channel(first)
}
