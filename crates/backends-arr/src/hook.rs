//! What the connections ("Connect", Webhook) of Sonarr and Radarr hint at.
//!
//! `Download` has two shapes, one for each file and one for a whole import; both name the series or
//! movie, and nothing else of them is needed. A test names a series that does not exist.

use serde_json::Value;
use shelfread_backends_http::hook::{Message, text};
use shelfread_domain::ItemKind;
use shelfread_domain::hint::{Hint, Named, Unreadable};

use crate::{Program, Remote};

/// Reads a message.
///
/// # Errors
/// [`Unreadable`] when it is no JSON object. A message that hints at nothing is no error.
pub fn read_hook(program: Program, message: &[u8]) -> Result<Vec<Hint>, Unreadable> {
    let message = Message::read(message)?.0;
    let object = object(program, &message);
    Ok(match text(&message, "eventType").unwrap_or_default().as_str() {
        "Download" => object.into_iter().chain([Hint::Transfers]).collect(),
        "Grab" | "ManualInteractionRequired" => vec![Hint::Transfers],
        "SeriesDelete" | "MovieDelete" => vec![Hint::Gone],
        "Rename" | "SeriesAdd" | "MovieAdded" | "EpisodeFileDelete" | "MovieFileDelete" => {
            object.into_iter().collect()
        }
        _ => Vec::new(),
    })
}

fn object(program: Program, message: &Value) -> Option<Hint> {
    let (key, kind) = match program {
        Program::Sonarr => ("series", ItemKind::Show),
        Program::Radarr => ("movie", ItemKind::Movie),
    };
    let number = text(message.get(key)?, "id")?.parse().ok().filter(|n: &i64| *n > 0)?;
    Some(Hint::Object(Named { id: Remote::Top(number).id(), kind: Some(kind), show: None }))
}
