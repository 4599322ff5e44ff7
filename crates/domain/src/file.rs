//! Files as sources name them. The same file has another path in every container, so two paths
//! are compared by their tails.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

/// One file (or version) of an item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileRef {
    /// Path as the source says it, after the source's path mapping; `/` or `\` separate.
    pub path: String,
    /// Size in bytes; `None` when the source does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// When the content was last changed; only folders know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<DateTime<Utc>>,
}

impl FileRef {
    /// A file of which only path and size are known.
    pub fn new(path: impl Into<String>, size: Option<u64>) -> Self {
        Self { path: path.into(), size, modified: None }
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        split_last(&self.path).1
    }

    /// The name of the folder that holds the file; empty at the top.
    pub fn parent(&self) -> &str {
        split_last(split_last(&self.path).0).1
    }

    /// Rule 4 of identity: equal file name with parent folder, and equal size. `None` without a
    /// size, because a name alone proves nothing.
    pub fn key(&self) -> Option<i64> {
        let size = self.size.filter(|s| *s > 0)?;
        Some(hash(&[
            self.parent().to_lowercase().as_bytes(),
            self.name().to_lowercase().as_bytes(),
            &size.to_le_bytes(),
        ]))
    }

    /// The same file after its folder was renamed: equal name, size and time of change. Known
    /// only where the source says the time of change.
    pub fn moved_key(&self) -> Option<i64> {
        let size = self.size.filter(|s| *s > 0)?;
        let modified = self.modified?.timestamp_nanos_opt()?;
        Some(hash(&[self.name().as_bytes(), &size.to_le_bytes(), &modified.to_le_bytes()]))
    }
}

fn split_last(path: &str) -> (&str, &str) {
    path.trim_end_matches(['/', '\\']).rsplit_once(['/', '\\']).unwrap_or(("", path))
}

#[allow(clippy::cast_possible_wrap)]
fn hash(parts: &[&[u8]]) -> i64 {
    let mut bytes = Vec::with_capacity(parts.iter().map(|p| p.len() + 1).sum());
    for part in parts {
        bytes.extend_from_slice(part);
        bytes.push(0);
    }
    XxHash3_64::oneshot(&bytes) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file_under_other_prefixes() {
        let a = FileRef::new("/data/films/Heat (1995)/Heat.mkv", Some(5));
        let b = FileRef::new(r"D:\Films\Heat (1995)\heat.MKV", Some(5));
        assert_eq!(a.key(), b.key());
        assert_ne!(a.key(), FileRef::new("/data/films/Heat (1995)/Heat.mkv", Some(6)).key());
        assert_ne!(a.key(), FileRef::new("/data/films/Heat/Heat.mkv", Some(5)).key());
        assert_eq!(FileRef::new("/Heat.mkv", None).key(), None);
    }

    #[test]
    fn a_moved_file_is_known_by_its_time() {
        let at = DateTime::from_timestamp_nanos(1_700_000_000_123_456_789);
        let file = |path: &str| FileRef { modified: Some(at), ..FileRef::new(path, Some(7)) };
        assert_eq!(file("A (1999)/a.mkv").moved_key(), file("B/a.mkv").moved_key());
        assert_eq!(FileRef::new("A/a.mkv", Some(7)).moved_key(), None);
    }
}
