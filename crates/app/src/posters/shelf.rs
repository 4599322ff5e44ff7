//! Posters on disk: one file for each, the oldest go when there are too many. What is there is
//! known from the folder itself, so it may be emptied at any time.
//!
//! It knows files and bytes, and nothing of items and sources.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, TimeDelta, Utc};

use super::picture::Picture;

/// After this a poster is fetched anew, and kept if it cannot be.
const FRESH: TimeDelta = TimeDelta::days(30);

/// Kept posters. Clones are the same ones.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
    most_bytes: u64,
    /// `None` until the folder was looked at.
    files: Arc<Mutex<Option<Files>>>,
}

#[derive(Debug, Default)]
struct Files {
    by_key: HashMap<String, File>,
    bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct File {
    bytes: u64,
    /// When it was fetched.
    at: DateTime<Utc>,
}

impl Shelf {
    pub fn new(folder: PathBuf, most_bytes: u64) -> Self {
        Self { folder, most_bytes, files: Arc::default() }
    }

    /// The poster of this key, unless it is too old.
    pub async fn fresh(&self, key: &str, now: DateTime<Utc>) -> Option<Picture> {
        let (shelf, key) = (self.clone(), key.to_owned());
        blocking(move || {
            let at = shelf.files().get_or_insert_with(|| Files::read(&shelf.folder)).at(&key)?;
            if now - at < FRESH { shelf.load(&key) } else { None }
        })
        .await
    }

    /// The poster of this key, however old it is.
    pub async fn any(&self, key: &str) -> Option<Picture> {
        let (shelf, key) = (self.clone(), key.to_owned());
        blocking(move || shelf.load(&key)).await
    }

    /// Keeps a poster and hands it out. That it cannot be kept is no reason not to show it.
    pub async fn keep(&self, key: &str, bytes: Vec<u8>, now: DateTime<Utc>) -> Option<Picture> {
        let (shelf, key) = (self.clone(), key.to_owned());
        let picture = Picture::of(bytes)?;
        blocking(move || {
            if let Err(error) = shelf.write(&key, &picture.bytes, now) {
                tracing::warn!("a poster cannot be kept in {}: {error}", shelf.folder.display());
            }
            Some(picture)
        })
        .await
    }

    fn load(&self, key: &str) -> Option<Picture> {
        let read = std::fs::read(self.folder.join(key)).ok().and_then(Picture::of);
        if read.is_none()
            && let Some(files) = &mut *self.files()
        {
            files.forget(key);
        }
        read
    }

    /// Writes a file whole or not at all, and makes room.
    fn write(&self, key: &str, bytes: &[u8], at: DateTime<Utc>) -> io::Result<()> {
        let size = bytes.len() as u64;
        if size > self.most_bytes / 4 {
            return Ok(());
        }
        std::fs::create_dir_all(&self.folder)?;
        let draft = self.folder.join(format!("{key}.new"));
        std::fs::write(&draft, bytes)?;
        std::fs::rename(&draft, self.folder.join(key))?;
        let mut files = self.files();
        let files = files.get_or_insert_with(|| Files::read(&self.folder));
        files.note(key, File { bytes: size, at });
        for old in files.surplus(self.most_bytes) {
            // Somebody else may have taken it away.
            let _ = std::fs::remove_file(self.folder.join(old));
        }
        Ok(())
    }

    fn files(&self) -> MutexGuard<'_, Option<Files>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files {
    /// What is in a folder; nothing when there is none.
    fn read(folder: &Path) -> Self {
        let mut files = Self::default();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (Ok(meta), Ok(name)) = (entry.metadata(), entry.file_name().into_string()) else {
                continue;
            };
            let at = meta.modified().unwrap_or(UNIX_EPOCH).max(UNIX_EPOCH);
            files.note(&name, File { bytes: meta.len(), at: moment(at) });
        }
        files
    }

    fn at(&self, key: &str) -> Option<DateTime<Utc>> {
        Some(self.by_key.get(key)?.at)
    }

    fn note(&mut self, key: &str, file: File) {
        self.forget(key);
        self.bytes += file.bytes;
        self.by_key.insert(key.to_owned(), file);
    }

    fn forget(&mut self, key: &str) {
        if let Some(file) = self.by_key.remove(key) {
            self.bytes -= file.bytes;
        }
    }

    /// The oldest ones, as many as must go; a tenth more, so that not every new one takes another
    /// one away.
    fn surplus(&mut self, most: u64) -> Vec<String> {
        if self.bytes <= most {
            return Vec::new();
        }
        let mut by_age: Vec<_> = self.by_key.iter().map(|(key, f)| (f.at, key.clone())).collect();
        by_age.sort_unstable();
        let mut gone = Vec::new();
        for (_, key) in by_age {
            if self.bytes <= most / 10 * 9 {
                break;
            }
            self.forget(&key);
            gone.push(key);
        }
        gone
    }
}

fn moment(at: SystemTime) -> DateTime<Utc> {
    at.into()
}

/// Files are read and written where that may take its time. A task that broke gives nothing.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Option<T> + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(fill: u8, size: usize) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n", vec![fill; size].as_slice()].concat()
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minute)
    }

    #[tokio::test]
    async fn the_oldest_go_when_there_are_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().join("posters"), 10_000);
        for n in 0..12 {
            shelf.keep(&format!("k{n}"), png(n, 1_000), at(n.into())).await.unwrap();
        }
        let mut kept = Vec::new();
        for n in 0..12 {
            kept.extend(shelf.fresh(&format!("k{n}"), at(20)).await.map(|_| n));
        }
        assert_eq!(kept, (4..12).collect::<Vec<_>>());
        assert_eq!(std::fs::read_dir(folder.path().join("posters")).unwrap().count(), kept.len());
        let huge = shelf.keep("huge", png(1, 5_000), at(20)).await;
        assert!(huge.is_some() && shelf.any("huge").await.is_none(), "shown, and not kept");
    }

    #[tokio::test]
    async fn what_was_kept_outlives_a_restart_and_grows_old() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = || Shelf::new(folder.path().to_owned(), 1 << 20);
        let now = Utc::now();
        let kept = shelf().keep("k", png(1, 9), now).await.unwrap();
        assert_eq!(shelf().fresh("k", now).await, Some(kept.clone()));
        assert_eq!(shelf().fresh("k", now + FRESH + FRESH).await, None);
        assert_eq!(shelf().any("k").await, Some(kept));
        std::fs::write(folder.path().join("k"), "<svg/>").unwrap();
        assert_eq!(shelf().any("k").await, None, "what is there is looked at again");
    }
}
