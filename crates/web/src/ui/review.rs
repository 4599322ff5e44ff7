//! Review: what waits for a person, decided in place. Held removals first, then listings without
//! a certain item.

use std::collections::HashSet;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Deserialize;
use shelfread_app::items::ItemView;
use shelfread_app::person::ReviewView;
use shelfread_app::rows::{RunChange, WaitingHold};
use shelfread_domain::record::ReviewReason;
use shelfread_domain::{ItemId, ListingId, RunId};

use super::correct::{Sought, candidates, told};
use super::item::item_id;
use super::layout::{Oops, Seen, Shell, Visit};
use super::library::posters;
use super::{assets, parts};
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new().route("/review", get(show)).route("/review/{listing}", get(pick).post(place))
}

/// Holds and listings that are shown at once: what is decided makes room for the next.
const MOST: u64 = 50;
/// Items of a hold that are named here; its run names all.
const NAMED: u64 = 12;

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    shell: Shell,
    held: Vec<Held>,
    listings: Vec<ReviewView>,
}

/// What a run holds.
struct Held {
    run: RunId,
    holds: Vec<WaitingHold>,
    items: u64,
    named: Vec<RunChange>,
}

async fn show(visit: Visit) -> Seen {
    let app = &visit.web.app;
    let mut held: Vec<Held> = Vec::new();
    for hold in app.held(MOST).await? {
        let run = hold.hold.run_id;
        match held.iter_mut().find(|held| held.run == run) {
            Some(held) => {
                held.items += hold.hold.items;
                held.holds.push(hold);
            }
            None => {
                let named = app.store().held_items(run, NAMED).await?;
                held.push(Held { run, items: hold.hold.items, holds: vec![hold], named });
            }
        }
    }
    let page = ReviewPage { shell: visit.shell.clone(), held, listings: app.reviews(MOST).await? };
    visit.show(&page)
}

impl Held {
    /// How many are not named.
    fn more(&self) -> u64 {
        self.items.saturating_sub(self.named.len() as u64)
    }
}

/// Why a listing waits, in a sentence.
fn why(waiting: &ReviewView) -> &'static str {
    match waiting.reason {
        ReviewReason::ConflictingIds => "Its ids belong to different items.",
        ReviewReason::AmbiguousTitle => "Several items have its title and year.",
        ReviewReason::Claim => "It claims what another item has.",
    }
}

#[derive(Template)]
#[template(path = "place.html")]
struct PlacePage {
    shell: Shell,
    waiting: ReviewView,
    q: String,
    items: Vec<ItemView>,
    posters: HashSet<ItemId>,
}

fn listing_id(text: &str) -> Result<ListingId, Oops> {
    text.parse().map_err(|_| Oops::missing("There is no such listing."))
}

/// Another item than those in question, looked for by its title.
async fn pick(visit: Visit, Path(listing): Path<String>, Query(sought): Query<Sought>) -> Seen {
    let app = &visit.web.app;
    let id = listing_id(&listing)?;
    let found = app.reviews(MOST).await?.into_iter().find(|waiting| waiting.listing == id);
    let gone = || Oops::missing("This listing no longer waits for a decision.");
    let waiting = found.ok_or_else(gone)?;
    let q = if sought.q.is_empty() { waiting.title.clone().unwrap_or_default() } else { sought.q };
    let items = candidates(app, waiting.kind, None, &q, None).await?;
    let posters = posters(app, &items).await?;
    let page = PlacePage { shell: visit.shell.clone(), waiting, q, items, posters };
    visit.show(&page)
}

#[derive(Deserialize)]
struct Place {
    /// An item, or `new`.
    to: String,
}

async fn place(visit: Visit, Path(listing): Path<String>, Form(form): Form<Place>) -> Seen {
    let id = listing_id(&listing)?;
    let to: Option<ItemId> = match form.to.as_str() {
        "new" => None,
        text => Some(item_id(text)?),
    };
    let app = visit.web.app.clone();
    let work = app.clone();
    let done = app.to_the_end(async move { work.place_listing(id, to).await }).await;
    Ok(told("/review".to_owned(), done, "Decided; later syncs keep to it.").into_response())
}
