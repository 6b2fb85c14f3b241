//! Really runs the work of a pod with `/bin/sh` and friends, but lets no time pass: `sleep` only
//! writes down how long it would have taken.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use usher_api::duration::parse_duration_ms;
use usher_core::effect::Work;

/// What a process did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    /// Exit code; 128 + signal; 64 when it could not be started.
    pub(crate) code: i32,
    /// The runtime's own message.
    pub(crate) message: Option<String>,
    /// Stdout, one trailing newline taken off.
    pub(crate) stdout: String,
    /// How long it would have taken, milliseconds.
    pub(crate) took_ms: i64,
}

/// A folder with a `sleep` of its own.
#[derive(Debug)]
pub(crate) struct Shell {
    folder: TempDir,
}

impl Shell {
    pub(crate) fn new() -> Shell {
        let folder = tempfile::tempdir().expect("a folder");
        let sleep = folder.path().join("bin/sleep");
        std::fs::create_dir(folder.path().join("bin")).expect("a folder");
        std::fs::write(&sleep, "#!/bin/sh\necho \"$1\" >> \"$SLEPT\"\n").expect("write sleep");
        std::fs::set_permissions(&sleep, Permissions::from_mode(0o755)).expect("set its mode");
        Shell { folder }
    }

    /// Runs the work to its end.
    pub(crate) fn run(&self, work: &Work) -> Ran {
        let slept = self.folder.path().join("slept");
        std::fs::write(&slept, "").expect("write a file");
        let mut argv = work.argv.clone();
        if let Some(source) = &work.source {
            let script = self.folder.path().join("script");
            std::fs::write(&script, source).expect("write the script");
            argv.push(script.to_string_lossy().into_owned());
        }
        let program = argv.first().cloned().unwrap_or_default();
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
        let path = format!("{}:{path}", self.folder.path().join("bin").display());
        let output = Command::new(&program)
            .args(argv.iter().skip(1))
            .env("PATH", path)
            .env("SLEPT", &slept)
            .envs(work.env.iter().cloned())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output();
        let output = match output {
            Ok(output) => output,
            Err(error) => {
                let message = format!("cannot start `{program}`: {error}");
                return Ran {
                    code: 64,
                    message: Some(message),
                    stdout: String::new(),
                    took_ms: 0,
                };
            }
        };
        let status = output.status;
        let code = status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal));
        let mut stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        if stdout.ends_with('\n') {
            stdout.pop();
        }
        Ran {
            code: code.unwrap_or(-1),
            message: None,
            stdout,
            took_ms: total_ms(&slept),
        }
    }
}

fn total_ms(slept: &Path) -> i64 {
    let text = std::fs::read_to_string(slept).expect("read what sleep wrote");
    text.lines()
        .map(|line| parse_duration_ms(line).expect("sleep takes a time"))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(argv: &[&str]) -> Work {
        Work {
            pod_name: "p".into(),
            node_id: "n".into(),
            node_name: "n".into(),
            image: String::new(),
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            env: vec![("WORD".into(), "salt".into())],
            working_dir: None,
            source: None,
            wants_result: false,
        }
    }

    #[test]
    fn work_is_done_and_no_time_passes() {
        let shell = Shell::new();
        let ran = shell.run(&work(&[
            "sh",
            "-c",
            "sleep 60; sleep 2; echo $WORD; exit 3",
        ]));
        let stdout = "salt".to_owned();
        assert_eq!(
            ran,
            Ran {
                code: 3,
                message: None,
                stdout,
                took_ms: 62_000
            }
        );
        assert_eq!(shell.run(&work(&["sleep", "5"])).took_ms, 5_000);
        assert_eq!(shell.run(&work(&["sh", "-c", "kill -9 $$"])).code, 137);
        let missing = shell.run(&work(&["no-such-command-xyz"]));
        assert_eq!(missing.code, 64);
        assert!(
            missing
                .message
                .is_some_and(|text| text.contains("`no-such-command-xyz`"))
        );
    }
}
