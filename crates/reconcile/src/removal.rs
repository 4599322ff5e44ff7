//! Removal: what goes when a complete listing proved that the source no longer has it. Whether it
//! may go without asking is the [`guard`](crate::guard)'s word, not this module's.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use shelfread_domain::{
    Counts, ItemId, Known, LibraryId, ListingId, ListingRecord, OnMissing, Op, Plan, PlayState,
    RemoteId, Row, RunId,
};

use crate::count::item_of;
use crate::draft::{Changes, Draft};

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
    pub seen: &'a (dyn Fn(&RemoteId, u16) -> bool + Sync),
}

/// Plans what happens to listings that a complete listing did not show. Those whose item the
/// library still lists under another remote id (`superseded`) go in any case; for the `leaving`
/// ones the policy decides. `known` holds their items with their whole trees.
pub fn plan(
    known: &mut Known,
    superseded: &[ListingId],
    leaving: &[ListingId],
    departure: &Departure<'_>,
) -> Plan {
    let mut draft = Draft::new(known, departure.library, None, None);
    for id in superseded {
        hand_over_play(&mut draft, *id);
        draft.remove_listing(*id);
    }
    let removed = leaving.iter().map(|id| leave(&mut draft, *id, departure)).sum();
    let changes = draft.finish();
    counted(&draft, changes, removed, superseded, departure.run)
}

/// Plans that items go which a run made and that is taken back: those that nothing lists any more,
/// with their whole trees. `known` keeps the others.
pub fn take_back(known: &mut Known, items: &[ItemId]) -> Plan {
    let listed = |known: &Known, item: ItemId| known.listings_of(item).next().is_some();
    let library = LibraryId(uuid::Uuid::nil());
    let mut draft = Draft::new(known, library, None, None);
    let mut removed = 0;
    for id in items {
        let needed = listed(draft.known, *id)
            || draft.known.children(*id).any(|child| listed(draft.known, child.id));
        if !needed {
            removed += draft.remove_item(*id, "reverted");
        }
    }
    let changes = draft.finish().into_vec();
    Plan { changes, counts: Counts { removed, ..Counts::default() } }
}

/// Lets a listing go, and its item if that was its last one; says how many items went.
fn leave(draft: &mut Draft<'_>, id: ListingId, departure: &Departure<'_>) -> u64 {
    let Some(listing) = draft.known.listing(id).cloned() else { return 0 };
    let Some(item) = listing.item_id else {
        draft.remove_listing(id);
        return 0;
    };
    let is_last = draft.known.listings_of(item).nth(1).is_none();
    if !has_to_go(&listing, departure) || (is_last && has_present_child(draft, item, departure)) {
        let missing_since = listing.missing_since.or(Some(departure.now));
        draft.put_listing(ListingRecord { missing_since, ..listing });
        return 0;
    }
    hand_over_play(draft, id);
    draft.remove_listing(id);
    if is_last { draft.remove_item(item, GONE) } else { 0 }
}

/// Whether the policy lets a listing go that is not there any more.
fn has_to_go(listing: &ListingRecord, departure: &Departure<'_>) -> bool {
    match departure.policy {
        OnMissing::Remove => true,
        OnMissing::Keep => false,
        OnMissing::Grace { days } => {
            let wait = TimeDelta::days(i64::from(days));
            listing.missing_since.is_some_and(|since| departure.now - since >= wait)
        }
    }
}

/// Whether a season or episode is still there, or still to be kept, which proves that its show is
/// there: it is listed elsewhere, was seen, or a person or the policy keeps it. Otherwise a show
/// takes its children along.
fn has_present_child(draft: &Draft<'_>, show: ItemId, departure: &Departure<'_>) -> bool {
    let is_present = |l: &ListingRecord| {
        l.library_id != draft.library
            || (departure.seen)(&l.remote_id, l.part)
            || l.kept_since.is_some()
            || !has_to_go(l, departure)
    };
    draft.known.children(show).any(|child| draft.known.listings_of(child.id).any(is_present))
}

/// When of several listings of one source the one with the newest play state goes, another one
/// takes it over, so that history survives when a version goes.
fn hand_over_play(draft: &mut Draft<'_>, id: ListingId) {
    let known = &*draft.known;
    let Some(going) = known.listing(id) else { return };
    let (Some(play), Some(item)) = (going.play, going.item_id) else { return };
    let source = |l: &ListingRecord| known.library(l.library_id).map(|l| l.source_id);
    let mut heirs =
        known.listings_of(item).filter(|l| l.id != id && source(l) == source(going)).peekable();
    let Some(heir) = heirs.peek().map(|l| (*l).clone()) else { return };
    let said = heirs.filter_map(|l| l.play).reduce(PlayState::newer);
    if said.is_none_or(|said| said.newer(play) != said) {
        let play = Some(PlayState { carried: true, ..play });
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
