//! The file system as this crate sees it: four questions, asked through a trait so that tests can
//! let any of them fail. Knows no media and decides nothing.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, FileType, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

/// What is behind a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    File,
    Folder,
    Link,
    /// A pipe, socket or device: never opened.
    Other,
}

/// What the file system says of a file or folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub kind: Kind,
    pub size: u64,
    /// When the content was last changed.
    pub modified: Option<DateTime<Utc>>,
    /// When anything was: content, name, owner, rights.
    pub changed: Option<DateTime<Utc>>,
    /// Device and inode: equal for the same object only.
    pub identity: (u64, u64),
}

/// The questions.
pub(crate) trait Disk: Send + Sync + fmt::Debug {
    /// The names in a folder, in any order. One entry that cannot be read fails the folder: half
    /// a folder is no answer.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<(OsString, Kind)>>;
    /// What is behind a path; links are followed.
    fn stat(&self, path: &Path) -> io::Result<Stat>;
    /// The path without links.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;
    /// The first `limit` bytes of a file.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;
}

/// The real one.
#[derive(Debug)]
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn read_dir(&self, path: &Path) -> io::Result<Vec<(OsString, Kind)>> {
        fs::read_dir(path)?
            .map(|entry| entry.and_then(|e| Ok((e.file_name(), e.file_type()?.into()))))
            .collect()
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        fs::metadata(path).map(|m| Stat::from(&m))
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl From<FileType> for Kind {
    fn from(kind: FileType) -> Self {
        match kind {
            k if k.is_symlink() => Self::Link,
            k if k.is_dir() => Self::Folder,
            k if k.is_file() => Self::File,
            _ => Self::Other,
        }
    }
}

impl From<&Metadata> for Stat {
    fn from(m: &Metadata) -> Self {
        let time = |seconds, nanos| DateTime::from_timestamp(seconds, u32::try_from(nanos).ok()?);
        let modified = time(m.mtime(), m.mtime_nsec());
        Self {
            kind: m.file_type().into(),
            size: m.len(),
            modified,
            changed: modified.max(time(m.ctime(), m.ctime_nsec())),
            identity: (m.dev(), m.ino()),
        }
    }
}
