//! What the webhooks of a Plex hint at: the `payload` part of what it sends.
//!
//! Plex tells what is new and what is played, and never what is gone.

use serde_json::Value;
use shelfread_backends_http::hook::{Message, id, text};
use shelfread_domain::hint::{Hint, Named, Unreadable};
use shelfread_domain::{ItemKind, RemoteId};

/// Reads a message.
///
/// # Errors
/// [`Unreadable`] when it is no JSON object. A message that hints at nothing is no error.
pub fn read_hook(payload: &[u8]) -> Result<Vec<Hint>, Unreadable> {
    let message = Message::read(payload)?.0;
    let is_look = |event: String| {
        ["library.new", "library.on.deck", "media.stop", "media.scrobble", "media.rate"]
            .contains(&event.as_str())
    };
    let metadata = message.get("Metadata").filter(|_| text(&message, "event").is_some_and(is_look));
    Ok(metadata.and_then(object).into_iter().collect())
}

fn object(metadata: &Value) -> Option<Hint> {
    let (kind, show) = match text(metadata, "type")?.as_str() {
        "movie" => (ItemKind::Movie, None),
        "show" => (ItemKind::Show, None),
        "season" => (ItemKind::Season, id(metadata, "parentRatingKey")),
        "episode" => (ItemKind::Episode, id(metadata, "grandparentRatingKey")),
        _ => return None,
    };
    let id = RemoteId(id(metadata, "ratingKey")?);
    Some(Hint::Object(Named { id, kind: Some(kind), show: show.map(RemoteId) }))
}
