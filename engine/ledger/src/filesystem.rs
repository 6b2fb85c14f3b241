//! Whether a path is on a network file system, where SQLite's locks and syncs do not hold.

use std::path::Path;

/// FUSE's number: what is behind it is known by its name only.
const FUSE: u64 = 0x6573_5546;

/// Names of file systems behind FUSE that reach over a network.
const FUSE_NETWORK: [&str; 14] = [
    "fuse.sshfs",
    "fuse.s3fs",
    "fuse.rclone",
    "fuse.glusterfs",
    "fuse.ceph-fuse",
    "fuse.cephfs",
    "fuse.gcsfuse",
    "fuse.goofys",
    "fuse.davfs",
    "fuse.davfs2",
    "fuse.curlftpfs",
    "fuse.blobfuse",
    "fuse.juicefs",
    "fuse.moosefs",
];

/// The kind of network file system that an existing path is on; none when it is a local one or
/// cannot be asked.
#[must_use]
pub fn network_kind(path: &Path) -> Option<String> {
    #[cfg(target_os = "linux")]
    {
        let found = rustix::fs::statfs(path).ok()?;
        #[allow(
            clippy::cast_sign_loss,
            clippy::unnecessary_cast,
            reason = "a magic number of 32 bits; its type differs between platforms"
        )]
        let magic = found.f_type as u64 & 0xffff_ffff;
        kind_of(magic, || fuse_name(path)).map(Into::into)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        None
    }
}

/// The kind by statfs's number, with the name of what is behind FUSE asked for only then.
fn kind_of(
    magic: u64,
    fuse: impl FnOnce() -> Option<String>,
) -> Option<std::borrow::Cow<'static, str>> {
    Some(match magic {
        0x6969 => "NFS".into(),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB".into(),
        0x5346_414f | 0x6b41_4653 => "AFS".into(),
        0x0102_1997 => "9P".into(),
        0x00c3_6400 => "Ceph".into(),
        0x0bd0_0bd0 => "Lustre".into(),
        0x4750_4653 => "GPFS".into(),
        0x7375_7245 => "Coda".into(),
        FUSE => {
            return fuse()
                .filter(|name| FUSE_NETWORK.contains(&name.as_str()))
                .map(Into::into);
        }
        _ => return None,
    })
}

/// What mountinfo calls the file system of a path: `fuse.sshfs`.
#[cfg(target_os = "linux")]
fn fuse_name(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let device = std::fs::metadata(path).ok()?.dev();
    let wanted = format!(
        "{}:{}",
        rustix::fs::major(device),
        rustix::fs::minor(device)
    );
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    mount_type(&mounts, &wanted).map(str::to_owned)
}

/// The type of the mount with this device: the first word behind the lonely hyphen.
fn mount_type<'a>(mounts: &'a str, device: &str) -> Option<&'a str> {
    mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        (before.split(' ').nth(2) == Some(device)).then(|| after.split(' ').next())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 27 0:20 / /proc rw,nosuid shared:5 - proc proc rw
95 27 0:51 / /home/me/far rw,nosuid - fuse.sshfs me@far:/ rw,user_id=0
96 27 0:52 / /home/me/near rw shared:9 - fuse.bindfs /data rw
";

    /// Numbers of statfs and names of mounts give the kind, local ones none.
    #[test]
    fn kinds() {
        let cases = [
            (0x6969, None, Some("NFS")),
            (0xff53_4d42, None, Some("SMB")),
            (0xef53, None, None),
            (0x0102_1994, None, None),
            (FUSE, Some("0:51"), Some("fuse.sshfs")),
            (FUSE, Some("0:52"), None),
            (FUSE, Some("9:9"), None),
        ];
        for (magic, device, kind) in cases {
            let name = || mount_type(MOUNTS, device?).map(str::to_owned);
            assert_eq!(
                kind_of(magic, name).as_deref(),
                kind,
                "{magic:x} {device:?}"
            );
        }
    }

    /// The folder for temporary files of a test machine is local.
    #[test]
    fn this_machine() {
        assert_eq!(network_kind(&std::env::temp_dir()), None);
    }
}
