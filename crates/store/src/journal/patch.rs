//! What a line of the journal says of a row: the whole row, or of an update only what differs. A
//! rebuilt server updates every listing, so nothing that stays is even turned into JSON.

use serde::Serialize;
use serde_json::{Map, Value};
use shelfread_domain::{Facts, Fields, ItemRecord, ListingRecord, Row};

/// The one member that is compared member by member.
pub(super) const FACTS: &str = "facts";

/// The row before and after, as far as the journal keeps it.
pub(super) fn images(before: Option<&Row>, after: Option<&Row>) -> (Option<Value>, Option<Value>) {
    match (before, after) {
        (Some(Row::Item(b)), Some(Row::Item(a))) => item(b, a).images(),
        (Some(Row::Listing(b)), Some(Row::Listing(a))) => listing(b, a).images(),
        (before, after) => (before.map(row_value), after.map(row_value)),
    }
}

fn whole<T: Serialize>(record: &T) -> Value {
    serde_json::to_value(record).unwrap_or_default()
}

fn row_value(row: &Row) -> Value {
    match row {
        Row::Item(r) => whole(r),
        Row::Listing(r) => whole(r),
        Row::ExternalId(r) => whole(r),
        Row::Progress(r) => whole(r),
        Row::Settings(r) => whole(r),
        Row::Override(r) => whole(r),
    }
}

/// The members that differ, as they were and as they are.
#[derive(Default)]
struct Patch {
    back: Map<String, Value>,
    forth: Map<String, Value>,
}

impl Patch {
    fn images(self) -> (Option<Value>, Option<Value>) {
        (Some(self.back.into()), Some(self.forth.into()))
    }

    fn put(&mut self, name: &str, before: Value, after: Value) {
        self.back.insert(name.to_owned(), before);
        self.forth.insert(name.to_owned(), after);
    }
}

macro_rules! compare {
    ($patch:ident, $before:expr, $after:expr, $value:ident: $($field:ident),+ $(,)?) => {$(
        if $before.$field != $after.$field {
            let (before, after) = ($value(&$before.$field), $value(&$after.$field));
            $patch.put(stringify!($field), before, after);
        }
    )+};
}

fn item(b: &ItemRecord, a: &ItemRecord) -> Patch {
    let mut patch = Patch::default();
    compare!(patch, b, a, whole: id, kind, parent_id, season_number, episode_number);
    compare!(patch, b, a, whole: absolute_number, title_key, created_run_id);
    let (b, a): (&Fields, &Fields) = (&b.fields, &a.fields);
    compare!(patch, b, a, whole: title, sort_title, overview, year, air_date);
    compare!(patch, b, a, whole: runtime_seconds, poster_url);
    patch
}

fn listing(b: &ListingRecord, a: &ListingRecord) -> Patch {
    let mut patch = Patch::default();
    compare!(patch, b, a, whole: id, library_id, remote_id, part, kind, parent_remote_id, item_id);
    compare!(patch, b, a, whole: play, fingerprint, file_key, moved_key, match_basis, review);
    compare!(patch, b, a, whole: missing_since, kept_since, created_run_id);
    if b.facts != a.facts {
        let Patch { back, forth } = facts(&b.facts, &a.facts);
        patch.put(FACTS, back.into(), forth.into());
    }
    patch
}

fn facts(b: &Facts, a: &Facts) -> Patch {
    let mut patch = Patch::default();
    compare!(patch, b, a, whole: title, sort_title, overview, year, air_date, runtime_seconds);
    compare!(patch, b, a, whole: poster_url, season_number, episode_number, absolute_number);
    compare!(patch, b, a, whole: monitored, added_at, slug);
    compare!(patch, b, a, unless_usual: trashed, external_ids, files);
    patch
}

/// A fact of which the usual value, false or empty, is not written at all.
fn unless_usual<T: Serialize>(fact: &T) -> Value {
    match whole(fact) {
        Value::Bool(false) => Value::Null,
        Value::Array(all) if all.is_empty() => Value::Null,
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{DateTime, NaiveDate, Utc};
    use serde_json::from_value;
    use shelfread_domain::record::ReviewReason;
    use shelfread_domain::{
        ExternalId, FileRef, ItemId, ItemKind, LibraryId, ListingId, MatchBasis, PlayState,
        Provider, Review, RunId,
    };
    use uuid::Uuid;

    use super::*;
    use crate::journal::patched;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn time(n: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(n, 0).unwrap()
    }

    fn text(n: i32) -> Option<String> {
        Some(format!("text {n}"))
    }

    fn day(n: i32) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(2000 + n, 1, 1)
    }

    /// Every member is named, so that a new one does not go unseen.
    fn some_facts(n: i32) -> Facts {
        let flag = n % 2 == 0;
        let imdb = ExternalId::new(Provider::Imdb, &format!("tt000000{n}")).unwrap();
        Facts {
            title: text(n),
            sort_title: text(n),
            overview: text(n),
            year: Some(n),
            air_date: day(n),
            runtime_seconds: Some(n.into()),
            poster_url: text(n),
            season_number: Some(n),
            episode_number: Some(n),
            absolute_number: Some(n),
            monitored: Some(flag),
            added_at: Some(time(n.into())),
            slug: text(n),
            trashed: flag,
            external_ids: vec![imdb],
            files: vec![FileRef::new(format!("a/{n}"), Some(1))],
        }
    }

    fn some_item(n: i32) -> ItemRecord {
        let m = n.unsigned_abs().into();
        ItemRecord {
            id: ItemId(id(m)),
            kind: if n == 1 { ItemKind::Movie } else { ItemKind::Episode },
            parent_id: Some(ItemId(id(m))),
            season_number: Some(n),
            episode_number: Some(n),
            absolute_number: Some(n),
            fields: Fields {
                title: text(n),
                sort_title: text(n),
                overview: text(n),
                year: Some(n),
                air_date: day(n),
                runtime_seconds: Some(n.into()),
                poster_url: text(n),
            },
            title_key: text(n),
            created_run_id: Some(RunId(id(m))),
        }
    }

    fn some_listing(n: i32, facts: Facts) -> ListingRecord {
        let m = n.unsigned_abs();
        let review =
            Review { reason: ReviewReason::Claim, candidates: vec![ItemId(id(1))], claims: vec![] };
        ListingRecord {
            id: ListingId(id(m.into())),
            library_id: LibraryId(id(m.into())),
            remote_id: format!("r{n}").as_str().into(),
            part: u16::try_from(m).unwrap(),
            kind: if n == 1 { ItemKind::Movie } else { ItemKind::Episode },
            parent_remote_id: Some(format!("p{n}").as_str().into()),
            item_id: Some(ItemId(id(m.into()))),
            facts: Arc::new(facts),
            play: Some(PlayState { play_count: n, ..PlayState::default() }),
            fingerprint: n.into(),
            file_key: Some(n.into()),
            moved_key: Some(n.into()),
            match_basis: if n == 1 { MatchBasis::New } else { MatchBasis::File },
            review: Some(review).filter(|_| n == 1),
            missing_since: Some(time(n.into())),
            kept_since: Some(time(n.into())),
            created_run_id: Some(RunId(id(m.into()))),
        }
    }

    /// What a patch must say: each member of the JSON that differs.
    fn differing(before: &Value, after: &Value) -> (Value, Value) {
        let (b, a) = (before.as_object().unwrap(), after.as_object().unwrap());
        let keys = b.keys().chain(a.keys()).filter(|key| b.get(*key) != a.get(*key));
        let image =
            |of: &Map<String, Value>, key: &String| of.get(key).cloned().unwrap_or_default();
        let (mut back, mut forth) = (Map::new(), Map::new());
        for key in keys {
            back.insert(key.clone(), image(b, key));
            forth.insert(key.clone(), image(a, key));
        }
        (back.into(), forth.into())
    }

    #[test]
    fn facts_that_differ_are_all_told() {
        for (b, a) in [(1, 2), (2, 1), (0, 1), (1, 1)].map(|(b, a)| {
            let of = |n| if n == 0 { Facts::default() } else { some_facts(n) };
            (of(b), of(a))
        }) {
            let Patch { back, forth } = facts(&b, &a);
            assert_eq!((back.into(), forth.into()), differing(&whole(&b), &whole(&a)));
        }
    }

    #[test]
    fn items_that_differ_are_told_whole() {
        let (b, a) = (some_item(1), some_item(2));
        let Patch { back, forth } = item(&b, &a);
        assert_eq!((back.into(), forth.into()), differing(&whole(&b), &whole(&a)));
    }

    #[test]
    fn a_patch_leads_both_ways() {
        let (b, a) = (some_listing(1, some_facts(1)), some_listing(2, Facts::default()));
        let (back, forth) = listing(&b, &a).images();
        let (before, after) =
            (Row::Listing(Box::new(b.clone())), Row::Listing(Box::new(a.clone())));
        assert_eq!(patched(&before, &forth.unwrap()).unwrap(), after);
        assert_eq!(patched(&after, &back.unwrap()).unwrap(), before);
        let Patch { back, .. } = listing(&b, &a);
        let members = whole(&b).as_object().unwrap().len();
        assert_eq!(back.len(), members, "every member of a listing differs here: {back:?}");
        assert_eq!(from_value::<Facts>(back[FACTS].clone()).unwrap(), *b.facts);
    }
}
