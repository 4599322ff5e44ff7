//! The model: what must be true of the tables after each step, judged by what the servers really
//! told and what people did. Simple bookkeeping, written without a look at the rules of the
//! program.

use std::collections::{BTreeMap, BTreeSet};

use super::port::Heard;
use super::tables::{Id, Personal, Tables};
use super::world::{Part, Thing, World};

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub promise: &'static str,
    /// How.
    pub how: String,
}

/// What a check says.
pub type Verdict = Result<(), Broken>;

/// A broken promise.
pub fn broken<T>(promise: &'static str, how: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { promise, how: how.into() })
}

/// What kind of work was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A sync that may do all that a sync may.
    Sync,
    /// A sync that only brings what is new.
    SkipSync,
    /// Held removals were approved.
    Approve,
    /// A run was taken back, or an item that nothing lists taken away.
    Undo,
    /// A person decided something else.
    Person,
}

impl Work {
    const fn is_sync(self) -> bool {
        matches!(self, Self::Sync | Self::SkipSync)
    }
}

/// A step that was done, for the model to judge.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// What it was.
    pub work: Work,
    /// It was killed.
    pub killed: bool,
    /// The tables before.
    pub before: &'a Tables,
    /// The tables after.
    pub after: &'a Tables,
    /// What the servers told meanwhile.
    pub heard: &'a Heard,
}

/// The books.
#[derive(Debug, Default)]
pub struct Model {
    /// What people set, by item. Never forgotten: an item may come back.
    pub personal: BTreeMap<Id, Personal>,
    /// Which item a thing is.
    items: BTreeMap<Thing, Id>,
}

impl Model {
    /// Judges a step.
    ///
    /// # Errors
    /// The first promise that is broken.
    pub fn judge(&mut self, world: &mut World, done: &Done<'_>) -> Verdict {
        if let Some(server) = done.heard.doubled.first() {
            return broken("leases", format!("server {server} was listed by two runs at once"));
        }
        structure(done.after)?;
        self.personal_rows(done.after)?;
        match done.work {
            Work::Sync | Work::SkipSync | Work::Approve => self.after_sync(world, done),
            Work::Undo | Work::Person => {
                self.after_person(world, done);
                Ok(())
            }
        }
    }

    /// P3: what people set is as they set it, and items show it.
    fn personal_rows(&self, after: &Tables) -> Verdict {
        let nothing = Personal::default();
        for (id, item) in &after.items {
            let wanted = self.personal.get(id).unwrap_or(&nothing);
            let is = after.personal.get(id).unwrap_or(&nothing);
            if is != wanted {
                return broken("P3", format!("{} has {is:?}, set was {wanted:?}", item.title));
            }
            for (field, value) in &is.overrides {
                let shown = match field.as_str() {
                    "title" => Some(item.title.clone()),
                    "year" => item.year.map(|y| y.to_string()),
                    _ => item.overview.clone(),
                };
                if shown != *value {
                    return broken("P3", format!("{field} shows {shown:?}, set was {value:?}"));
                }
            }
        }
        Ok(())
    }

    fn after_sync(&mut self, world: &mut World, done: &Done<'_>) -> Verdict {
        proven(world, done)?;
        if done.work.is_sync() {
            guarded(world, done)?;
        }
        journalled(done)?;
        self.listings_stay(world, done)?;
        if !done.killed && done.work == Work::Sync {
            self.told_is_there(world, done)?;
        }
        Ok(())
    }

    /// The thing that an item is, as far as the books say.
    fn thing_of(&self, item: Id) -> Option<Thing> {
        self.items.iter().find(|(_, id)| **id == item).map(|(thing, _)| *thing)
    }

    fn is_loose(&self, world: &World, item: Id) -> bool {
        self.thing_of(item).is_none_or(|(work, _)| world.works[work].loose)
    }

    /// P2: a listing stays with its item, whatever its remote id becomes.
    fn listings_stay(&self, world: &World, done: &Done<'_>) -> Verdict {
        for (id, was) in &done.before.listings {
            let Some(is) = done.after.listings.get(id) else { continue };
            if let Some(item) = was.item
                && is.item != was.item
                && !self.is_loose(world, item)
            {
                let how =
                    format!("listing {} went from item {item:x} to {:x?}", was.remote, is.item);
                return broken("P2", how);
            }
        }
        Ok(())
    }

    /// P1, P2, P8: whatever was told has its row, at the item that the thing always was, and no
    /// other thing is that item.
    fn told_is_there(&mut self, world: &mut World, done: &Done<'_>) -> Verdict {
        let rows: BTreeMap<_, _> = (done.after.listings.values())
            .map(|l| ((l.library, l.remote.as_str(), l.part), l))
            .collect();
        for (library, row) in &done.after.libraries {
            let Some(server) = world.servers.iter().position(|s| s.name == row.source) else {
                continue;
            };
            let Some(told) = done.heard.told.get(&(server, row.remote.clone())) else { continue };
            for ((remote, part), thing) in &told.things {
                let found = rows.get(&(*library, remote.as_str(), *part));
                let Some(listing) = found else {
                    // An episode whose show is not known waits until that is told.
                    let show = told.alone.get(&(remote.clone(), *part));
                    let is_known = |show: &String| rows.contains_key(&(*library, show.as_str(), 0));
                    if world.works[thing.0].loose || show.is_some_and(|show| !is_known(show)) {
                        continue;
                    }
                    let how = format!("{thing:?} was told by {} and has no listing", row.source);
                    return broken("P8", how);
                };
                self.is_item(world, *thing, listing.item, &done.after.items)?;
            }
            // What a stranger told says nothing of what the server has.
            if told.complete && world.servers[server].alien.is_none() {
                for work in &mut world.works {
                    work.untold.remove(&server);
                }
            }
        }
        Ok(())
    }

    fn is_item(
        &mut self,
        world: &World,
        thing: Thing,
        item: Option<Id>,
        items: &BTreeMap<Id, super::tables::Item>,
    ) -> Verdict {
        if world.works[thing.0].loose {
            return Ok(());
        }
        let Some(item) = item else {
            return broken("P1", format!("{thing:?} has a listing without an item"));
        };
        let known = self.items.get(&thing).copied().filter(|known| items.contains_key(known));
        if known.is_some_and(|known| known != item) {
            return broken("P2", format!("{thing:?} was item {known:x?} and is {item:x}"));
        }
        let other = self.items.iter().find(|(t, i)| **i == item && **t != thing);
        if let Some((other, _)) = other.filter(|(t, _)| !world.works[t.0].loose) {
            return broken("P1", format!("{thing:?} and {other:?} are one item"));
        }
        self.items.insert(thing, item);
        Ok(())
    }

    /// What a person moved is where the person wants it: the model does not ask again.
    fn after_person(&mut self, world: &mut World, done: &Done<'_>) {
        let mut moved = BTreeSet::new();
        for (id, was) in &done.before.listings {
            let is = done.after.listings.get(id).map(|l| l.item);
            if is != Some(was.item) {
                moved.extend(was.item);
                moved.extend(is.flatten());
            }
        }
        moved.extend(done.before.items.keys().filter(|id| !done.after.items.contains_key(id)));
        moved.extend(done.after.items.keys().filter(|id| !done.before.items.contains_key(id)));
        // A show whose place in the tree changed takes the identity of its episodes along.
        for id in moved {
            if let Some((work, _)) = self.thing_of(id) {
                world.works[work].loose |= done.work == Work::Person;
                if done.work == Work::Undo {
                    self.items.retain(|(w, _), _| *w != work);
                }
            }
        }
        // What has no id may be called again what it was called before.
        if done.work == Work::Undo {
            world.works.iter_mut().filter(|w| w.weak).for_each(|w| w.loose = true);
        }
        self.personal_again(done.after);
    }

    /// Takes over what people decided about several items at once.
    pub fn personal_again(&mut self, after: &Tables) {
        for id in after.items.keys() {
            let is = after.personal.get(id).cloned().unwrap_or_default();
            self.personal.insert(*id, is);
        }
    }
}

/// P1, P11: what must be true of any catalogue at any time.
fn structure(tables: &Tables) -> Verdict {
    let mut places = BTreeSet::new();
    for (id, item) in &tables.items {
        let is_top = item.kind == "movie" || item.kind == "show";
        let parent = item.parent.map(|parent| tables.items.get(&parent).map(|p| p.kind.as_str()));
        if is_top != item.parent.is_none() || parent.is_some_and(|kind| kind != Some("show")) {
            return broken("P11", format!("{} {} hangs on {parent:?}", item.kind, item.title));
        }
        let place = (item.kind.as_str(), item.parent, item.season, item.episode);
        let numbered = match item.kind.as_str() {
            "season" => item.season.is_some(),
            "episode" => item.season.is_some() && item.episode.is_some(),
            _ => false,
        };
        if numbered && !places.insert(place) {
            return broken("P1", format!("{place:?} is there twice, once as {id:x}"));
        }
    }
    let mut remote = BTreeSet::new();
    for listing in tables.listings.values() {
        if !remote.insert((listing.library, &listing.remote, listing.part)) {
            return broken("P1", format!("listing {} is there twice", listing.remote));
        }
        let item = listing.item.map(|item| tables.items.contains_key(&item));
        if item == Some(false) || (item.is_none() && !listing.review) {
            return broken("P11", format!("listing {} hangs on nothing", listing.remote));
        }
    }
    for ((kind, provider, value), item) in &tables.external_ids {
        if tables.items.get(item).is_none_or(|i| i.kind != *kind) {
            return broken("P11", format!("{provider} {value} belongs to no {kind}"));
        }
    }
    let hangs = tables.personal.keys().chain(tables.progress.keys().map(|(id, _)| id));
    match hangs.into_iter().find(|id| !tables.items.contains_key(id)) {
        Some(id) => broken("P11", format!("something is said of item {id:x}, which is not there")),
        None => Ok(()),
    }
}

/// P4: a listing goes, or is marked missing, only when its library was told whole without it.
fn proven(world: &World, done: &Done<'_>) -> Verdict {
    for (id, was) in &done.before.listings {
        let is = done.after.listings.get(id);
        if is.is_some_and(|is| !is.missing || was.missing) {
            continue;
        }
        let library = done.after.libraries.get(&was.library);
        let library = library.or_else(|| done.before.libraries.get(&was.library));
        let Some(library) = library else {
            return broken("P4", "a library is gone");
        };
        let server =
            world.servers.iter().position(|s| s.name == library.source).unwrap_or(usize::MAX);
        let told = done.heard.told.get(&(server, library.remote.clone()));
        if told.is_some_and(|t| t.complete && !t.unnamed) {
            continue;
        }
        let named = done.heard.libraries.get(&server);
        let vanished = named.is_some_and(|named| !named.contains(&library.remote));
        if vanished && done.work == Work::Approve {
            continue;
        }
        let what = if is.is_some() { "marked missing" } else { "removed" };
        let how = format!("{} of {} was {what} without proof", was.remote, library.source);
        return broken("P4", how);
    }
    Ok(())
}

/// P5: no library loses more than a person allows, and none all because of an empty answer or a
/// stranger.
fn guarded(world: &World, done: &Done<'_>) -> Verdict {
    for (library, row) in &done.before.libraries {
        let row = done.after.libraries.get(library).unwrap_or(row);
        let listed = |tables: &Tables, also_missing: bool| -> BTreeSet<Id> {
            let here = tables.listings.values().filter(|l| l.library == *library);
            here.filter(|l| also_missing || !l.missing).filter_map(|l| l.item).collect()
        };
        let (had, has) = (listed(done.before, true), listed(done.after, false));
        let stays = |id: &&Id| !has.contains(*id) && listed(done.before, false).contains(*id);
        let lost = had.iter().filter(stays).count();
        let server = world.servers.iter().position(|s| s.name == row.source).unwrap_or(usize::MAX);
        let told = done.heard.told.get(&(server, row.remote.clone()));
        let empty = told.is_some_and(|t| t.things.is_empty() && t.unreadable.is_empty());
        // Once a person approved what it does, it is no stranger any more.
        let known = done.before.libraries.get(library).and_then(|l| l.server.as_ref());
        let stranger = done.heard.strangers.get(&server).is_some_and(|s| Some(s) != known);
        if lost > 0 && (empty || stranger) {
            let why = if empty { "an empty answer" } else { "a stranger" };
            return broken("P5", format!("{} lost {lost} items to {why}", row.source));
        }
        if lost > 5 && lost * 100 > had.len() * 10 {
            let how = format!("{} lost {lost} of {} items unasked", row.source, had.len());
            return broken("P5", how);
        }
    }
    Ok(())
}

/// P6: an item that went is in the journal.
fn journalled(done: &Done<'_>) -> Verdict {
    let gone = done.before.items.iter().filter(|(id, _)| !done.after.items.contains_key(id));
    for (id, item) in gone {
        if done.after.removed.binary_search(id).is_err() {
            return broken("P6", format!("{} {} went without a word", item.kind, item.title));
        }
    }
    Ok(())
}

/// Whether a thing is a season, which shows hold together.
pub const fn is_season(thing: Thing) -> bool {
    matches!(thing.1, Part::Season(_))
}
