//! The server itself, its users and its libraries.

use serde_json::{Value, json};
use shelfread_domain::port::LibraryKind;

use super::Talk;
use crate::server::message::Answer;
use crate::server::site::Site;
use crate::world::Library;

/// What everybody may know.
pub(crate) fn public_info(talk: &Talk, site: &Site) -> Answer {
    Answer::json(&basics(talk, site))
}

/// What administrators may know.
pub(crate) fn info(talk: &Talk, site: &Site) -> Answer {
    let mut info = basics(talk, site);
    info["HasPendingRestart"] = json!(false);
    info["IsShuttingDown"] = json!(false);
    info["SupportsLibraryMonitor"] = json!(true);
    Answer::json(&info)
}

fn basics(talk: &Talk, site: &Site) -> Value {
    let mut info = json!({
        "ServerName": talk.name,
        "Version": talk.product.version,
        "Id": site.server_id,
    });
    if talk.product.emby {
        info["LocalAddresses"] = json!([]);
        info["RemoteAddresses"] = json!([]);
    } else {
        info["LocalAddress"] = json!("http://172.18.0.2:8096");
        info["ProductName"] = json!("Jellyfin Server");
        info["OperatingSystem"] = json!("");
        info["StartupWizardCompleted"] = json!(true);
    }
    info
}

/// A list that is answered whole.
pub(crate) fn whole(items: &[Value]) -> Answer {
    Answer::json(&json!({ "TotalRecordCount": items.len(), "Items": items }))
}

pub(crate) fn users(talk: &Talk, site: &Site) -> Vec<Value> {
    (0..site.users.len()).map(|n| user(talk, site, n)).collect()
}

pub(crate) fn user(talk: &Talk, site: &Site, n: usize) -> Value {
    let user = &site.users[n];
    json!({
        "Name": user.name,
        "ServerId": site.server_id,
        "ServerName": talk.name,
        "Id": site.user_id(n),
        "HasPassword": true,
        "EnableAutoLogin": false,
        "Policy": {
            "IsAdministrator": user.admin,
            "IsHidden": false,
            "IsDisabled": false,
            "EnableAllFolders": true,
            "EnableContentDeletion": user.admin,
        },
    })
}

/// The libraries with their folders. There is one of music too.
pub(crate) fn folders(talk: &Talk, site: &Site) -> Vec<Value> {
    let folder = |id: String, library: &Library, kind: Option<&str>| {
        let mut folder = json!({
            "Name": library.name,
            "Locations": [library.root],
            "LibraryOptions": { "EnableRealtimeMonitor": true },
            "ItemId": id,
            "RefreshStatus": "Idle",
        });
        if let Some(kind) = kind {
            folder["CollectionType"] = json!(kind);
        }
        if talk.product.emby {
            folder["Id"] = json!(id);
            folder["Guid"] = json!(format!("{:032x}", id.len()));
        }
        folder
    };
    each_library(site, folder)
}

/// The libraries as users see them.
pub(crate) fn views(_: &Talk, site: &Site) -> Answer {
    whole(&each_library(site, |id, library, kind| {
        let mut view = json!({
            "Name": library.name,
            "ServerId": site.server_id,
            "Id": id,
            "ChannelId": null,
            "IsFolder": true,
            "Type": "CollectionFolder",
            "LocationType": "FileSystem",
            "MediaType": "Unknown",
        });
        if let Some(kind) = kind {
            view["CollectionType"] = json!(kind);
        }
        view
    }))
}

fn each_library(
    site: &Site,
    mut show: impl FnMut(String, &Library, Option<&str>) -> Value,
) -> Vec<Value> {
    let shelves = site.world.read();
    let mut all: Vec<_> = shelves
        .libraries
        .iter()
        .enumerate()
        .map(|(n, library)| show(site.library_id(n), library, collection_type(library.kind)))
        .collect();
    let music = Library {
        name: "Music".to_owned(),
        kind: LibraryKind::Mixed,
        root: "/data/music".to_owned(),
    };
    all.push(show(site.library_id(99), &music, Some("music")));
    all
}

/// Mixed libraries say nothing.
const fn collection_type(kind: LibraryKind) -> Option<&'static str> {
    match kind {
        LibraryKind::Movies => Some("movies"),
        LibraryKind::Shows => Some("tvshows"),
        LibraryKind::Mixed => None,
    }
}
