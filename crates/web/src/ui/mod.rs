//! The web interface: pages that the server renders, which work mostly without JavaScript.
//!
//! One file per page, each with its routes, its handlers and what its template shows. Forms are
//! posted and answered with a redirect to the page that shows what they did. A part of a page that
//! follows what happens is fetched again with its page and cut out of it, so that there is one
//! template for both. Use cases decide; pages only show.

mod assets;
mod chart;
mod clients;
mod correct;
mod downloads;
mod events;
mod hook;
mod item;
mod layout;
mod library;
mod notify;
mod overview;
mod parts;
mod people;
mod review;
mod runs;
mod settings;
mod sources;
mod story;
mod tested;

use axum::routing::get;

use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new()
        .route("/assets/{name}", get(assets::file))
        .merge(overview::routes())
        .merge(library::routes())
        .merge(item::routes())
        .merge(correct::routes())
        .merge(review::routes())
        .merge(runs::routes())
        .merge(downloads::routes())
        .merge(events::routes())
        .merge(sources::routes())
        .merge(clients::routes())
        .merge(settings::routes())
        .merge(people::routes())
        .merge(notify::routes())
        .merge(hook::routes())
}
