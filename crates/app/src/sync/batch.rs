//! Batches: what differs, collected until it is worth a transaction, planned and applied one batch
//! at a time. An observation that the database refuses is found by halving and left out by name.

use std::collections::HashSet;

use shelfread_domain::{Change, ItemKind, Lookup, Observation, RemoteId};
use shelfread_reconcile::{Context, Planned, plan};
use shelfread_store::StoreError;
use uuid::Uuid;

use super::index::{key, seen_in};
use super::listing::Listing;
use super::overlay::Overlay;
use super::run::Run;
use crate::error::Result;

/// Observations of a batch, which is one transaction: relinks touch pages all over an index, and
/// each transaction writes every page that it touched once.
const SIZE: usize = 1_000;
/// Observations that are loaded and planned at once: they bound the memory of a sync.
const UNIT: usize = 250;
/// A show with more changed episodes than this is split: memory is bounded by a batch.
const MOST: usize = 20_000;

/// Collects observations. The episodes of one show stay together, so that renumbered ones can be
/// planned with full knowledge of each other.
#[derive(Default)]
pub(super) struct Batch(Vec<Observation>);

impl Batch {
    pub(super) fn push(&mut self, observation: Observation) {
        self.0.push(observation);
    }

    /// A batch that is large enough and does not end within a show.
    pub(super) fn take_ready(&mut self) -> Option<Vec<Observation>> {
        if self.0.len() < SIZE {
            return None;
        }
        let Some(show) = self.0.last().and_then(show_of) else {
            return Some(self.take_all());
        };
        let at = self.0.iter().rposition(|o| show_of(o) != Some(show)).map_or(0, |i| i + 1);
        match at {
            0 if self.0.len() < MOST => None,
            0 => Some(self.take_all()),
            at => {
                let rest = self.0.split_off(at);
                Some(std::mem::replace(&mut self.0, rest))
            }
        }
    }

    pub(super) fn take_all(&mut self) -> Vec<Observation> {
        std::mem::take(&mut self.0)
    }
}

fn show_of(o: &Observation) -> Option<&RemoteId> {
    o.parent.as_ref()
}

/// A batch by levels: films and shows, seasons, episodes.
#[derive(Default)]
struct Levels([Vec<Observation>; 3]);

impl Levels {
    fn of(batch: Vec<Observation>) -> Self {
        let mut levels = Self::default();
        let [tops, seasons, episodes] = &mut levels.0;
        for observation in batch {
            match observation.kind {
                ItemKind::Movie | ItemKind::Show => tops.push(observation),
                ItemKind::Season => seasons.push(observation),
                ItemKind::Episode => episodes.push(observation),
            }
        }
        levels
    }

    /// What is planned at once, parents first; a show is not cut in two.
    fn units(&self) -> impl Iterator<Item = &[Observation]> {
        self.0.iter().flat_map(|level| units(level))
    }

    fn into_batch(self) -> Vec<Observation> {
        self.0.into_iter().flatten().collect()
    }
}

fn units(level: &[Observation]) -> impl Iterator<Item = &[Observation]> {
    let mut rest = level;
    std::iter::from_fn(move || {
        let apart = |at: &usize| {
            show_of(&rest[*at]).is_none_or(|show| show_of(&rest[at - 1]) != Some(show))
        };
        let at = (UNIT..rest.len()).find(apart).unwrap_or(rest.len());
        let (unit, after) = rest.split_at(at);
        rest = after;
        Some(unit).filter(|unit| !unit.is_empty())
    })
}

/// Whether a smaller batch may do what this one could not.
const fn is_of_a_row(error: &StoreError) -> bool {
    matches!(error, StoreError::Constraint { .. } | StoreError::Stale { .. })
}

impl Run<'_> {
    pub(super) async fn apply_batch(
        &mut self,
        listing: &mut Listing,
        batch: Vec<Observation>,
    ) -> Result<()> {
        let mut waiting = vec![batch];
        while let Some(batch) = waiting.pop() {
            if batch.is_empty() {
                continue;
            }
            let levels = Levels::of(batch);
            match self.try_batch(listing, &levels).await {
                Ok(planned) => self.note_planned(listing, &planned),
                Err(error) if is_of_a_row(&error) => {
                    self.halve(levels.into_batch(), &error, &mut waiting);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn halve(
        &mut self,
        mut batch: Vec<Observation>,
        error: &StoreError,
        waiting: &mut Vec<Vec<Observation>>,
    ) {
        if let [one] = &batch[..] {
            self.report.counts.seen += 1;
            self.item_failed(&one.label(), &error.to_string());
            return;
        }
        let second = batch.split_off(batch.len() / 2);
        waiting.extend([second, batch]);
    }

    /// Whether a sync would find a place for any of these. It does not for an episode whose show is
    /// not listed, today as in every run before.
    pub(super) async fn finds_place(
        &mut self,
        listing: &Listing,
        batch: Vec<Observation>,
    ) -> Result<bool> {
        self.overlay = Some(Overlay::default());
        let planned = self.try_batch(listing, &Levels::of(batch)).await;
        self.overlay = None;
        Ok(!planned?.plan.is_empty())
    }

    /// Plans and applies a batch, unit by unit, in one transaction.
    async fn try_batch(
        &mut self,
        listing: &Listing,
        levels: &Levels,
    ) -> Result<Planned, StoreError> {
        let store = self.app.store.clone();
        let mut transaction = store.begin(Some(&self.lease)).await?;
        let mut whole = Planned::default();
        let library = listing.library.row.id;
        for unit in levels.units() {
            let lookup = Lookup::of(unit);
            let mut loaded = transaction.load(library, self.viewer, &lookup).await?;
            if let Some(overlay) = &self.overlay {
                let shows = overlay.shows(library, &lookup.parents);
                loaded.absorb(transaction.load_tree(&shows).await?, &HashSet::new());
            }
            let planned = self.plan_part(listing, loaded, unit);
            if self.overlay.is_none() {
                self.write(&mut transaction, &planned.plan).await?;
            }
            whole.plan.extend(planned.plan);
            whole.failures.extend(planned.failures);
            whole.vacated.extend(planned.vacated);
        }
        if self.overlay.is_none() && !whole.plan.is_empty() {
            transaction.commit().await?;
        }
        Ok(whole)
    }

    fn plan_part(
        &mut self,
        listing: &Listing,
        mut loaded: shelfread_domain::Known,
        part: &[Observation],
    ) -> Planned {
        loaded.put_library(self.library_ref(&listing.library.row));
        let seen = seen_in(&listing.index);
        let context = Context {
            library: listing.library.row.id,
            viewer: self.viewer,
            remote_user: self.identity.viewer.as_ref().map(|v| v.remote_user.as_str()),
            run: self.id,
            existing: self.request.existing,
            full: listing.full,
            trust_remote_ids: !self.other_server,
            seen: &seen,
        };
        let mut new_id = Uuid::now_v7;
        match &mut self.overlay {
            None => plan(&mut loaded, part, &context, &mut new_id),
            Some(overlay) => {
                let planned = plan(overlay.over(loaded), part, &context, &mut new_id);
                overlay.remember(&planned.plan);
                planned
            }
        }
    }

    fn note_planned(&mut self, listing: &mut Listing, planned: &Planned) {
        for (remote_id, part) in &planned.vacated {
            listing.index.vacate(key(remote_id.as_str(), *part));
        }
        for (observation, reason) in &planned.failures {
            self.report.counts.seen += 1;
            self.item_failed(&observation.label(), reason);
        }
        self.report.counts += planned.plan.counts;
        self.show(&planned.plan.changes);
    }

    /// Tells the observer, and the report of a dry run.
    pub(super) fn show(&mut self, changes: &[Change]) {
        for change in changes {
            self.observer.change(&self.source.name, change);
        }
        self.report.show(changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(show: &str, n: usize) -> Observation {
        let mut o = Observation::new(format!("{show}-{n}"), ItemKind::Episode);
        o.parent = Some(show.into());
        o
    }

    #[test]
    fn a_show_is_not_cut_in_two() {
        let mut batch = Batch::default();
        for n in 0..SIZE - 1 {
            batch.push(episode("a", n));
        }
        assert!(batch.take_ready().is_none());
        for n in 0..3 {
            batch.push(episode("b", n));
        }
        assert_eq!(batch.take_ready().map(|b| b.len()), Some(SIZE - 1));
        assert_eq!(batch.take_all().len(), 3);
    }

    #[test]
    fn films_belong_to_no_show() {
        let mut batch = Batch::default();
        for n in 0..SIZE {
            batch.push(Observation::new(format!("film-{n}"), ItemKind::Movie));
        }
        assert_eq!(batch.take_ready().map(|b| b.len()), Some(SIZE));
    }

    #[test]
    fn units_end_between_shows() {
        let shows = [("a", UNIT - 1), ("b", 3), ("c", UNIT + 5), ("d", 1)];
        let episodes = shows.iter().flat_map(|(show, n)| (0..*n).map(|n| episode(show, n)));
        let films = (0..UNIT + 1).map(|n| Observation::new(format!("f{n}"), ItemKind::Movie));
        let batch: Vec<_> = episodes.chain(films).collect();
        let levels = Levels::of(batch.clone());
        let sizes: Vec<_> = levels.units().map(<[_]>::len).collect();
        assert_eq!(sizes, [UNIT, 1, UNIT + 2, UNIT + 5, 1]);
        let mut again = levels.into_batch();
        again.sort_by_key(|o| batch.iter().position(|b| b == o));
        assert_eq!(again, batch);
    }

    #[test]
    fn a_show_without_end_is_cut_all_the_same() {
        let mut batch = Batch::default();
        for n in 0..MOST - 1 {
            batch.push(episode("a", n));
        }
        assert!(batch.take_ready().is_none());
        batch.push(episode("a", MOST));
        assert_eq!(batch.take_ready().map(|b| b.len()), Some(MOST));
    }
}
