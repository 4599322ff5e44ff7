//! An object as the server writes it. A file that holds several episodes is several items with one
//! file; keys come as texts and as numbers; what was never played has no trace of it.

use serde_json::{Value, json};
use shelfread_domain::ItemKind;
use shelfread_domain::text::sort_title;

use super::Talk;
use crate::server::message::{Window, garbled};
use crate::server::site::Site;
use crate::world::{Object, ObjectId, Shelves};

/// The items of one object are far apart, so that no two objects meet.
const PART: u32 = 1 << 27;
const PART_KEY: u64 = 100_000_000_000;

/// One item: an object, and which episode of its file.
pub(crate) const fn item(object: ObjectId, part: u32) -> ObjectId {
    ObjectId(object.0 + part * PART)
}

/// The object of an item, and which episode of its file.
pub(crate) const fn object(item: ObjectId) -> (ObjectId, u32) {
    (ObjectId(item.0 % PART), item.0 / PART)
}

/// The item of a rating key.
pub(crate) fn by_key(key: &str, site: &mut Site) -> Option<ObjectId> {
    let key: u64 = key.parse().ok()?;
    let id = site.object(&(key % PART_KEY).to_string())?;
    let part = u32::try_from(key / PART_KEY).ok()?;
    let exists = site.world.get(id).is_some_and(|o| u64::from(part) < o.parts());
    exists.then(|| item(id, part))
}

/// The rating key of an item.
fn key(o: &Object, part: u32, site: &Site) -> String {
    let id: u64 = site.id(o).parse().unwrap_or(0);
    (id + u64::from(part) * PART_KEY).to_string()
}

/// The section of an object: the first library that holds it.
fn section(o: &Object, shelves: &Shelves) -> usize {
    let top = o.show.and_then(|id| shelves.get(id)).unwrap_or(o);
    top.libraries.first().copied().unwrap_or(0) + 1
}

/// The answer with these items. Only an answer to a request with paging headers has a total.
pub(crate) fn list(talk: &Talk, user: usize, paged: bool, window: &Window, site: &Site) -> Vec<u8> {
    let shelves = site.world.read();
    let items = window.objects.iter().enumerate().filter_map(|(place, id)| {
        let (id, part) = object(*id);
        let value = metadata(talk, user, shelves.get(id)?, part, &shelves, site);
        Some(if window.garbled == Some(place) { garbled(value) } else { value })
    });
    let items: Vec<_> = items.collect();
    let mut container = json!({
        "size": items.len(),
        "allowSync": true,
        "identifier": "com.plexapp.plugins.library",
        "mediaTagPrefix": "/system/bundle/media/flags/",
    });
    if paged {
        container["totalSize"] = json!(window.total);
        container["offset"] = json!(window.start);
    }
    // An empty list is not written at all.
    if !items.is_empty() {
        container["Metadata"] = items.into();
    }
    json!({ "MediaContainer": container }).to_string().into_bytes()
}

fn metadata(
    talk: &Talk,
    user: usize,
    o: &Object,
    part: u32,
    shelves: &Shelves,
    site: &Site,
) -> Value {
    let key = key(o, part, site);
    let mut item = json!({
        "ratingKey": key,
        "key": format!("/library/metadata/{key}{}", if o.folder.is_some() { "/children" } else { "" }),
        "type": kind(o.kind),
        "title": o.title,
        "summary": o.overview.text().unwrap_or_default(),
        "librarySectionID": section(o, shelves),
        "thumb": format!("/library/metadata/{key}/thumb/{}", o.saved_at.timestamp()),
        "addedAt": o.added_at.timestamp(),
        "updatedAt": o.saved_at.timestamp(),
    });
    let sorted = sort_title(&o.title);
    if sorted != o.title.to_lowercase() {
        item["titleSort"] = json!(sorted);
    }
    if let Some(at) = o.trashed_at {
        item["deletedAt"] = json!(at.timestamp());
    }
    if let Some(year) = o.year {
        item["year"] = json!(year);
    }
    if let Some(day) = o.premiered {
        item["originallyAvailableAt"] = json!(day.to_string());
    }
    guids(talk, o, part, shelves, &mut item);
    parents(o, part, shelves, site, &mut item);
    if matches!(o.kind, ItemKind::Movie | ItemKind::Episode) {
        media(o, &mut item);
        played(user, o, site, &mut item);
    }
    item
}

const fn kind(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Movie => "movie",
        ItemKind::Show => "show",
        ItemKind::Season => "season",
        ItemKind::Episode => "episode",
    }
}

/// New agents have an id of their own and a list of others'; old ones have the one that they go by.
/// Two episodes of one file have each their own ids, so only the first has those of the object.
fn guids(talk: &Talk, o: &Object, part: u32, shelves: &Shelves, item: &mut Value) {
    let top = o.show.and_then(|id| shelves.get(id)).unwrap_or(o);
    let id = |o: &Object, name: &str| {
        o.provider_ids.iter().find(|(p, _)| *p == name).map(|(_, value)| value.clone())
    };
    if !talk.legacy {
        item["guid"] = json!(format!("plex://{}/{:024x}", kind(o.kind), o.id.0));
        let ids = o.provider_ids.iter().filter(|_| part == 0);
        let ids = ids.map(|(p, v)| json!({"id": format!("{}://{v}", p.to_ascii_lowercase())}));
        item["Guid"] = ids.collect();
        return;
    }
    let numbers = match o.kind {
        ItemKind::Movie | ItemKind::Show => String::new(),
        ItemKind::Season => format!("/{}", o.season_number.unwrap_or(0)),
        ItemKind::Episode => {
            let number = o.episode_number.unwrap_or(0) + part as i32;
            format!("/{}/{number}", o.season_number.unwrap_or(0))
        }
    };
    let (agent, id) = match o.kind {
        ItemKind::Movie => ("imdb", id(o, "Imdb")),
        _ => ("thetvdb", id(top, "Tvdb")),
    };
    item["guid"] = match id {
        Some(id) => json!(format!("com.plexapp.agents.{agent}://{id}{numbers}?lang=en")),
        None => json!(format!("local://{}", o.id.0)),
    };
}

/// The show's key comes as a number here and as a text there.
fn parents(o: &Object, part: u32, shelves: &Shelves, site: &Site, item: &mut Value) {
    let of = |id: Option<ObjectId>| id.and_then(|id| shelves.get(id));
    let (show, season) = (of(o.show), of(o.season));
    match o.kind {
        ItemKind::Movie => {}
        ItemKind::Show => item["index"] = json!(1),
        ItemKind::Season => {
            item["index"] = json!(o.season_number);
            item["parentRatingKey"] = json!(show.map(|s| site.id(s)));
            item["parentTitle"] = json!(show.map(|s| &s.title));
        }
        ItemKind::Episode => {
            if let Some(number) = o.episode_number {
                item["index"] = json!(number + part as i32);
            }
            item["parentIndex"] = json!(o.season_number);
            item["parentRatingKey"] = json!(season.map(|s| site.id(s)));
            let show_key = show.and_then(|s| site.id(s).parse::<u64>().ok());
            item["grandparentRatingKey"] = json!(show_key);
            item["grandparentTitle"] = json!(show.map(|s| &s.title));
        }
    }
}

fn media(o: &Object, item: &mut Value) {
    if let Some(seconds) = o.runtime_seconds {
        item["duration"] = json!(i64::from(seconds) * 1_000);
    }
    let trashed = o.trashed_at.map(|at| at.timestamp());
    let version = |v: &crate::world::Version| {
        let mut version = json!({"container": "mkv", "videoResolution": "1080",
            "Part": [{"id": v.size % 100_000, "file": v.path, "size": v.size, "container": "mkv"}]});
        if let Some(at) = trashed {
            version["deletedAt"] = json!(at);
        }
        version
    };
    item["Media"] = o.versions.iter().map(version).collect();
}

fn played(user: usize, o: &Object, site: &Site, item: &mut Value) {
    let Some(play) = site.play(user, o) else { return };
    let count = if play.played { play.play_count.max(1) } else { 0 };
    if count > 0 {
        item["viewCount"] = json!(count);
    }
    if play.position_seconds > 0 {
        item["viewOffset"] = json!(play.position_seconds * 1_000);
    }
    if let Some(at) = play.last_played_at {
        item["lastViewedAt"] = json!(at.timestamp());
    }
}
