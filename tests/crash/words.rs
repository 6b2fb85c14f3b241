//! The words of the steps: `b NODE` when one begins, `e NODE` when it ends, in a file outside the
//! engine. Waiting for words is waiting for the file to change (inotify), not for time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

/// Longer than anything takes that does not hang, seconds.
const PATIENCE_S: i64 = 60;

/// What the steps have said so far.
pub(crate) struct Words {
    path: PathBuf,
    lines: BufReader<File>,
    changes: OwnedFd,
    begun: BTreeMap<String, usize>,
    ended: usize,
    count: usize,
}

impl Words {
    pub(crate) fn new(folder: &Path) -> Words {
        let path = folder.join("words");
        std::fs::write(&path, "").expect("a file");
        let changes = inotify::init(inotify::CreateFlags::NONBLOCK).expect("inotify");
        inotify::add_watch(&changes, &path, inotify::WatchFlags::MODIFY).expect("a watch");
        let lines = BufReader::new(File::open(&path).expect("the file"));
        Words {
            path,
            lines,
            changes,
            begun: BTreeMap::new(),
            ended: 0,
            count: 0,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Steps that began and have not ended.
    pub(crate) fn in_flight(&self) -> usize {
        self.begun.values().sum::<usize>() - self.ended
    }

    /// All words so far.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// How often each step began, after a last look.
    pub(crate) fn begun(&mut self) -> BTreeMap<String, usize> {
        self.look();
        self.begun.clone()
    }

    /// Waits until something holds of the words.
    pub(crate) fn until(&mut self, holds: impl Fn(&Words) -> bool) {
        loop {
            self.look();
            if holds(self) {
                return;
            }
            let mut fds = [PollFd::new(&self.changes, PollFlags::IN)];
            let wait = Timespec {
                tv_sec: PATIENCE_S,
                tv_nsec: 0,
            };
            let ready = poll(&mut fds, Some(&wait)).expect("a wait");
            assert!(ready > 0, "no step has said anything for {PATIENCE_S} s");
            let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
            let mut events = inotify::Reader::new(&self.changes, &mut buffer);
            while events.next().is_ok() {}
        }
    }

    /// Reads what is new. Appends of one line are whole.
    fn look(&mut self) {
        let mut line = String::new();
        while self.lines.read_line(&mut line).expect("the file") > 0 {
            match line.trim_end().split_once(' ') {
                Some(("b", node)) => *self.begun.entry(node.to_owned()).or_default() += 1,
                Some(("e", _)) => self.ended += 1,
                other => panic!("a step said {other:?}"),
            }
            self.count += 1;
            line.clear();
        }
    }
}
