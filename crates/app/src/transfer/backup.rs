//! Backup: a copy of the whole database while everybody goes on working. A file appears under its
//! name only when it is whole.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use futures::future::BoxFuture;

use crate::App;
use crate::error::{AppError, Result};

impl App {
    /// Copies the database into a new file that only its owner may read. Tokens in it are encrypted;
    /// the key is not part of it.
    ///
    /// # Errors
    /// [`AppError::Usage`] when the file exists or cannot be written, or the database is PostgreSQL,
    /// with what to do instead.
    pub fn backup<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let partial = reserved(file)?;
            let done = match self.store.copy_to(&partial).await {
                Ok(true) => kept(&partial, file).map_err(|e| unwritable(file, &e)),
                Ok(false) => Err(AppError::Usage(format!(
                    "PostgreSQL copies its databases itself: `pg_dump --format=custom --file={} '{}'`; \
                 `shelfread export` writes the catalogue as text",
                    file.display(),
                    self.store.url()
                ))),
                Err(error) => Err(error.into()),
            };
            if done.is_err() {
                // What is left of the attempt is of no use; that it cannot be removed is no news.
                let _ = fs::remove_file(&partial);
            }
            done
        })
    }
}

/// A file that only its owner may read and that appears under its name when it is whole.
#[derive(Debug)]
pub struct NewFile {
    file: fs::File,
    partial: PathBuf,
    path: PathBuf,
}

impl NewFile {
    /// Begins a file that does not exist yet.
    ///
    /// # Errors
    /// [`AppError::Usage`] when it exists or cannot be written.
    pub fn begin(path: &Path) -> Result<Self> {
        let partial = reserved(path)?;
        let file = OpenOptions::new().write(true).open(&partial);
        let file = file.map_err(|e| unwritable(path, &e))?;
        Ok(Self { file, partial, path: path.to_owned() })
    }

    /// Lets it appear.
    ///
    /// # Errors
    /// [`AppError::Usage`] when it cannot be written.
    pub fn keep(self) -> Result<()> {
        let synced = self.file.sync_all().and_then(|()| kept(&self.partial, &self.path));
        synced.map_err(|e| unwritable(&self.path, &e))
    }

    /// Takes it away again.
    pub fn discard(self) {
        // It was never whole, and nothing refers to it.
        let _ = fs::remove_file(&self.partial);
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// An empty file beside the one that is to appear, for its owner only.
fn reserved(path: &Path) -> Result<PathBuf> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(AppError::Usage(format!("{} exists already", path.display())));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(AppError::Usage(format!("{} is no name of a file", path.display())));
    }
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&partial).map_err(|e| unwritable(path, &e))?;
    Ok(partial)
}

/// Gives a whole file its name, unless somebody else has taken that meanwhile.
fn kept(partial: &Path, path: &Path) -> io::Result<()> {
    fs::hard_link(partial, path)?;
    fs::remove_file(partial)
}

fn unwritable(path: &Path, error: &io::Error) -> AppError {
    AppError::Usage(format!("{} cannot be written: {error}", path.display()))
}
