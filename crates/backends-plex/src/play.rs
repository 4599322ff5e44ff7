//! Sets a play state. Plex can only be told that something happened ("played", "stopped at"), so
//! the state is read first and only what differs is told: repeating it changes nothing.

use shelfread_domain::PlayState;
use shelfread_domain::port::{Problem, SourceError};

use crate::api::Api;
use crate::convert::play;

pub async fn write(api: &Api, key: &str, state: PlayState) -> Result<(), SourceError> {
    let item = api.metadata(&[key]).await?.items.into_iter().find_map(Result::ok);
    let Some(item) = item else {
        return Err(SourceError::new(
            format!("setting the play state of item {key} at {}", api.http.base_url()),
            Problem::NotFound,
        ));
    };
    let now = play(&item);
    // Marking either way also forgets the position.
    let forgets = state.position_seconds == 0 && now.position_seconds > 0;
    if state.played != now.played || forgets {
        api.mark(if state.played { "scrobble" } else { "unscrobble" }, key).await?;
    }
    if state.position_seconds > 0 && state.position_seconds != now.position_seconds {
        let duration = item.duration.unwrap_or(0);
        api.stopped_at(key, state.position_seconds.saturating_mul(1000), duration).await?;
    }
    Ok(())
}
