//! The world: what films and shows there are, whoever shows them. One world may stand behind many
//! servers, and tests change it while they run.
//!
//! It knows things and deliberately no wire format, no remote ids and no faults; those belong to
//! the servers.

mod edit;
mod generate;
mod object;
mod random;
mod text;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chrono::{DateTime, Utc};
use serde::Serialize;
use shelfread_domain::ItemKind;
use shelfread_domain::port::LibraryKind;

pub use generate::Size;
pub use object::{Object, ObjectId, Overview, Version};
pub(crate) use random::Random;
pub use random::mix;
pub use text::hostile_titles;

/// A part of the world that servers list as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Library {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: LibraryKind,
    /// The folder that holds its files.
    pub root: String,
}

/// A handle to a world. Clones show the same world; [`World::fork`] makes another one.
#[derive(Clone, Debug)]
pub struct World(Arc<RwLock<Shelves>>);

/// What is in a world.
#[derive(Clone, Debug)]
pub(crate) struct Shelves {
    /// Counts the changes.
    pub revision: u64,
    /// The libraries, by number.
    pub libraries: Vec<Library>,
    /// The objects by id; a gap where one was removed.
    objects: Vec<Option<Object>>,
    clock: Option<DateTime<Utc>>,
}

/// How many catalogue items a world amounts to: what is on disk, a file with three episodes
/// counted as three.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Census {
    /// Films.
    pub movies: u64,
    /// Shows.
    pub shows: u64,
    /// Seasons.
    pub seasons: u64,
    /// Episodes.
    pub episodes: u64,
}

impl Census {
    /// All of them.
    pub const fn total(&self) -> u64 {
        self.movies + self.shows + self.seasons + self.episodes
    }
}

impl World {
    /// A world with an empty library of films (number 0) and one of shows (number 1).
    pub fn empty() -> Self {
        let library = |name: &str, kind, root: &str| Library {
            name: name.to_owned(),
            kind,
            root: root.to_owned(),
        };
        let libraries = vec![
            library("Films", LibraryKind::Movies, "/data/films"),
            library("Shows", LibraryKind::Shows, "/data/shows"),
        ];
        Self::of(Shelves { revision: 0, libraries, objects: Vec::new(), clock: None })
    }

    /// Another world that is equal now and goes its own way from here.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::of(self.read().clone())
    }

    fn of(shelves: Shelves) -> Self {
        Self(Arc::new(RwLock::new(shelves)))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Shelves> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Shelves> {
        let mut shelves = self.0.write().unwrap_or_else(PoisonError::into_inner);
        shelves.revision += 1;
        shelves
    }

    /// The libraries, by number.
    pub fn libraries(&self) -> Vec<Library> {
        self.read().libraries.clone()
    }

    /// The object, if it is still there.
    pub fn get(&self, id: ObjectId) -> Option<Object> {
        self.read().get(id).cloned()
    }

    /// The first object with that title.
    pub fn find(&self, title: &str) -> Option<ObjectId> {
        self.read().all().find(|o| o.title == title).map(|o| o.id)
    }

    /// The objects of a kind in the order in which they came.
    pub fn ids(&self, kind: ItemKind) -> Vec<ObjectId> {
        self.read().all().filter(|o| o.kind == kind).map(|o| o.id).collect()
    }

    /// What a complete and correct catalogue of this world holds.
    pub fn census(&self) -> Census {
        let shelves = self.read();
        let mut census = Census::default();
        for object in shelves.all() {
            match object.kind {
                ItemKind::Movie => census.movies += u64::from(object.is_on_disk()),
                ItemKind::Show => census.shows += 1,
                ItemKind::Season => census.seasons += 1,
                ItemKind::Episode if object.is_on_disk() => census.episodes += object.parts(),
                ItemKind::Episode => {}
            }
        }
        census
    }
}

impl Shelves {
    pub fn get(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id.0 as usize)?.as_ref()
    }

    fn get_mut(&mut self, id: ObjectId) -> Option<&mut Object> {
        self.objects.get_mut(id.0 as usize)?.as_mut()
    }

    /// Everything that is there, in the order in which it came.
    pub fn all(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().flatten()
    }

    /// Whether the object is in that library.
    pub fn is_in(&self, object: &Object, library: usize) -> bool {
        match object.show {
            None => object.libraries.contains(&library),
            Some(show) => self.get(show).is_some_and(|s| s.libraries.contains(&library)),
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.unwrap_or_else(Utc::now)
    }
}
