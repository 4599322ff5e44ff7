//! What corrections plan, one by one.

use shelfread_domain::{Existing, LibraryRef, PlayState, RemoteId, SourceId};
use shelfread_testkit::notation::observations;

use super::*;

/// Ids in the order in which they are made.
struct Desk {
    known: Known,
    made: u128,
}

const LIBRARY: LibraryId = LibraryId(Uuid::from_u128(1));
const SOURCE: SourceId = SourceId(Uuid::from_u128(2));
const RUN: RunId = RunId(Uuid::from_u128(3));
const ANNA: ViewerId = ViewerId(Uuid::from_u128(4));
const BERT: ViewerId = ViewerId(Uuid::from_u128(5));
const CONTEXT: Context<'_> = Context { run: RUN, viewer: Some((ANNA, "anna")) };

impl Desk {
    /// What is known after a source listed this.
    fn after(text: &str) -> Self {
        let mut desk = Self { known: Known::default(), made: 100 };
        desk.known.put_library(LibraryRef {
            id: LIBRARY,
            source_id: SOURCE,
            source_name: "den".to_owned(),
            priority: 10,
        });
        desk.list(text);
        desk
    }

    fn list(&mut self, text: &str) -> Plan {
        let context = crate::Context {
            library: LIBRARY,
            viewer: Some(ANNA),
            remote_user: Some("anna"),
            run: RUN,
            existing: Existing::Update,
            full: true,
            trust_remote_ids: true,
            seen: &|_, _| true,
        };
        let Self { known, made } = self;
        crate::plan(known, &observations(text), &context, &mut || fresh(made)).plan
    }

    fn listing(&self, remote_id: &str) -> ListingRecord {
        let found = self.known.listing_by_remote(LIBRARY, &RemoteId::from(remote_id), 0);
        found.unwrap().clone()
    }

    fn id(&self, remote_id: &str) -> ItemId {
        self.listing(remote_id).item_id.unwrap()
    }

    /// A correction, and that its plan says all that it did.
    fn correct(
        &mut self,
        correct: impl FnOnce(&mut Known, &mut dyn FnMut() -> Uuid) -> Result<Plan, Refusal>,
    ) -> Result<Plan, Refusal> {
        let before = self.known.clone();
        let made = &mut self.made;
        let plan = correct(&mut self.known, &mut || fresh(made));
        let mut replayed = before;
        if let Ok(plan) = &plan {
            replayed.apply(plan);
        }
        assert_eq!(rows(&replayed), rows(&self.known));
        plan
    }

    fn merge(&mut self, keep: &str, gone: &str) -> Result<Plan, Refusal> {
        let (keep, gone) = (self.id(keep), self.id(gone));
        self.correct(|known, _| merge(known, keep, gone))
    }

    fn split(&mut self, remote_id: &str) -> Result<Plan, Refusal> {
        let id = self.listing(remote_id).id;
        self.correct(|known, new_id| split(known, id, &CONTEXT, new_id))
    }

    fn place(&mut self, remote_id: &str, to: ItemId) -> Result<Plan, Refusal> {
        let id = self.listing(remote_id).id;
        self.correct(|known, new_id| place(known, id, to, &CONTEXT, new_id))
    }
}

fn fresh(made: &mut u128) -> Uuid {
    *made += 1;
    Uuid::from_u128(*made)
}

fn rows(known: &Known) -> Vec<String> {
    let of_item = |item: &ItemRecord| {
        let ids: Vec<_> = known.external_ids(item.id).collect();
        let mut wishes = known.overrides(item.id).to_vec();
        wishes.sort_by_key(|o| o.field);
        let progress: Vec<_> = known.progress_of(item.id).collect();
        format!("{item:?} {ids:?} {wishes:?} {:?} {progress:?}", known.settings(item.id))
    };
    let listings = known.listings().map(|l| format!("{l:?}"));
    let mut all: Vec<_> = known.items().map(of_item).chain(listings).collect();
    all.sort();
    all
}

fn settings_of(item_id: ItemId, status: Option<&str>) -> SettingsRecord {
    let status = status.map(str::to_owned);
    SettingsRecord { item_id, auto_download: true, status, downloaded_at: None, extra: None }
}

const FILMS: &str = "movie a \"Alpha\" 2001 tmdb=1\nmovie b \"Beta\" 2002 tmdb=2 overview=o played";

#[test]
fn a_field_is_set_once() {
    let mut desk = Desk::after(FILMS);
    let b = desk.id("b");
    let wishes = [(Field::Title, Wish::Value("Mine".to_owned())), (Field::Overview, Wish::Nothing)];
    let plan = desk.correct(|known, _| set(known, b, &wishes)).unwrap();
    assert_eq!((plan.counts.updated, plan.changes.len()), (1, 3), "an item and two overrides");
    let shown = &desk.known.item(b).unwrap().fields;
    assert_eq!((shown.title.as_deref(), shown.overview.as_deref()), (Some("Mine"), None));
    assert!(desk.correct(|known, _| set(known, b, &wishes)).unwrap().is_empty());
    desk.list(&FILMS.replace("overview=o", "overview=p"));
    assert_eq!(desk.known.item(b).unwrap().fields.overview, None);
    let reset = wishes.map(|(field, _)| (field, Wish::Sources));
    desk.correct(|known, _| set(known, b, &reset)).unwrap();
    let shown = &desk.known.item(b).unwrap().fields;
    assert_eq!((shown.title.as_deref(), shown.overview.as_deref()), (Some("Beta"), Some("p")));
}

#[test]
fn what_only_a_person_said_goes_with_it() {
    let mut desk = Desk::after(FILMS);
    let a = desk.id("a");
    let said = [(Field::Overview, Wish::Value("mine".to_owned()))];
    desk.correct(|known, _| set(known, a, &said)).unwrap();
    desk.correct(|known, _| set(known, a, &[(Field::Overview, Wish::Sources)])).unwrap();
    assert_eq!(desk.known.item(a).unwrap().fields.overview, None);
}

#[test]
fn a_merge_takes_everything_along() {
    for (keep, gone) in [("a", "b"), ("b", "a")] {
        let mut desk = Desk::after(FILMS);
        let (kept, went) = (desk.id(keep), desk.id(gone));
        let state = PlayState { played: true, play_count: 7, ..PlayState::default() };
        desk.known.put_progress(ProgressRecord { item_id: went, viewer_id: BERT, state });
        desk.known.put_settings(settings_of(went, Some("waiting")));
        let plan = desk.merge(keep, gone).unwrap();
        assert_eq!((plan.counts.updated, plan.counts.removed), (1, 1));
        assert_eq!(desk.known.external_ids(kept).count(), 2, "whichever is the first by priority");
        assert!(desk.known.listings_of(kept).all(|l| l.match_basis == MatchBasis::Person));
        assert_eq!(desk.known.progress(kept, BERT).unwrap().state, state);
        assert!(desk.known.progress(kept, ANNA).unwrap().state.played);
        assert_eq!(desk.known.settings(kept), Some(&settings_of(kept, Some("waiting"))));
        assert!(desk.known.item(went).is_none());
        assert!(desk.list(FILMS).is_empty(), "a sync leaves it so");
    }
}

#[test]
fn what_the_first_item_has_stays() {
    let mut desk = Desk::after(FILMS);
    let (a, b) = (desk.id("a"), desk.id("b"));
    desk.known.put_settings(SettingsRecord { auto_download: false, ..settings_of(a, None) });
    desk.known.put_settings(settings_of(b, Some("waiting")));
    for (item_id, text) in [(a, "first"), (b, "second")] {
        let value = Some(text.to_owned());
        desk.known.put_override(OverrideRecord { item_id, field: Field::Overview, value });
    }
    desk.merge("a", "b").unwrap();
    let settings = desk.known.settings(a).unwrap();
    assert_eq!((settings.auto_download, settings.status.as_deref()), (false, Some("waiting")));
    assert_eq!(desk.known.item(a).unwrap().fields.overview.as_deref(), Some("first"));
}

const SHOWS: &str = "show s \"Dark\" 2017 tvdb=1\nepisode s 1x01 e1 \"One\"\n\
     episode s 1x02 e2 \"Two\"\nshow t \"Darker\" 2018 tmdb=2\nepisode t 1x02 f2 \"Zwei\"";

#[test]
fn an_episode_is_split_off_without_the_place_of_another() {
    let mut desk = Desk::after(SHOWS);
    desk.merge("e1", "e2").unwrap();
    let one = desk.id("e1");
    desk.split("e2").unwrap();
    let two = desk.known.item(desk.id("e2")).unwrap().clone();
    assert_eq!((two.season_number, two.episode_number), (Some(1), Some(2)), "its own was free");
    desk.place("e2", one).unwrap();
    desk.place("f2", one).unwrap();
    desk.split("f2").unwrap();
    assert_eq!(desk.known.item(one).unwrap().episode_number, Some(1));
    assert!(desk.list(SHOWS).is_empty(), "a sync leaves it so");
}

#[test]
fn shows_become_one_and_two_again() {
    let mut desk = Desk::after(SHOWS);
    let zwei = desk.id("f2");
    desk.merge("s", "t").unwrap();
    assert_eq!(desk.id("e2"), desk.id("f2"));
    assert!(desk.known.item(zwei).is_none());
    desk.split("t").unwrap();
    assert_ne!(desk.id("e2"), desk.id("f2"));
    let show = desk.known.item(desk.id("f2")).unwrap().parent_id;
    assert_eq!(show, Some(desk.id("t")));
    assert!(desk.list(SHOWS).is_empty(), "a sync leaves it so");
}

#[test]
fn a_decided_listing_is_not_looked_at_again() {
    let quarantined = format!("{FILMS}\nmovie x \"Both\" 2003 tmdb=1 imdb=tt0000009");
    let known = FILMS.replace("tmdb=2", "imdb=tt0000009");
    let mut desk = Desk::after(&known);
    let text = quarantined.replace("tmdb=2", "imdb=tt0000009");
    desk.list(&text);
    assert_eq!(desk.listing("x").item_id, None);
    let a = desk.id("a");
    desk.place("x", a).unwrap();
    let x = desk.listing("x");
    assert_eq!((x.item_id, x.match_basis, x.review), (Some(a), MatchBasis::Person, None));
    assert_eq!(x.fingerprint, observations(&text)[2].fingerprint(Some("anna")));
    assert!(desk.list(&text).is_empty());
    assert!(desk.place("x", a).unwrap().is_empty(), "decided once");
}

#[test]
fn what_cannot_be_is_refused_and_nothing_changes() {
    let mut desk = Desk::after(&format!("{FILMS}\n{SHOWS}"));
    let before = rows(&desk.known);
    let nobody = ItemId(Uuid::nil());
    let (a, s) = (desk.id("a"), desk.id("s"));
    let nothing = [(Field::Overview, Wish::Nothing)];
    assert_eq!(desk.correct(|k, _| set(k, nobody, &nothing)), Err(Refusal::NoItem(nobody)));
    let none = desk.correct(|k, _| settings(k, settings_of(nobody, None)));
    assert_eq!(none, Err(Refusal::NoItem(nobody)));
    assert_eq!(desk.merge("a", "a"), Err(Refusal::Itself));
    let other = Refusal::OtherKind(ItemKind::Show, ItemKind::Movie);
    assert_eq!(desk.merge("a", "s"), Err(other));
    assert_eq!(desk.split("a"), Err(Refusal::OnlyListing(desk.listing("a").id)));
    let other = Refusal::OtherKind(ItemKind::Movie, ItemKind::Show);
    assert_eq!(desk.place("a", s), Err(other));
    let unknown = ListingId(Uuid::nil());
    let none = desk.correct(|k, new_id| place(k, unknown, a, &CONTEXT, new_id));
    assert_eq!(none, Err(Refusal::NoListing(unknown)));
    assert_eq!(rows(&desk.known), before);
}
