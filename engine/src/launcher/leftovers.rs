//! What steps leave behind empty: output that nobody wrote, a working directory that nobody used.
//!
//! Most steps leave one or both so. Once their end is committed these are removed: a run of many
//! steps leaves few files, and the file system gives the next step what it just got back, which
//! costs a fraction of finding something new.
//!
//! A place that is empty as a whole is not even removed but moved to where the next step wants
//! its own, if one comes soon: one rename for eight operations on files, which was most of the
//! price of a short step. It is as good as new: nobody writes there any more, and all of it is as
//! we made it. It is looked at and its files are opened while nobody waits.

use std::collections::HashMap;
use std::fs::{File, FileType};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::output::Stream;
use super::wire::{Key, Launch};

/// The usual names in a launch's folder.
const STDOUT: &str = "stdout";
const STDERR: &str = "stderr";
const WORK: &str = "work";

/// How long an empty place waits for a step that wants it.
const SPARE_FOR: Duration = Duration::from_millis(250);

/// How long the places of released launches wait at most, while steps are being started.
const CLEAR_WITHIN: Duration = Duration::from_millis(5);

/// How many empty places wait at most.
const SPARES_MAX: usize = 64;

/// Where a step's things are.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    cwd: PathBuf,
    /// Its output files, as far as they are empty.
    empty: Vec<PathBuf>,
}

impl Place {
    /// The place of a launch.
    pub(super) fn of(launch: &Launch) -> Place {
        Place {
            folder: launch.folder().to_owned(),
            cwd: launch.cwd.clone(),
            empty: Vec::new(),
        }
    }

    /// One of its output files has stayed empty.
    pub(super) fn is_empty(&mut self, output: PathBuf) {
        self.empty.push(output);
    }

    /// Whether its folders are as they were made: two files and an empty working directory, with
    /// our modes and no other names. Its files are looked at when they are opened.
    fn is_as_new(&self) -> bool {
        let is_ours = |path: &Path| {
            let meta = std::fs::symlink_metadata(path);
            meta.is_ok_and(|meta| meta.is_dir() && meta.permissions().mode() & 0o7777 == 0o700)
        };
        let kinds = |path: &Path| -> Option<Vec<FileType>> {
            let entries = std::fs::read_dir(path).ok()?.take(4);
            entries.map(|entry| entry.ok()?.file_type().ok()).collect()
        };
        let work = self.folder.join(WORK);
        let has_three = |kinds: Vec<FileType>| {
            kinds.len() == 3 && kinds.iter().filter(|kind| kind.is_file()).count() == 2
        };
        self.empty.len() == 2
            && is_ours(&work)
            && kinds(&work).is_some_and(|kinds| kinds.is_empty())
            && is_ours(&self.folder)
            && kinds(&self.folder).is_some_and(has_three)
    }

    /// Removes what is empty. Only what is inside the launch's own folder is ours.
    fn clear(&self) {
        for path in &self.empty {
            let _ = std::fs::remove_file(path);
        }
        let mut inner = self.cwd.as_path();
        while inner.starts_with(&self.folder) && std::fs::remove_dir(inner).is_ok() {
            let Some(outer) = inner.parent() else { break };
            inner = outer;
        }
    }
}

/// The output files of a step, open, and how each is bounded.
pub(super) type Outputs = [(File, Stream); 2];

/// An empty place that waits for a step, with its output files open.
#[derive(Debug)]
struct Spare {
    place: Place,
    outputs: Outputs,
}

impl Spare {
    /// Takes a place if it is as new.
    fn of(place: Place) -> Result<Spare, Place> {
        if !place.is_as_new() {
            return Err(place);
        }
        let open = |name: &str| -> std::io::Result<(File, Stream)> {
            let path = place.folder.join(name);
            let flags = i32::from_ne_bytes(OFlags::NOFOLLOW.bits().to_ne_bytes());
            let mut options = File::options();
            let file = options.append(true).custom_flags(flags).open(&path)?;
            let meta = file.metadata()?;
            let is_ours = meta.is_file() && meta.permissions().mode() & 0o7777 == 0o600;
            if !is_ours || meta.len() > 0 || meta.nlink() != 1 {
                return Err(std::io::ErrorKind::AlreadyExists.into());
            }
            Ok((file, Stream::of(&path, &meta, 0)))
        };
        match (open(STDOUT), open(STDERR)) {
            (Ok(stdout), Ok(stderr)) => Ok(Spare {
                outputs: [stdout, stderr],
                place,
            }),
            _ => Err(place),
        }
    }
}

/// Whether a launch wants its place as most do: only those serve each other.
fn has_usual_shape(launch: &Launch) -> bool {
    let folder = launch.folder();
    launch.stdout == folder.join(STDOUT)
        && launch.stderr == folder.join(STDERR)
        && launch.cwd == folder.join(WORK)
}

/// The places of steps that have ended.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    ended: HashMap<Key, Place>,
    released: Vec<Place>,
    /// When the released ones are looked at, whatever else there is to do.
    look_at: Option<Instant>,
    spares: Vec<Spare>,
    clear_at: Option<Instant>,
}

impl Leftovers {
    /// A step has ended; its output is wanted until its release.
    pub(super) fn ended(&mut self, key: Key, place: Place) {
        self.ended.insert(key, place);
    }

    /// These launches are released.
    pub(super) fn release(&mut self, keys: &[Key]) {
        let places = keys.iter().filter_map(|key| self.ended.remove(key));
        self.released.extend(places);
        if !self.released.is_empty() && self.look_at.is_none() {
            self.look_at = Some(Instant::now() + CLEAR_WITHIN);
        }
    }

    /// Moves an empty place to where this launch wants its own, and answers its output files. None
    /// when there is none that would do. `quiet` says that no process of an ended step can still
    /// be there.
    pub(super) fn reuse(&mut self, launch: &Launch, quiet: bool) -> Option<Outputs> {
        if !quiet || !has_usual_shape(launch) {
            return None;
        }
        let Spare { place, outputs } = self.spares.pop()?;
        // A folder that is there is not replaced: it is not empty as long as it is somebody's.
        if std::fs::rename(&place.folder, launch.folder()).is_err() {
            place.clear();
            return None;
        }
        let [(stdout, out), (stderr, err)] = outputs;
        let max_bytes = launch.output_max_bytes;
        Some([
            (stdout, out.moved(&launch.stdout, max_bytes)),
            (stderr, err.moved(&launch.stderr, max_bytes)),
        ])
    }

    /// Clears the places of released launches; those that are as new may serve again a little
    /// later. While steps are being started this only does what cannot wait: on a busy machine it
    /// would keep them from their processor.
    pub(super) fn clear(&mut self, now: Instant, is_starting: bool) {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_starting && !is_due(self.look_at) && !is_due(self.clear_at) {
            return;
        }
        self.look_at = None;
        for place in self.released.drain(..) {
            if self.spares.len() >= SPARES_MAX {
                place.clear();
                continue;
            }
            match Spare::of(place) {
                Ok(spare) => {
                    self.spares.push(spare);
                    self.clear_at = Some(now + SPARE_FOR);
                }
                Err(place) => place.clear(),
            }
        }
        if self.clear_at.is_some_and(|at| at <= now) {
            self.clear_at = None;
            self.spares.drain(..).for_each(|spare| spare.place.clear());
        }
    }

    /// When [`Leftovers::clear`] is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.look_at.into_iter().chain(self.clear_at).min()
    }

    /// Clears everything, for a launcher that ends.
    pub(super) fn clear_all(&mut self) {
        let spares = self.spares.drain(..).map(|spare| spare.place);
        let places = self.released.drain(..).chain(spares);
        places.for_each(|place| place.clear());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(dir: &Path, number: u32) -> Launch {
        let folder = dir.join(number.to_string());
        Launch {
            key: Key {
                run: "r".to_owned(),
                node: number,
                launch: 1,
            },
            argv: Vec::new(),
            env: Vec::new(),
            cwd: folder.join(WORK),
            stdout: folder.join(STDOUT),
            stderr: folder.join(STDERR),
            script: None,
            image: String::new(),
            output_max_bytes: 1,
        }
    }

    /// A released place, as the launcher makes it, with something done to it.
    fn released(leftovers: &mut Leftovers, launch: &Launch, change: impl Fn(&Path)) {
        let folder = launch.folder();
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).unwrap();
        builder.create(&launch.cwd).unwrap();
        let mut place = Place::of(launch);
        for path in [&launch.stdout, &launch.stderr] {
            std::fs::write(path, "").unwrap();
            set_mode(path, 0o600);
            place.is_empty(path.clone());
        }
        change(folder);
        leftovers.ended(launch.key.clone(), place);
        leftovers.release(std::slice::from_ref(&launch.key));
    }

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn an_empty_place_is_moved_and_any_other_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let mut leftovers = Leftovers::default();
        let mut number = 0;
        let mut case = |change: &dyn Fn(&Path), quiet: bool| {
            number += 2;
            let (old, new) = (launch(dir.path(), number), launch(dir.path(), number + 1));
            released(&mut leftovers, &old, change);
            leftovers.clear(Instant::now(), false);
            let moved = leftovers.reuse(&new, quiet).is_some();
            assert_eq!(moved, new.folder().exists());
            leftovers.clear_all();
            assert!(!moved || !old.folder().exists());
            moved
        };
        assert!(case(&|_| {}, true));
        assert!(!case(&|_| {}, false));
        assert!(!case(
            &|dir| std::fs::write(dir.join("stdout"), "x").unwrap(),
            true
        ));
        assert!(!case(
            &|dir| std::fs::write(dir.join("work/x"), "").unwrap(),
            true
        ));
        assert!(!case(
            &|dir| std::fs::write(dir.join("script"), "").unwrap(),
            true
        ));
        assert!(!case(&|dir| set_mode(&dir.join("work"), 0o755), true));
        assert!(!case(&|dir| set_mode(&dir.join("stderr"), 0o644), true));
        let link = |dir: &Path| {
            std::fs::hard_link(dir.join("stdout"), dir.with_extension("link")).unwrap();
        };
        assert!(!case(&link, true));
    }

    #[test]
    fn a_folder_that_is_there_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let mut leftovers = Leftovers::default();
        let (old, new) = (launch(dir.path(), 1), launch(dir.path(), 2));
        released(&mut leftovers, &old, |_| {});
        leftovers.clear(Instant::now(), false);
        std::fs::create_dir(new.folder()).unwrap();
        std::fs::write(&new.stdout, "kept").unwrap();
        assert!(leftovers.reuse(&new, true).is_none());
        assert_eq!(std::fs::read_to_string(&new.stdout).unwrap(), "kept");
        assert!(!old.folder().exists());
    }

    #[test]
    fn a_spare_place_is_cleared_when_nobody_wants_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut leftovers = Leftovers::default();
        let old = launch(dir.path(), 1);
        released(&mut leftovers, &old, |_| {});
        let now = Instant::now();
        leftovers.clear(now, false);
        assert!(old.folder().exists());
        let due = leftovers.due().unwrap();
        assert_eq!(due, now + SPARE_FOR);
        leftovers.clear(due, false);
        assert!(!old.folder().exists());
        assert_eq!(leftovers.due(), None);
    }
}
