//! Restate: what a listing says after it was observed. Knows one listing and one observation, and
//! nothing of how they found each other.

use std::sync::Arc;

use shelfread_domain::record::ReviewReason;
use shelfread_domain::{
    Existing, Facts, Fields, ItemRecord, Known, ListingRecord, Observation, PlayState,
};

use crate::plan::Context;

/// The listing after the observation, as far as the mode allows. A claim is withdrawn where it can
/// be judged; settling makes it again where it still holds.
pub(crate) fn restated(
    known: &Known,
    before: &ListingRecord,
    o: &Observation,
    context: &Context<'_>,
) -> ListingRecord {
    let mut after = ListingRecord {
        remote_id: o.remote_id.clone(),
        missing_since: None,
        kept_since: None,
        ..before.clone()
    };
    if context.existing == Existing::Skip {
        return after;
    }
    after.parent_remote_id.clone_from(&o.parent);
    let play = observed_play(o, context);
    match context.existing {
        Existing::Update => {
            let forgot = before.remote_id != o.remote_id || !context.trust_remote_ids;
            if *after.facts != o.facts {
                after.facts = Arc::new(o.facts.clone());
            }
            after.play = next_play(before.play, play, forgot);
            after.fingerprint = o.fingerprint(context.remote_user);
            after.moved_key = o.moved_key();
        }
        Existing::Fill | Existing::Skip => {
            let item = before.item_id.and_then(|id| known.item(id));
            after.facts = Arc::new(filled(known, &before.facts, &o.facts, item));
            after.play = before.play.or(play);
            after.moved_key = before.moved_key.or_else(|| o.moved_key());
        }
    }
    after.file_key = after.facts.file_key();
    if says_keys_of(o, &after.facts) {
        after.review = after.review.filter(|review| review.reason != ReviewReason::Claim);
    }
    after
}

/// Whether an observation says the same place and all the external ids that these facts say. The
/// facts of a listing that may only be completed can say others.
fn says_keys_of(o: &Observation, facts: &Facts) -> bool {
    let place = |f: &Facts| (f.season_number, f.episode_number);
    place(&o.facts) == place(facts)
        && facts.external_ids.iter().all(|id| o.facts.external_ids.contains(id))
}

/// What an observation says of the play state; nothing when the source reads no viewer's.
pub(crate) fn observed_play(o: &Observation, context: &Context<'_>) -> Option<PlayState> {
    o.play.filter(|_| context.viewer.is_some())
}

/// The play state that a listing has after an observation. A server that was rebuilt forgets, or
/// remembers an old backup; what it knew before is carried until it says something that is not
/// older, so that history survives (P2).
fn next_play(
    before: Option<PlayState>,
    observed: Option<PlayState>,
    forgot: bool,
) -> Option<PlayState> {
    let is_older = |old: &PlayState| {
        observed.is_none_or(|observed| observed.last_played_at < old.last_played_at)
    };
    match before {
        Some(old) if (forgot || old.carried) && is_older(&old) => {
            Some(PlayState { carried: true, ..old })
        }
        _ => observed,
    }
}

/// The facts of a listing that may only be completed: what it said stays, and what it did not say
/// is taken over where the item shows nothing else.
pub(crate) fn filled(
    known: &Known,
    before: &Facts,
    observed: &Facts,
    item: Option<&ItemRecord>,
) -> Facts {
    let nothing = Fields::default();
    let shown = item.map_or(&nothing, |item| &item.fields);
    let mut facts = before.clone();
    macro_rules! fill {
        ($($of:ident . $field:ident),*) => {$(
            let fits = $of.$field.is_none() || $of.$field == observed.$field;
            if facts.$field.is_none() && fits {
                facts.$field = observed.$field.clone();
            }
        )*};
    }
    fill!(shown.title, shown.sort_title, shown.overview, shown.year, shown.air_date);
    fill!(shown.runtime_seconds, shown.poster_url);
    if let Some(item) = item {
        fill!(item.absolute_number);
        fill_place(&mut facts, observed, item);
    }
    facts.monitored = facts.monitored.or(observed.monitored);
    facts.slug = facts.slug.or_else(|| observed.slug.clone());
    facts.added_at = facts.added_at.or(observed.added_at);
    facts.trashed = observed.trashed;
    if facts.files.is_empty() {
        facts.files.clone_from(&observed.files);
    }
    fill_external_ids(known, &mut facts, observed, item);
    facts
}

/// Season and episode are taken over together, where neither the listing nor the item says another
/// one.
fn fill_place(facts: &mut Facts, observed: &Facts, item: &ItemRecord) {
    let fits = [
        (facts.season_number, observed.season_number),
        (item.season_number, observed.season_number),
        (facts.episode_number, observed.episode_number),
        (item.episode_number, observed.episode_number),
    ];
    if fits.iter().all(|(is, observed)| is.is_none() || is == observed) {
        facts.season_number = observed.season_number;
        facts.episode_number = observed.episode_number;
    }
}

/// Takes over the ids of providers from which neither the listing nor the item has one, and those
/// that the item has already.
fn fill_external_ids(
    known: &Known,
    facts: &mut Facts,
    observed: &Facts,
    item: Option<&ItemRecord>,
) {
    let owned: Vec<_> = item.map(|i| known.external_ids(i.id).collect()).unwrap_or_default();
    let has = facts.external_ids.clone();
    let fits = |id: &&shelfread_domain::ExternalId| {
        let same_provider = |other: &&&shelfread_domain::ExternalId| other.provider == id.provider;
        has.iter().all(|other| other.provider != id.provider)
            && (owned.contains(id) || owned.iter().find(same_provider).is_none())
    };
    facts.external_ids.extend(observed.external_ids.iter().filter(fits).cloned());
    facts.external_ids.sort();
}
