//! The load: runs of a few steps each, topped up whenever fewer are alive.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use suite::Place;

/// Runs alive at the beginning of every cycle, at least.
pub(crate) const LIVE: usize = 200;

/// Steps of a run.
pub(crate) const STEPS: usize = 4;

/// Runs submitted at a time, in one file.
const BATCH: usize = 20;

/// Runs by name, and the file that makes more of them.
pub(crate) struct Load {
    file: PathBuf,
    names: Vec<String>,
}

impl Load {
    /// Steps write their words to the file at `words`.
    pub(crate) fn new(place: &Place, words: &Path) -> Load {
        let words = words.display();
        let mut text = String::new();
        for _ in 0..BATCH {
            text.push_str(
                "---\napiVersion: argoproj.io/v1alpha1\nkind: Workflow\n\
                 metadata: {generateName: k-}\nspec:\n  entrypoint: main\n  templates:\n\
                 \x20 - name: main\n    steps:\n",
            );
            for step in 0..STEPS {
                writeln!(text, "    - - {{name: s{step}, template: mark}}").expect("a text");
            }
            writeln!(
                text,
                "  - name: mark\n    container:\n      image: busybox\n      command: [sh, -c]\n\
                 \x20     args: ['echo b {{{{node.name}}}} >> {words}; sleep 0.5; \
                 echo e {{{{node.name}}}} >> {words}']"
            )
            .expect("a text");
        }
        Load {
            file: place.file("batch.yaml", &text),
            names: Vec::new(),
        }
    }

    /// Submits until enough runs are alive.
    pub(crate) fn fill(&mut self, place: &Place) {
        let mut alive = self.live(place);
        while alive < LIVE {
            let file = self.file.display().to_string();
            let said = place
                .usher(["submit", file.as_str(), "-o", "name"])
                .with_code(0);
            self.names.extend(said.out.lines().map(str::to_owned));
            alive += BATCH;
        }
    }

    /// Names of all runs that were accepted.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// How many runs have not ended.
    pub(crate) fn live(&self, place: &Place) -> usize {
        let phases = self.phases(place);
        phases
            .values()
            .filter(|phase| *phase == "Running" || *phase == "Pending")
            .count()
    }

    /// The phase of every run.
    pub(crate) fn phases(&self, place: &Place) -> BTreeMap<String, String> {
        let list = place.usher(["list", "-o", "json"]).with_code(0).json();
        let items = list.get("items").unwrap_or(&list).as_array().cloned();
        items
            .expect("a list")
            .iter()
            .map(|item| {
                let name = item["metadata"]["name"].as_str().unwrap_or("").to_owned();
                (name, suite::phase(item).to_owned())
            })
            .collect()
    }
}
