//! What we tell the server: to remove an object, and what the user has seen.

use async_trait::async_trait;
use chrono::SecondsFormat;
use serde::Serialize;
use shelfread_backends_http::{Request, StatusCode};
use shelfread_domain::port::{Problem, RemovalEffect, RemoveMedia, SourceError, WritePlayState};
use shelfread_domain::{PlayState, RemoteId};

use crate::Jellyfin;
use crate::config::Flavour;
use crate::session::Session;

#[async_trait]
impl RemoveMedia for Jellyfin {
    async fn effect(&self, _id: &RemoteId) -> Result<RemovalEffect, SourceError> {
        Ok(RemovalEffect::Files)
    }

    async fn remove(&self, id: &RemoteId) -> Result<bool, SourceError> {
        let response = self.http.exchange(&Request::delete(["Items", id.as_str()])).await?;
        if response.status == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        response.success()?;
        Ok(true)
    }
}

#[async_trait]
impl WritePlayState for Jellyfin {
    /// Jellyfin before 10.9 can only be told whether it was played and when, not how far.
    async fn write_play_state(&self, id: &RemoteId, state: PlayState) -> Result<(), SourceError> {
        let session = self.session().await?;
        let request = request(&session, id.as_str(), state).map_err(|e| {
            SourceError::new("writing a play state", Problem::Malformed(e.to_string()))
        })?;
        self.http.send(&request.repeatable(true)).await?;
        Ok(())
    }
}

fn request(session: &Session, id: &str, state: PlayState) -> Result<Request, serde_json::Error> {
    let body = UserData::of(state);
    if session.has_new_user_routes() {
        let request = Request::post(["UserItems", id, "UserData"]);
        return request.query("userId", &session.user.id).json(&body);
    }
    if session.flavour == Flavour::Emby {
        return Request::post(session.user_route(&["Items", id, "UserData"])).json(&body);
    }
    let route = session.user_route(&["PlayedItems", id]);
    Ok(match body.last_played_date {
        _ if !state.played => Request::delete(route),
        Some(date) => Request::post(route).query("datePlayed", date),
        None => Request::post(route),
    })
}

/// What is left out stays as it is on the server.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UserData {
    playback_position_ticks: i64,
    play_count: i32,
    played: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_played_date: Option<String>,
}

impl UserData {
    fn of(state: PlayState) -> Self {
        let date = state.last_played_at.map(|t| t.to_rfc3339_opts(SecondsFormat::Millis, true));
        Self {
            playback_position_ticks: state.position_seconds.saturating_mul(10_000_000),
            play_count: state.play_count,
            played: state.played,
            last_played_date: date,
        }
    }
}
