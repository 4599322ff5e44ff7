//! What tests do to a world while servers show it.

use chrono::{DateTime, Utc};
use shelfread_domain::ItemKind;

use super::random::Random;
use super::{Library, Object, ObjectId, Overview, Shelves, Version, World};

impl World {
    /// From now on everything is stamped with this time; `None` for the real one.
    pub fn set_clock(&self, at: Option<DateTime<Utc>>) {
        self.write().clock = at;
    }

    /// Adds a library; its number.
    pub fn add_library(&self, library: Library) -> usize {
        let mut shelves = self.write();
        shelves.libraries.push(library);
        shelves.libraries.len() - 1
    }

    /// Adds a film with one file to the first library.
    pub fn add_movie(&self, title: &str, year: i32) -> ObjectId {
        let mut shelves = self.write();
        let name = format!("{} ({year})", file_name(title));
        let path = format!("{}/{name}/{name}.mkv", shelves.root(0));
        let id = shelves.add(ItemKind::Movie, title);
        shelves.with(id, |o| {
            o.libraries = vec![0];
            o.year = Some(year);
            o.versions = vec![file(path, o.id)];
        })
    }

    /// Adds a show without seasons to the second library.
    pub fn add_show(&self, title: &str, year: i32) -> ObjectId {
        let mut shelves = self.write();
        let folder = format!("{}/{} ({year})", shelves.root(1), file_name(title));
        let id = shelves.add(ItemKind::Show, title);
        shelves.with(id, |o| {
            o.libraries = vec![1];
            o.year = Some(year);
            o.folder = Some(folder);
        })
    }

    /// The season of that number, added if it was not there. 0 holds the specials.
    pub fn add_season(&self, show: ObjectId, number: i32) -> ObjectId {
        self.write().season(show, number)
    }

    /// Adds an episode with one file, and its season if that was not there. Other forms (several
    /// episodes in one file, without numbers, without a file) are made with [`World::edit`].
    pub fn add_episode(&self, show: ObjectId, season: i32, number: i32) -> ObjectId {
        let mut shelves = self.write();
        let season_id = shelves.season(show, season);
        let folder = shelves.get(season_id).or_else(|| shelves.get(show)).and_then(Object::path);
        let path = format!("{}/S{season:02}E{number:02}.mkv", folder.unwrap_or("/data"));
        let id = shelves.add(ItemKind::Episode, &format!("Episode {number}"));
        shelves.with(id, |o| {
            o.show = Some(show);
            o.season = Some(season_id);
            o.season_number = Some(season);
            o.episode_number = Some(number);
            o.versions = vec![file(path, o.id)];
        })
    }

    /// Changes an object in any way. An object that is gone stays gone.
    pub fn edit(&self, id: ObjectId, change: impl FnOnce(&mut Object)) {
        self.write().edit(id, change);
    }

    /// Another title.
    pub fn rename(&self, id: ObjectId, title: &str) {
        self.edit(id, |o| title.clone_into(&mut o.title));
    }

    /// Another number of an episode, in another season if need be.
    pub fn renumber(&self, episode: ObjectId, season: i32, number: i32) {
        let mut shelves = self.write();
        let Some(show) = shelves.get(episode).and_then(|o| o.show) else { return };
        let season_id = shelves.season(show, season);
        shelves.edit(episode, |o| {
            o.season = Some(season_id);
            o.season_number = Some(season);
            o.episode_number = Some(number);
        });
    }

    /// Puts a film or show into other libraries; into several, if there are several numbers.
    pub fn shelve(&self, id: ObjectId, libraries: &[usize]) {
        self.edit(id, |o| o.libraries = libraries.to_vec());
    }

    /// Moves the files of an object and of what hangs on it: `from` in their paths becomes `to`.
    pub fn move_files(&self, id: ObjectId, from: &str, to: &str) {
        let mut shelves = self.write();
        for id in shelves.family(id) {
            shelves.edit(id, |o| {
                o.folder = o.folder.as_ref().map(|f| f.replace(from, to));
                for version in &mut o.versions {
                    version.path = version.path.replace(from, to);
                }
                o.moves += 1;
            });
        }
    }

    /// Its files, and those of what hangs on it, go into the trash of a Plex, or come back.
    pub fn trash(&self, id: ObjectId, trashed: bool) {
        let mut shelves = self.write();
        let at = shelves.now();
        for id in shelves.family(id) {
            shelves.edit(id, |o| o.trashed_at = trashed.then_some(at));
        }
    }

    /// Removes an object with what hangs on it.
    pub fn remove(&self, id: ObjectId) {
        let mut shelves = self.write();
        for id in shelves.family(id) {
            shelves.objects[id.0 as usize] = None;
        }
    }

    /// Writes other descriptions for `percent` of the films and episodes, always the same ones for
    /// the same seed; which.
    pub fn change_some(&self, percent: u64, seed: u64) -> Vec<ObjectId> {
        let mut shelves = self.write();
        let some = shelves.some(percent, seed);
        for id in &some {
            shelves.edit(*id, |o| o.overview = Overview::Said(format!("Rewritten: {seed}")));
        }
        some
    }

    /// Removes `percent` of the films and episodes, always the same ones for the same seed; which.
    pub fn remove_some(&self, percent: u64, seed: u64) -> Vec<ObjectId> {
        let mut shelves = self.write();
        let some = shelves.some(percent, seed);
        for id in &some {
            shelves.objects[id.0 as usize] = None;
        }
        some
    }
}

impl Shelves {
    fn root(&self, library: usize) -> &str {
        self.libraries.get(library).map_or("/data", |l| l.root.as_str())
    }

    pub(super) fn add(&mut self, kind: ItemKind, title: &str) -> ObjectId {
        let id = ObjectId(u32::try_from(self.objects.len()).unwrap_or(u32::MAX));
        self.objects.push(Some(Object::new(id, kind, title, self.now())));
        id
    }

    /// Finishes an object that was just added.
    pub(super) fn with(&mut self, id: ObjectId, finish: impl FnOnce(&mut Object)) -> ObjectId {
        if let Some(object) = self.get_mut(id) {
            finish(object);
        }
        id
    }

    fn season(&mut self, show: ObjectId, number: i32) -> ObjectId {
        let is_it = |o: &&Object| {
            o.kind == ItemKind::Season && o.show == Some(show) && o.season_number == Some(number)
        };
        if let Some(season) = self.all().find(is_it) {
            return season.id;
        }
        let name = if number == 0 { "Specials".into() } else { format!("Season {number}") };
        let parent = self.get(show).and_then(|s| s.folder.clone());
        let id = self.add(ItemKind::Season, &name);
        self.with(id, |o| {
            o.show = Some(show);
            o.season_number = Some(number);
            o.folder = parent.map(|p| format!("{p}/Season {number:02}"));
        })
    }

    /// Stamps the change: play state and everything else have times of their own.
    fn edit(&mut self, id: ObjectId, change: impl FnOnce(&mut Object)) {
        let now = self.now();
        let Some(object) = self.get_mut(id) else { return };
        let before = object.clone();
        change(object);
        if object.play != before.play {
            object.play_saved_at = now;
        }
        let same_but_play = Object { play: object.play, ..before };
        if (Object { play_saved_at: object.play_saved_at, ..same_but_play }) != *object {
            object.saved_at = now;
        }
    }

    /// The object and what hangs on it.
    fn family(&self, id: ObjectId) -> Vec<ObjectId> {
        let hangs = |o: &&Object| o.id == id || o.show == Some(id) || o.season == Some(id);
        self.all().filter(hangs).map(|o| o.id).collect()
    }

    fn some(&self, percent: u64, seed: u64) -> Vec<ObjectId> {
        let leaf = |o: &&Object| matches!(o.kind, ItemKind::Movie | ItemKind::Episode);
        let leaves: Vec<_> = self.all().filter(leaf).map(|o| o.id).collect();
        let share = |id: ObjectId| Random::new(seed, u64::from(id.0)).next();
        let mut drawn: Vec<_> = leaves.iter().map(|id| (share(*id), *id)).collect();
        drawn.sort_unstable();
        drawn.truncate(leaves.len() * usize::try_from(percent).unwrap_or(100) / 100);
        drawn.into_iter().map(|(_, id)| id).collect()
    }
}

/// A title as people name files.
pub(super) fn file_name(title: &str) -> String {
    let name: String = title.chars().filter(|c| !c.is_control() && *c != '/').take(80).collect();
    if name.trim().is_empty() { "untitled".to_owned() } else { name }
}

pub(super) fn file(path: String, id: ObjectId) -> Version {
    Version { path, size: 700_000_000 + Random::new(1, u64::from(id.0)).below(20_000_000_000) }
}
