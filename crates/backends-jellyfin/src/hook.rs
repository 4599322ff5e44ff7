//! What the webhooks of Jellyfin (the plugin, in any of its forms) and of Emby hint at.
//!
//! The plugin sends what a template says, or all properties as one flat object. Templates are
//! people's own, so every value may be a text, and only the names that the plugin itself gives are
//! relied on. Emby sends an object with `Event` and `Item`.

use serde_json::Value;
use shelfread_backends_http::hook::{Message, id, text};
use shelfread_domain::hint::{Hint, Named, Unreadable};
use shelfread_domain::{ItemKind, RemoteId};

use crate::config::Flavour;

/// Reads a message.
///
/// # Errors
/// [`Unreadable`] when it is no JSON object. A message that hints at nothing is no error.
pub fn read_hook(flavour: Flavour, message: &[u8]) -> Result<Vec<Hint>, Unreadable> {
    let message = Message::read(message)?.0;
    let hint = match flavour {
        Flavour::Jellyfin => of_plugin(&message),
        Flavour::Emby => of_emby(&message),
    };
    Ok(hint.into_iter().collect())
}

fn of_plugin(message: &Value) -> Option<Hint> {
    let event = text(message, "NotificationType").unwrap_or_default();
    match event.as_str() {
        "TaskCompleted" => is_scan(message).then_some(Hint::Changed),
        "LibraryChanged" => Some(Hint::Changed),
        "ItemDeleted" => is_ours(message, "ItemType").then_some(Hint::Gone),
        // A template need not say what happened.
        "ItemAdded" | "ItemUpdated" | "PlaybackStop" | "UserDataSaved" | "" => {
            let plain = |id: String| RemoteId(id.replace('-', "").to_ascii_lowercase());
            object(message, ["ItemId", "ItemType", "SeriesId"], plain)
        }
        _ => None,
    }
}

/// Jellyfin tells of every task that ends; the one that scans the libraries has this key, and its
/// name is in the language of the server.
fn is_scan(message: &Value) -> bool {
    let name = text(message, "TaskName").unwrap_or_default().to_ascii_lowercase();
    text(message, "TaskKey").map_or_else(|| name.contains("scan"), |key| key == "RefreshLibrary")
}

fn of_emby(message: &Value) -> Option<Hint> {
    let item = message.get("Item").unwrap_or(&Value::Null);
    match text(message, "Event")?.as_str() {
        "library.deleted" => is_ours(item, "Type").then_some(Hint::Gone),
        "library.new" | "playback.stop" | "item.markplayed" | "item.markunplayed" | "item.rate" => {
            object(item, ["Id", "Type", "SeriesId"], RemoteId)
        }
        _ => None,
    }
}

fn object(
    item: &Value,
    [id_key, kind_key, show_key]: [&str; 3],
    form: fn(String) -> RemoteId,
) -> Option<Hint> {
    if !is_ours(item, kind_key) {
        return None;
    }
    let show = id(item, show_key).map(form);
    let id = id(item, id_key).map(form)?;
    Some(Hint::Object(Named { id, kind: kind(item, kind_key), show }))
}

fn kind(item: &Value, key: &str) -> Option<ItemKind> {
    match text(item, key)?.as_str() {
        "Movie" => Some(ItemKind::Movie),
        "Series" => Some(ItemKind::Show),
        "Season" => Some(ItemKind::Season),
        "Episode" => Some(ItemKind::Episode),
        _ => None,
    }
}

/// Songs and photos are none of our business. What has no type may be anything.
fn is_ours(item: &Value, key: &str) -> bool {
    text(item, key).is_none() || kind(item, key).is_some()
}
