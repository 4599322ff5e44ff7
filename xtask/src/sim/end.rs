//! The end of a script: all servers answer, a person lets go what is held, and after one round the
//! catalogue is what the world is; the next round writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use shelfread_app::{AppError, Quiet, SyncRequest};
use shelfread_domain::RunId;
use uuid::Uuid;

use super::model::{Broken, Verdict, Work, broken, is_season};
use super::play::Play;
use super::tables::{Id, Listing, Tables};
use super::world::{Part, Thing, World, title};

/// A day, in seconds.
const DAY: i64 = 86_400;

impl Play<'_> {
    /// Brings everything to rest and compares the catalogue with the world.
    pub(super) async fn end(&mut self) -> Verdict {
        self.desk.clock.advance(5 * DAY);
        self.kill = None;
        self.start_again();
        for server in &mut self.shared.lock().world.servers {
            server.alien = None;
        }
        let all = SyncRequest::default();
        self.synced(&all, Work::Sync).await?;
        let mut rounds = 0;
        while !self.tables.holds.is_empty() {
            rounds += 1;
            if rounds > 6 {
                return broken("P5", "what was approved is held again and again");
            }
            self.let_go().await?;
            self.desk.clock.advance(61);
            self.synced(&all, Work::Sync).await?;
        }
        let damage =
            self.desk.damage().map_err(|e| Broken { promise: "P11", how: e.to_string() })?;
        if !damage.is_empty() {
            return broken("P11", damage.join(", "));
        }
        converged(&self.shared.lock().world, &self.tables)?;
        // A place that only a removal frees is taken in the run after it, and who waits for that one's
        // place comes after that. So it is where several servers renumbered a show, and only there.
        if self.shared.lock().world.works.iter().any(|work| work.show && work.loose) {
            for _ in 0..2 {
                self.desk.clock.advance(61);
                self.synced(&all, Work::Sync).await?;
            }
        }
        self.desk.clock.advance(61);
        let before = self.tables.without_runs();
        self.synced(&all, Work::Sync).await?;
        same(&before, &self.tables.without_runs())?;
        self.queue_end().await
    }

    /// A person approves everything that is held.
    async fn let_go(&mut self) -> Verdict {
        for (_, run) in self.tables.holds.clone() {
            self.desk.clock.advance(61);
            let run = RunId(Uuid::from_u128(run));
            let outcome = self.work(async |app| app.approve(run, &Quiet).await).await?;
            self.judge(Work::Approve, &outcome)?;
            if let Some(Err(error)) = &outcome.done
                && !matches!(error, AppError::Usage(_) | AppError::Stale(_))
            {
                return broken("P5", error.to_string());
            }
        }
        Ok(())
    }
}

/// P10: nothing was written but the run's own record.
pub fn same(before: &Tables, after: &Tables) -> Verdict {
    if before == after {
        return Ok(());
    }
    let mut changed = Vec::new();
    for (id, item) in &after.items {
        if before.items.get(id) != Some(item) {
            changed.push(format!("item {:?} is {item:?}", before.items.get(id)));
        }
    }
    for (id, listing) in &after.listings {
        if before.listings.get(id) != Some(listing) {
            changed.push(format!("listing {:?} is {listing:?}", before.listings.get(id)));
        }
    }
    if before.events != after.events {
        changed.push(format!("{} events", after.events - before.events));
    }
    if changed.is_empty() {
        changed.push("something was written".to_owned());
    }
    changed.truncate(3);
    broken("P10", changed.join("; "))
}

/// What the catalogue must be when everything was told.
fn converged(world: &World, tables: &Tables) -> Verdict {
    let mut things: BTreeMap<Thing, BTreeSet<Id>> = BTreeMap::new();
    let mut told: BTreeMap<Id, (Thing, String)> = BTreeMap::new();
    let mut there = BTreeSet::new();
    for (place, server) in world.servers.iter().enumerate() {
        for (library, row) in tables.libraries.iter().filter(|(_, l)| l.source == server.name) {
            let number = server.libraries.iter().position(|l| l.remote == row.remote);
            let Some(number) = number else { continue };
            let here = |l: &&Listing| l.library == *library;
            let rows: BTreeMap<_, _> = (tables.listings.iter())
                .filter(|(_, l)| here(l))
                .map(|(id, l)| ((l.remote.as_str(), l.part), (*id, l)))
                .collect();
            for (thing, o) in world.listing(place, number).into_iter().flatten() {
                let found = rows.get(&(o.remote_id.as_str(), o.part));
                let is_loose = world.works[thing.0].loose;
                let Some((id, listing)) = found else {
                    match is_loose {
                        true => continue,
                        false => return broken("converges", format!("{thing:?} has no listing")),
                    }
                };
                there.insert(*id);
                if listing.missing || listing.kept {
                    return broken("converges", format!("{thing:?} is there, and marked as gone"));
                }
                match listing.item {
                    Some(item) => {
                        things.entry(thing).or_default().insert(item);
                        told.insert(*id, (thing, o.facts.title.unwrap_or_default()));
                    }
                    None if is_loose => {}
                    None => return broken("converges", format!("{thing:?} has no item")),
                }
            }
        }
    }
    nothing_else(world, tables, &there)?;
    one_each(world, &things)?;
    shown(world, tables, &things, &told)
}

/// No row stands for nothing, unless a person or the policy keeps it.
fn nothing_else(world: &World, tables: &Tables, there: &BTreeSet<Id>) -> Verdict {
    for (id, listing) in tables.listings.iter().filter(|(id, _)| !there.contains(*id)) {
        let source = tables.libraries.get(&listing.library).map(|l| l.source.as_str());
        let server = world.servers.iter().find(|s| Some(s.name.as_str()) == source);
        let keeps = server.is_some_and(|s| s.policy() != shelfread_domain::OnMissing::Remove);
        let holds = || holds_what_is_kept(tables, there, listing);
        if !(listing.kept || listing.missing && (keeps || holds())) {
            return broken("converges", format!("{} ({id:x}) is nowhere any more", listing.remote));
        }
    }
    Ok(())
}

/// Whether something hangs on the show of a listing that is there, or that a person wants kept: a
/// show stays for that.
fn holds_what_is_kept(tables: &Tables, there: &BTreeSet<Id>, listing: &Listing) -> bool {
    let hangs = |l: &Listing| {
        let item = l.item.and_then(|item| tables.items.get(&item));
        item.is_some_and(|item| item.parent.is_some() && item.parent == listing.item)
    };
    tables.listings.iter().any(|(id, l)| hangs(l) && (l.kept || there.contains(id)))
}

/// P1: one thing, one item.
fn one_each(world: &World, things: &BTreeMap<Thing, BTreeSet<Id>>) -> Verdict {
    let mut owners: BTreeMap<Id, Thing> = BTreeMap::new();
    let known = things.iter().filter(|(thing, _)| !world.works[thing.0].loose);
    for (thing, items) in known {
        if items.len() > 1 {
            return broken("P1", format!("{thing:?} is {} items", items.len()));
        }
        for item in items {
            if let Some(other) = owners.insert(*item, *thing) {
                return broken("P1", format!("{thing:?} and {other:?} are one item"));
            }
        }
    }
    Ok(())
}

/// What items show: what a person said, else what the first source says.
fn shown(
    world: &World,
    tables: &Tables,
    things: &BTreeMap<Thing, BTreeSet<Id>>,
    told: &BTreeMap<Id, (Thing, String)>,
) -> Verdict {
    let known = things.iter().filter(|((work, _), _)| !world.works[*work].loose);
    for (thing, item) in known.filter_map(|(t, ids)| Some((t, ids.first()?))) {
        let row = &tables.items[item];
        let own = tables.personal.get(item);
        let of_item = tables.listings.iter().filter(|(_, l)| l.item == Some(*item));
        if own.is_none_or(|o| !o.overrides.contains_key("title")) {
            let says = of_item.map(|(id, _)| told.get(id).map(|(_, title)| title.as_str()));
            let says: Option<BTreeSet<&str>> = says.collect();
            // Where a listing is kept that nobody tells any more, its word counts as well.
            if says.is_some_and(|says| !says.contains(row.title.as_str())) {
                let plain = title(*thing, 0);
                return broken("converges", format!("{plain} is called {}", row.title));
            }
        }
        if let (Part::Episode(n), work) = (thing.1, &world.works[thing.0]) {
            let wanted = work.episodes[n];
            let place = (Some(i64::from(wanted.season)), Some(i64::from(wanted.number)));
            if (row.season, row.episode) != place && !is_season(*thing) {
                let how = format!("{thing:?} is at {:?} {:?}", row.season, row.episode);
                return broken("converges", how);
            }
        }
    }
    Ok(())
}
