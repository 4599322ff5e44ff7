//! What happened before somebody looked: everything was read, and a few things went wrong.

use std::sync::Arc;

use shelfread_app::person::{SettingsChange, Wish};
use shelfread_app::{App, AppError, Quiet, SyncRequest};
use shelfread_domain::{Field, ItemId, ItemKind};
use shelfread_simulator::{Effect, Fault, Object, Torrents};
use shelfread_store::ItemFilter;

use super::house::{House, release};

const GB: u64 = 1_000_000_000;
const MB: u64 = 1_000_000;

/// Lets it happen.
pub async fn happen(house: &mut House, app: &App) -> Result<(), AppError> {
    // The Jellyfin first: what others say is then compared with what it said.
    for names in [&["den", "films", "series"][..], &["attic", "cabin", "disk"]] {
        read(app, names).await?;
    }
    decide(app).await?;
    fetch(house);
    app.look_at_all().await?;
    go_wrong(house, app).await
}

async fn read(app: &App, names: &[&str]) -> Result<(), AppError> {
    let sources = names.iter().map(|name| (*name).to_owned()).collect();
    let request = SyncRequest { sources, ..SyncRequest::default() };
    app.sync(&request, Arc::new(Quiet)).await.map(drop)
}

/// What the people of the household set.
async fn decide(app: &App) -> Result<(), AppError> {
    app.join_viewers(&["anna@den".to_owned(), "anna@attic".to_owned()]).await?;
    let on = SettingsChange { auto_download: Some(true), ..SettingsChange::default() };
    for id in some(app, ItemKind::Show, 4).await? {
        app.change_settings(id, &on).await?;
    }
    for id in some(app, ItemKind::Movie, 2).await? {
        let note = "The one that we saw on the ferry. Keep it.".to_owned();
        app.correct_fields(id, &[(Field::Overview, Wish::Value(note))]).await?;
    }
    Ok(())
}

async fn some(app: &App, kind: ItemKind, count: u64) -> Result<Vec<ItemId>, AppError> {
    let filter = ItemFilter { kind: Some(kind), ..ItemFilter::default() };
    let page = app.items(&filter, None, count).await?;
    Ok(page.items.into_iter().map(|item| item.id).collect())
}

/// What the download clients have: some of it comes, some is there, and some has its troubles.
fn fetch(house: &mut House) {
    let mut missing = house.missing.drain(..).filter_map(|id| house.wanted.get(id));
    for (gigabytes, speed) in [(8, 9 * MB), (14, 21 * MB), (4, 12 * MB)] {
        let Some(film) = missing.next() else { break };
        house.coming.push((film.id, add(&house.boxed, &film, gigabytes, speed)));
    }
    let mut others = missing.by_ref().take(4);
    let mut other = |client: &Torrents, gigabytes, speed| {
        others.next().map(|film| add(client, &film, gigabytes, speed))
    };
    other(&house.seeds, 11, 30 * MB);
    other(&house.seeds, 6, 2 * MB);
    house.boxed.advance(280);
    house.seeds.advance(120);
    // Nobody has it, and for this one there is no room.
    other(&house.boxed, 3, 0);
    if let Some(hash) = other(&house.boxed, 5, 0) {
        house.boxed.fail(&hash, "No space left on device");
    }
    let rest = missing.map(|film| film.id).collect();
    house.missing = rest;
    let films = house.den.ids(ItemKind::Movie).into_iter().filter_map(|id| house.den.get(id));
    for film in films.take(3) {
        let hash = add(&house.boxed, &film, 7, 0);
        house.boxed.finish(&hash);
    }
}

fn add(client: &Torrents, film: &Object, gigabytes: u64, speed: u64) -> String {
    let hash = client.add(&release(film), gigabytes * GB);
    client.set_speed(&hash, speed);
    hash
}

/// The troubles.
async fn go_wrong(house: &House, app: &App) -> Result<(), AppError> {
    let servers = &house.servers;
    // A disk of the Plex is not plugged in: it lists a lot less than before.
    house.attic.remove_some(20, 3);
    servers.series.set_faults([Fault::new(Effect::Status { code: 503, retry_after: None })]);
    servers.cabin.stop().await;
    read(app, &["attic", "series", "cabin"]).await?;
    servers.series.set_faults([] as [Fault; 0]);
    servers.seedbox.stop().await;
    app.look_at_all().await.map(drop)
}
