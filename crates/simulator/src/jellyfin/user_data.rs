//! What users did with objects: read by lists, written here.

use chrono::{DateTime, Utc};
use hyper::Method;
use serde::{Deserialize, Serialize};
use shelfread_domain::PlayState;

use super::Talk;
use super::item::Stamp;
use crate::server::message::{Answer, Reply, Request};
use crate::server::site::Site;
use crate::world::ObjectId;

/// 100 ns.
pub(crate) const TICKS: i64 = 10_000_000;

/// Play state as the servers write it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserData {
    playback_position_ticks: i64,
    play_count: i32,
    is_favorite: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_played_date: Option<Stamp>,
    played: bool,
    /// Jellyfin only.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_id: Option<&'static str>,
}

impl UserData {
    /// Since 10.10 the id of the item is all zeros here.
    pub fn new(emby: bool, play: Option<PlayState>, key: impl FnOnce() -> String) -> Self {
        let play = play.unwrap_or_default();
        Self {
            playback_position_ticks: play.position_seconds * TICKS,
            play_count: play.play_count,
            is_favorite: false,
            last_played_date: play.last_played_at.map(Stamp),
            played: play.played,
            key: (!emby).then(key),
            item_id: (!emby).then_some("00000000000000000000000000000000"),
        }
    }
}

/// Marks as played or not.
pub(crate) fn played(
    talk: &Talk,
    request: &Request,
    user: usize,
    object: ObjectId,
    site: &mut Site,
) -> Result<Reply, Answer> {
    let before = site.world.get(object).and_then(|o| site.play(user, &o)).unwrap_or_default();
    let play = match request.method {
        Method::POST => {
            let now = site.world.read().now();
            let at = request.param("datePlayed").map_or(Some(now), |t| t.parse().ok());
            let at = at.ok_or_else(|| Answer::text(400, "datePlayed is no time"))?;
            let play_count = before.play_count.max(1);
            let last_played_at = Some(at);
            PlayState { played: true, play_count, last_played_at, ..PlayState::default() }
        }
        Method::DELETE => PlayState::default(),
        _ => return Err(Answer::status(405)),
    };
    Ok(store(talk, user, object, play, site))
}

/// What a client may set; what it leaves out stays.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Update {
    playback_position_ticks: Option<i64>,
    play_count: Option<i32>,
    played: Option<bool>,
    last_played_date: Option<DateTime<Utc>>,
    #[serde(rename = "IsFavorite")]
    _is_favorite: Option<bool>,
}

/// Sets single values.
pub(crate) fn update(
    talk: &Talk,
    request: &Request,
    user: usize,
    object: ObjectId,
    site: &mut Site,
) -> Result<Reply, Answer> {
    if request.method != Method::POST {
        return Err(Answer::status(405));
    }
    let update: Update =
        serde_json::from_slice(&request.body).map_err(|e| Answer::text(400, e.to_string()))?;
    let before = site.world.get(object).and_then(|o| site.play(user, &o)).unwrap_or_default();
    let position = update.playback_position_ticks.map(|t| t / TICKS);
    let play = PlayState {
        position_seconds: position.unwrap_or(before.position_seconds),
        play_count: update.play_count.unwrap_or(before.play_count),
        played: update.played.unwrap_or(before.played),
        last_played_at: update.last_played_date.or(before.last_played_at),
        carried: false,
    };
    Ok(store(talk, user, object, play, site))
}

fn store(talk: &Talk, user: usize, object: ObjectId, play: PlayState, site: &mut Site) -> Reply {
    site.set_play(user, object, play);
    // Jellyfin answers with the new state, Emby with nothing.
    if talk.product.emby {
        return Answer::status(200).into();
    }
    Answer::json(&UserData::new(false, Some(play), || object.0.to_string())).into()
}
