//! Removal: what goes when a complete listing proved that the source no longer has it. Whether it
//! may go without asking is the [`guard`](crate::guard)'s word, not this module's.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use shelfread_domain::{
    Counts, ItemId, Known, LibraryId, ListingId, ListingRecord, OnMissing, Op, Plan, PlayState,
    RemoteId, Row, RunId,
};

use crate::draft::{Changes, Draft};
use crate::plan::item_of;
use crate::settle::said_play;

const GONE: &str = "no source lists it any more";

/// What planning removals must know besides the catalogue.
#[derive(Clone, Copy)]
pub struct Departure<'a> {
    /// The library whose listing was complete.
    pub library: LibraryId,
    /// The run in which it was.
    pub run: RunId,
    /// What a person wants for what is missing.
    pub policy: OnMissing,
    /// The moment of the run.
    pub now: DateTime<Utc>,
    /// Whether a remote id of this library was seen in this run.
    pub seen: &'a dyn Fn(&RemoteId, u16) -> bool,
}

/// Plans what happens to listings that a complete listing of their library did not show. Those
/// whose item the library still lists under another remote id (`superseded`) go in any case; for
/// the `leaving` ones the policy decides. `known` holds their items with their whole trees.
pub fn plan(
    known: &mut Known,
    superseded: &[ListingId],
    leaving: &[ListingId],
    departure: &Departure<'_>,
) -> Plan {
    let mut draft = Draft::new(known, departure.library, None);
    for id in superseded {
        hand_over_play(&mut draft, *id);
        draft.remove_listing(*id);
    }
    let mut removed = 0;
    for id in leaving {
        removed += leave(&mut draft, *id, departure);
    }
    let changes = draft.finish();
    counted(&draft, changes, removed, superseded, departure.run)
}

fn leave(draft: &mut Draft<'_>, id: ListingId, departure: &Departure<'_>) -> u64 {
    let Some(listing) = draft.known.listing(id).cloned() else { return 0 };
    let goes = match departure.policy {
        OnMissing::Remove => true,
        OnMissing::Keep => false,
        OnMissing::Grace { days } => {
            let wait = TimeDelta::days(i64::from(days));
            listing.missing_since.is_some_and(|since| departure.now - since >= wait)
        }
    };
    if !goes {
        let missing_since = listing.missing_since.or(Some(departure.now));
        draft.put_listing(ListingRecord { missing_since, ..listing });
        return 0;
    }
    hand_over_play(draft, id);
    draft.remove_listing(id);
    listing.item_id.map_or(0, |item| remove_if_unlisted(draft, item, departure))
}

/// An item goes with its last listing, and takes its children along; unless one of them is still
/// listed somewhere, which proves that the show is there.
fn remove_if_unlisted(draft: &mut Draft<'_>, item: ItemId, departure: &Departure<'_>) -> u64 {
    let listed = |item: ItemId| draft.known.listings_of(item).next().is_some();
    let child_listed = draft.known.children(item).any(|child| {
        draft
            .known
            .listings_of(child.id)
            .any(|l| l.library_id != draft.library || (departure.seen)(&l.remote_id, l.part))
    });
    if listed(item) || child_listed { 0 } else { draft.remove_item(item, GONE) }
}

/// Of two listings of one source the remaining one takes over what was played, so that history
/// survives when a version goes.
fn hand_over_play(draft: &mut Draft<'_>, id: ListingId) {
    let Some(going) = draft.known.listing(id).cloned() else { return };
    let (Some(play), Some(item)) = (going.play, going.item_id) else { return };
    let source = draft.known.library(going.library_id).map(|l| l.source_id);
    let same_source =
        |l: &&ListingRecord| draft.known.library(l.library_id).map(|l| l.source_id) == source;
    let heir = draft.known.listings_of(item).filter(|l| l.id != id).find(same_source).cloned();
    let said = source.and_then(|source| said_play(draft.known, draft.known.item(item)?, source));
    if let (Some(heir), Some(said)) = (heir, said)
        && heir.play != Some(said)
        && said == play
    {
        let play = Some(PlayState { carried: true, ..said });
        draft.put_listing(ListingRecord { play, ..heir });
    }
}

fn counted(
    draft: &Draft<'_>,
    mut changes: Changes,
    removed: u64,
    superseded: &[ListingId],
    run: RunId,
) -> Plan {
    let superseded: BTreeSet<_> = superseded.iter().copied().collect();
    let mut counts = Counts { removed, ..Counts::default() };
    for change in &mut changes.listings {
        let Some(Row::Listing(listing)) = change.row() else { continue };
        let mut others = listing.item_id.into_iter().flat_map(|i| draft.known.listings_of(i));
        let replaced =
            others.any(|l| l.library_id == draft.library && l.created_run_id == Some(run));
        if superseded.contains(&listing.id) && replaced {
            change.op = Op::Relink;
            change.reason = Cow::Borrowed("the same item is listed under another remote id");
            counts.relinked += 1;
        }
    }
    let missing = changes.listings.iter().filter(|c| c.op == Op::Missing).filter_map(item_of);
    counts.missing = missing.collect::<BTreeSet<_>>().len() as u64;
    Plan { changes: changes.into_vec(), counts }
}
