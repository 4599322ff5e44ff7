//! A folder of films or shows on disk as a source of media.
//!
//! [`LocalFolder`] reads the layouts of Plex, Jellyfin and Kodi users: names are read by
//! [`shelfread_domain::release`], NFO files say what names cannot. One source is one library. It
//! deliberately does not know what is inside a video, any catalogue, and the clock; it reads nothing
//! outside its root, and what it could not read it never calls missing (the rules are in the module
//! `walk`).
//!
//! ```text
//! list      the walk on a blocking thread → pages on a bounded channel
//! walk      folders, links, what is set aside, what casts doubt
//! films     a folder → films          shows, number   a folder → show, seasons, episodes
//! names     what folder names mean    nfo             what people wrote beside a video
//! remote    paths as remote ids       select          everything, what changed, a few ids
//! remove    deletes the files of one id               detect   films or shows
//! ```

mod detect;
mod disk;
#[cfg(test)]
mod faults;
mod films;
mod list;
mod names;
mod nfo;
mod number;
mod remote;
mod remove;
mod select;
mod shows;
mod walk;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use shelfread_domain::port::{
    LibraryKind, Listed, MediaSource, Problem, RemoteLibrary, RemovalEffect, RemoveMedia, Scope,
    ServerIdentity, SourceError,
};
use shelfread_domain::{PathMap, RemoteId, SourceKind};

use crate::disk::{Disk, Kind, RealDisk, Stat};
use crate::walk::io_error;

pub use detect::detect;

/// What a [`LocalFolder`] must know.
#[derive(Clone, Debug)]
pub struct LocalConfig {
    /// The root of the library. It need not be there yet.
    pub path: PathBuf,
    /// What it holds: [`LibraryKind::Movies`] or [`LibraryKind::Shows`]; see [`detect`].
    pub media: LibraryKind,
    /// How the paths of its files read for others.
    pub path_map: PathMap,
    /// Whether symbolic links that stay inside the root are followed. Those that leave it never are.
    pub follow_symlinks: bool,
}

impl LocalConfig {
    /// A folder with the defaults: no path mapping, links followed.
    pub fn new(path: impl Into<PathBuf>, media: LibraryKind) -> Self {
        Self { path: path.into(), media, path_map: PathMap::default(), follow_symlinks: true }
    }
}

/// A folder as a source.
#[derive(Clone, Debug)]
pub struct LocalFolder {
    place: Arc<Place>,
}

/// Where and how to read.
#[derive(Debug)]
pub(crate) struct Place {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// The name of the folder.
    name: String,
    media: LibraryKind,
    path_map: PathMap,
    follow_symlinks: bool,
}

impl LocalFolder {
    /// A source of this folder. Reads nothing yet: a disk may be mounted later.
    ///
    /// # Errors
    /// When the path is empty, or the kind of media is not one of films and shows.
    pub fn new(config: LocalConfig) -> Result<Self, SourceError> {
        Self::on(Arc::new(RealDisk), config)
    }

    fn on(disk: Arc<dyn Disk>, config: LocalConfig) -> Result<Self, SourceError> {
        let LocalConfig { path, media, path_map, follow_symlinks } = config;
        let problem = match media {
            _ if path.as_os_str().is_empty() => Some("the path of the folder is empty"),
            LibraryKind::Mixed => Some("say whether the folder holds movies or shows"),
            _ => None,
        };
        if let Some(problem) = problem {
            let what = format!("use the folder '{}'", remote::path_text(&path));
            return Err(SourceError::new(what, Problem::Configuration(problem.to_owned())));
        }
        let name = path.file_name().map_or_else(|| remote::path_text(&path), remote::name_text);
        let place = Place { disk, path, name, media, path_map, follow_symlinks };
        Ok(Self { place: Arc::new(place) })
    }

    /// Runs blocking work on the place.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Place) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let place = Arc::clone(&self.place);
        let done = tokio::task::spawn_blocking(move || work(&place)).await;
        done.unwrap_or_else(|error| Err(io_error(&self.place.path, &error)))
    }
}

impl Place {
    /// The root without links, when it is a folder that is there.
    fn open(&self) -> Result<(PathBuf, Stat), SourceError> {
        let root = self.disk.canonical(&self.path).map_err(|e| self.error(&e))?;
        let stat = self.disk.stat(&root).map_err(|e| self.error(&e))?;
        if stat.kind == Kind::Folder {
            Ok((root, stat))
        } else {
            Err(self.error(&io::Error::from(io::ErrorKind::NotADirectory)))
        }
    }

    fn error(&self, error: &io::Error) -> SourceError {
        io_error(&self.path, error)
    }
}

#[async_trait]
impl MediaSource for LocalFolder {
    fn kind(&self) -> SourceKind {
        SourceKind::Folder
    }

    /// The identity of a folder is its path without links: device numbers change with every mount.
    async fn identify(&self) -> Result<ServerIdentity, SourceError> {
        self.blocking(|place| {
            let (root, _) = place.open()?;
            Ok(ServerIdentity {
                server_id: remote::path_text(&root),
                name: place.name.clone(),
                version: "folder".to_owned(),
                viewer: None,
            })
        })
        .await
    }

    async fn libraries(&self) -> Result<Vec<RemoteLibrary>, SourceError> {
        self.blocking(|place| {
            place.open()?;
            let (remote_id, name, kind) = (".".to_owned(), place.name.clone(), place.media);
            Ok(vec![RemoteLibrary { remote_id, name, kind }])
        })
        .await
    }

    /// Lists the library; there is only one, so `library` is not looked at.
    fn list<'a>(
        &'a self,
        _library: &'a RemoteLibrary,
        scope: Scope,
    ) -> BoxStream<'a, Result<Listed, SourceError>> {
        list::stream(Arc::clone(&self.place), scope)
    }
}

#[async_trait]
impl RemoveMedia for LocalFolder {
    async fn effect(&self, _id: &RemoteId) -> Result<RemovalEffect, SourceError> {
        Ok(RemovalEffect::Files)
    }

    /// Deletes the files of an object: the folder that is its own, or else its files with their
    /// subtitles, pictures and descriptions. Never anything that another object also has, and never
    /// the root.
    async fn remove(&self, id: &RemoteId) -> Result<bool, SourceError> {
        let id = id.clone();
        self.blocking(move |place| remove::remove(place, &id)).await
    }
}
