//! The libraries of films and shows that our user may see.

use shelfread_backends_http::{Http, Request};
use shelfread_domain::port::{LibraryKind, Problem, RemoteLibrary, SourceError};

use crate::config::Flavour;
use crate::session::Session;
use crate::wire::{Folder, List, Policy};

/// Lists them. Administrators are shown the libraries themselves, others their views of them.
pub(crate) async fn list(
    http: &Http,
    session: &Session,
) -> Result<Vec<RemoteLibrary>, SourceError> {
    let all = Request::get(match session.flavour {
        Flavour::Jellyfin => vec!["Library", "VirtualFolders"],
        Flavour::Emby => vec!["Library", "VirtualFolders", "Query"],
    });
    let folders = match http.json::<List<Folder>>(&all).await {
        Err(error) if error.problem == Problem::Forbidden => http.json(&views(session)).await?,
        folders => folders?,
    };
    let folders = folders.into_vec();
    let exist = !folders.is_empty();
    let seen: Vec<_> = folders.into_iter().filter(|f| may_see(&session.user.policy, f)).collect();
    if exist && seen.is_empty() {
        let what = format!("reading the libraries of '{}'", session.user.name);
        return Err(SourceError::new(what, Problem::Forbidden));
    }
    Ok(seen.into_iter().filter_map(library).collect())
}

fn views(session: &Session) -> Request {
    if session.has_new_user_routes() {
        Request::get(["UserViews"]).query("userId", &session.user.id)
    } else {
        Request::get(session.user_route(&["Views"]))
    }
}

/// A library that the user may not see would be listed as empty.
fn may_see(policy: &Policy, folder: &Folder) -> bool {
    let ids = [&folder.item_id, &folder.id, &folder.guid];
    let mut ids = ids.into_iter().flatten();
    policy.enable_all_folders != Some(false)
        || ids.any(|id| policy.enabled_folders.iter().any(|e| plain(e) == plain(id)))
}

fn plain(id: &str) -> String {
    id.replace('-', "").to_ascii_lowercase()
}

/// A library without a kind holds films and shows alike. `None` for music, books and the like.
fn library(folder: Folder) -> Option<RemoteLibrary> {
    let kind = match folder.collection_type.as_deref().unwrap_or_default() {
        "movies" => LibraryKind::Movies,
        "tvshows" => LibraryKind::Shows,
        "" | "mixed" => LibraryKind::Mixed,
        _ => return None,
    };
    let remote_id = folder.item_id.or(folder.id)?;
    Some(RemoteLibrary { remote_id, name: folder.name, kind })
}
