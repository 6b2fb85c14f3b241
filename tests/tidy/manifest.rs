//! As much of a Cargo manifest as the rules need: its name and what it depends on.

use crate::tree::File;

/// A crate's name and the names of its dependencies, of all kinds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub path: String,
    pub name: String,
    /// Needed to build or run it.
    pub needs: Vec<String>,
    /// Needed by its tests alone.
    pub for_tests: Vec<String>,
}

/// The manifests of crates; the workspace's own is none.
pub(crate) fn manifests(files: &[File]) -> Vec<Manifest> {
    let crates = files
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"));
    crates.map(read).collect()
}

fn read(file: &File) -> Manifest {
    let mut manifest = Manifest {
        path: file.path.clone(),
        name: String::new(),
        needs: Vec::new(),
        for_tests: Vec::new(),
    };
    let mut section = "";
    for line in file.text.lines().map(str::trim) {
        if let Some(head) = line.strip_prefix('[') {
            section = head.trim_end_matches(']');
            // `[dependencies.name]`, also below `[target.….`.
            if let Some((kind, name)) = section.rsplit_once('.')
                && kind.ends_with("dependencies")
            {
                manifest.add(kind, name);
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let key = key.trim().trim_matches('"');
        if section == "package" && key == "name" {
            manifest.name = value.trim().trim_matches('"').to_owned();
        } else if section.ends_with("dependencies") {
            let name = key.split('.').next().unwrap_or(key);
            manifest.add(section, name);
        }
    }
    manifest
}

impl Manifest {
    fn add(&mut self, kind: &str, name: &str) {
        let list = if kind.ends_with("dev-dependencies") {
            &mut self.for_tests
        } else {
            &mut self.needs
        };
        list.push(name.to_owned());
    }
}

#[test]
fn every_way_to_write_a_dependency_is_read() {
    let text = "[package]\nname = \"a\"\nversion.workspace = true\n[dependencies]\n\
                b = { workspace = true }\nc.workspace = true\n\"d\" = \"1\"\n\
                [dependencies.e]\nversion = \"1\"\n[target.'cfg(unix)'.dependencies]\nf = \"1\"\n\
                [build-dependencies]\ng = \"1\"\n[dev-dependencies]\nh = \"1\"\n[lints]\nx = 1\n";
    let names = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        manifests(&[
            File::planted("a/Cargo.toml", text),
            File::planted("Cargo.toml", text)
        ]),
        [Manifest {
            path: "a/Cargo.toml".to_owned(),
            name: "a".to_owned(),
            needs: names("b c d e f g"),
            for_tests: names("h"),
        }]
    );
}
