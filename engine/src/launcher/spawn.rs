//! Makes one process: its directory, its files, its program, its group.
//!
//! Only what `posix_spawn` can do is asked of `Command`, and the program is given by an absolute
//! path: anything else makes it fork, which is slow (a clippy ban guards the rest).

use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, kill_process_group, pidfd_open, waitpid,
};

use super::ears::{Ears, Source};
use super::kernel::{start_ticks, ticks_now};
use super::leftovers::Outputs;
use super::output::Stream;
use super::wire::{DETACHED_VARIABLE, LAUNCH_VARIABLE, LAUNCHER_VARIABLE, Launch};

/// Where programs are looked for when the environment has no `PATH`.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A process that was just made.
#[derive(Debug)]
pub(super) struct Made {
    /// It, the leader of its group.
    pub(super) pid: Pid,
    /// A descriptor of it, heard when it ends.
    pub(super) pidfd: OwnedFd,
    /// When it began, in clock ticks since boot, where that is known.
    pub(super) start_ticks: Option<u64>,
    /// Its two output files.
    pub(super) streams: [Stream; 2],
}

/// Why there is no process.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The step's fault: it ends with exit code 64 and this message.
    Step(String),
    /// This machine's fault; another attempt may do better.
    Host(String),
    /// Its folder shows that it was started before. Nobody knows what became of it.
    Again,
}

/// Makes the process of a launch, for the launcher in `dir`, which hears of its end by `ears`. A
/// launch that is placed has its folder already, as it would be made here, with its output files.
///
/// # Errors
/// When there is none; nothing of it runs then.
pub(super) fn make(
    launch: &Launch,
    placed: Option<Outputs>,
    stdin: Stdio,
    dir: &str,
    ears: &Ears,
) -> Result<Made, Failure> {
    let [(stdout, stdout_stream), (stderr, stderr_stream)] = match placed {
        Some(outputs) => outputs,
        None => prepare(launch)?,
    };
    let program = find(launch)?;
    let mut command = Command::new(&program);
    if let Some((name, arguments)) = launch.argv.split_first() {
        command.arg0(name).args(arguments);
    }
    if let Some(source) = &launch.script {
        command.arg(write_script(launch.folder(), source)?);
    }
    let env = launch
        .env
        .iter()
        .filter(|(name, _)| name != DETACHED_VARIABLE);
    command
        .env_clear()
        .envs(env.map(|(name, value)| (name, value)))
        .env(LAUNCH_VARIABLE, launch.key.to_string())
        .env(LAUNCHER_VARIABLE, dir)
        .current_dir(&launch.cwd)
        .process_group(0)
        .stdin(stdin)
        .stdout(stdout)
        .stderr(stderr);
    let before = ticks_now();
    let child = command
        .spawn()
        .map_err(|error| cannot_start(launch, &error))?;
    let pid = Pid::from_child(&child);
    // Mostly within one tick: then the clock knows, and the kernel, who may let us wait until the
    // program is loaded, need not be asked.
    let start_ticks = match ticks_now() == before {
        true => Some(before),
        false => start_ticks(pid),
    };
    let watched = pidfd_open(pid, PidfdFlags::empty())
        .map_err(io::Error::from)
        .and_then(|pidfd| {
            ears.hear(&pidfd, Source::Step(pid))?;
            Ok(pidfd)
        });
    match watched {
        Ok(pidfd) => Ok(Made {
            pid,
            pidfd,
            start_ticks,
            streams: [stdout_stream, stderr_stream],
        }),
        Err(error) => {
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = waitpid(Some(pid), WaitOptions::empty());
            Err(Failure::Host(format!("cannot watch the process: {error}")))
        }
    }
}

/// Makes the launch's own files and folders.
fn prepare(launch: &Launch) -> Result<Outputs, Failure> {
    make_folder(launch.folder())?;
    // Before all else of it: who finds this file knows that there was a start.
    let open = |path| open_stream(path, launch.output_max_bytes);
    let streams = [open(&launch.stdout)?, open(&launch.stderr)?];
    if launch.makes_cwd() {
        make_folder(&launch.cwd)?;
    } else if !launch.cwd.is_dir() {
        let cwd = launch.cwd.display();
        return Err(Failure::Step(format!(
            "cannot find the working directory `{cwd}`; local runs use this machine's own folders"
        )));
    }
    Ok(streams)
}

/// The absolute path of the program.
fn find(launch: &Launch) -> Result<PathBuf, Failure> {
    let Some(name) = launch.argv.first().filter(|name| !name.is_empty()) else {
        let message = match launch.image.as_str() {
            "" => "there is no command".to_owned(),
            image => format!("there is no command; local runs ignore image `{image}`"),
        };
        return Err(Failure::Step(message));
    };
    if name.contains('/') {
        let path = launch.cwd.join(name);
        return if path.exists() {
            Ok(path)
        } else {
            Err(cannot_find(launch, name))
        };
    }
    let path = launch
        .env
        .iter()
        .rev()
        .find(|(variable, _)| variable == "PATH");
    let path = path.map_or(USUAL_PATH, |(_, value)| value.as_str());
    let folders = path.split(':').map(|folder| launch.cwd.join(folder));
    let mut found = folders
        .map(|folder| folder.join(name))
        .filter(|path| path.is_file());
    // As a shell does: one that may not be run is passed over.
    let program = found.find(|path| access(path, Access::EXEC_OK).is_ok());
    program.ok_or_else(|| cannot_find(launch, name))
}

fn cannot_find(launch: &Launch, name: &str) -> Failure {
    Failure::Step(match launch.image.as_str() {
        "" => format!("cannot find `{name}`"),
        image => format!("cannot find `{name}`; local runs ignore image `{image}`"),
    })
}

fn cannot_start(launch: &Launch, error: &io::Error) -> Failure {
    let name = launch.argv.first().map_or("", String::as_str);
    let message = format!("cannot start `{name}`: {error}");
    let scarce = [Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE];
    if scarce
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
    {
        return Failure::Host(message);
    }
    Failure::Step(message)
}

fn host(verb: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Host(format!("cannot {verb} {}: {error}", path.display()))
}

/// Makes a folder and what is missing above it. Mostly what is above is there.
fn make_folder(path: &Path) -> Result<(), Failure> {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    let made = match builder.create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => builder.recursive(true).create(path),
        made => made,
    };
    made.map_err(|error| host("make", path, &error))
}

fn open_stream(path: &Path, max_bytes: u64) -> Result<(File, Stream), Failure> {
    let open = || {
        let file = File::options()
            .create_new(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        let stream = Stream::new(path, &file, max_bytes)?;
        Ok((file, stream))
    };
    open().map_err(|error: io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Again,
        _ => host("open", path, &error),
    })
}

/// Writes a script's source and answers its path.
fn write_script(folder: &Path, source: &str) -> Result<OsString, Failure> {
    let path = folder.join("script");
    let write = || {
        let mut file = File::options()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(source.as_bytes())
    };
    write().map_err(|error| host("write", &path, &error))?;
    Ok(path.into_os_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launcher::wire::Key;

    fn launch(dir: &Path, argv: &[&str], path: Option<&str>, image: &str) -> Launch {
        let path = path.map(|path| ("PATH".to_owned(), path.to_owned()));
        Launch {
            key: Key {
                run: "r".to_owned(),
                node: 0,
                launch: 1,
            },
            argv: argv.iter().map(|part| (*part).to_owned()).collect(),
            env: path.into_iter().collect(),
            cwd: dir.to_owned(),
            stdout: dir.join("stdout"),
            stderr: dir.join("stderr"),
            script: None,
            image: image.to_owned(),
            output_max_bytes: 1 << 20,
        }
    }

    #[test]
    fn a_program_is_found_as_a_shell_finds_it() {
        let dir = tempfile::tempdir().unwrap();
        let plain = dir.path().join("tool");
        std::fs::write(&plain, "").unwrap();
        let inner = dir.path().join("bin");
        DirBuilder::new().create(&inner).unwrap();
        std::os::unix::fs::symlink("/bin/sh", inner.join("tool")).unwrap();
        let both = format!("{}:{}", dir.path().display(), inner.display());
        let found = |argv: &[&str], path| find(&launch(dir.path(), argv, path, ""));
        assert_eq!(found(&["tool"], Some(&both)), Ok(inner.join("tool")));
        assert_eq!(found(&["tool"], Some("bin")), Ok(inner.join("tool")));
        assert_eq!(found(&["bin/tool"], None), Ok(inner.join("tool")));
        assert_eq!(found(&["/bin/sh"], None), Ok(PathBuf::from("/bin/sh")));
        assert!(found(&["sh"], None).is_ok());
        assert!(found(&["tool"], Some("/nowhere")).is_err());
    }

    #[test]
    fn what_cannot_run_is_said_in_full() {
        let dir = tempfile::tempdir().unwrap();
        let plain = dir.path().join("plain");
        std::fs::write(&plain, "").unwrap();
        let plain = plain.display().to_string();
        let refused = format!("cannot start `{plain}`: Permission denied (os error 13)");
        let cases: [(&[&str], &str, &str); 6] = [
            (
                &["cowsay"],
                "docker/whalesay",
                "cannot find `cowsay`; local runs ignore image `docker/whalesay`",
            ),
            (&["cowsay"], "", "cannot find `cowsay`"),
            (
                &["/none/x"],
                "i",
                "cannot find `/none/x`; local runs ignore image `i`",
            ),
            (&[], "i", "there is no command; local runs ignore image `i`"),
            (&[""], "", "there is no command"),
            (&[&plain], "i", &refused),
        ];
        let ears = Ears::new().unwrap();
        let make = |launch: &Launch| make(launch, None, Stdio::null(), "/d", &ears);
        for (number, (argv, image, expected)) in (0..).zip(cases) {
            let mut launch = launch(dir.path(), argv, Some("/nowhere"), image);
            own_folder(&mut launch, dir.path(), number);
            let failure = make(&launch).unwrap_err();
            assert_eq!(failure, Failure::Step(expected.to_owned()));
            assert_eq!(make(&launch).unwrap_err(), Failure::Again);
        }
        let mut nul = launch(dir.path(), &["/bin/sh", "a\0b"], None, "");
        own_folder(&mut nul, dir.path(), 99);
        let nul = make(&nul).unwrap_err();
        assert!(matches!(nul, Failure::Step(_)), "{nul:?}");
        let mut lost = launch(dir.path(), &["/bin/true"], None, "");
        lost.cwd = PathBuf::from("/no such folder");
        let expected = "cannot find the working directory `/no such folder`; local runs use this \
                        machine's own folders";
        let lost = make(&lost).unwrap_err();
        assert_eq!(lost, Failure::Step(expected.to_owned()));
    }

    fn own_folder(launch: &mut Launch, dir: &Path, number: u32) {
        let folder = dir.join(number.to_string());
        launch.stdout = folder.join("stdout");
        launch.stderr = folder.join("stderr");
        launch.cwd = folder.join("work");
    }
}
