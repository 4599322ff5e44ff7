//! What goes on while somebody looks: films arrive, downloads end and find their shelf, and Anna
//! watches a series.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use shelfread_app::{App, Quiet, SyncRequest};
use shelfread_domain::{ItemKind, PlayState};
use shelfread_simulator::ObjectId;

use super::house::{House, put, release};

/// How often anything happens.
const BEAT: Duration = Duration::from_secs(5);
/// Every so many beats a new film turns up.
const ARRIVAL: u64 = 9;
const GB: u64 = 1_000_000_000;

/// Goes on until it is dropped.
pub async fn go_on(mut house: House, app: App) {
    for beat in 1_u64.. {
        tokio::time::sleep(BEAT).await;
        watch(&house, beat);
        let mut news = finish(&mut house);
        if beat.is_multiple_of(ARRIVAL) {
            news |= arrive(&mut house);
            begin(&mut house);
        }
        if news {
            look(&app).await;
        }
    }
}

/// What a server would send as a webhook: there is something new.
async fn look(app: &App) {
    let sources = ["den", "films"].map(str::to_owned).to_vec();
    let request = SyncRequest { sources, quick: true, ..SyncRequest::default() };
    if let Err(error) = app.sync(&request, Arc::new(Quiet)).await {
        tracing::debug!("the demonstration goes on: {error}");
    }
}

/// Anna watches one episode after the other.
fn watch(house: &House, beat: u64) {
    let episodes = house.den.ids(ItemKind::Episode);
    let unseen =
        |id: &&ObjectId| house.servers.den.play("anna", **id).is_none_or(|play| !play.played);
    let Some(id) = episodes.iter().find(unseen) else { return };
    let before = house.servers.den.play("anna", *id).unwrap_or_default();
    let position_seconds = before.position_seconds + i64::try_from(beat % 3 + 1).unwrap_or(1) * 120;
    let length = house.den.get(*id).and_then(|o| o.runtime_seconds).unwrap_or(1_800);
    let last_played_at = Some(Utc::now());
    let play = if position_seconds < i64::from(length) {
        PlayState { position_seconds, last_played_at, ..before }
    } else {
        PlayState { played: true, play_count: 1, last_played_at, ..PlayState::default() }
    };
    house.servers.den.set_play("anna", *id, play);
}

/// A film turns up on the shelf; whether there was one left.
fn arrive(house: &mut House) -> bool {
    let Some(film) = house.to_come.pop() else { return false };
    for world in [&house.den, &house.wanted] {
        put(world, &film);
    }
    true
}

/// A library manager found what it looks for.
fn begin(house: &mut House) {
    let Some(film) = house.missing.pop().and_then(|id| house.wanted.get(id)) else { return };
    let hash = house.boxed.add(&release(&film), 2 * GB);
    house.boxed.set_speed(&hash, 15_000_000);
    house.coming.push((film.id, hash));
}

/// What is whole is put on the shelf; whether anything was.
fn finish(house: &mut House) -> bool {
    let is_whole = |(_, hash): &(ObjectId, String)| house.boxed.is_whole(hash);
    let (done, coming): (Vec<_>, Vec<_>) = house.coming.drain(..).partition(is_whole);
    house.coming = coming;
    for film in done.iter().filter_map(|(id, _)| house.wanted.get(*id)) {
        let on_shelf = house.den.get(put(&house.den, &film));
        let versions = on_shelf.map(|o| o.versions).unwrap_or_default();
        house.wanted.edit(film.id, |o| o.versions = versions);
    }
    !done.is_empty()
}
