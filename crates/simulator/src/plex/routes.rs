//! Which question gets which answer.

use hyper::Method;
use serde_json::{Value, json};
use shelfread_domain::port::LibraryKind;
use shelfread_domain::text::sort_title;
use shelfread_domain::{ItemKind, PlayState};

use super::Talk;
use super::item::{by_key, item, list, object};
use crate::poster::poster;
use crate::server::message::{Answer, Page, Reply, Request};
use crate::server::running::user_token;
use crate::server::site::Site;
use crate::world::{Object, ObjectId, Shelves};

type Answered = Result<Reply, Answer>;

/// The only sorts that are taken: those that servers offer by themselves.
const SORTS: [(&str, By); 3] = [
    ("addedAt", By::Added),
    ("show.titleSort,index", By::Show),
    (
        "show.titleSort,season.index:nullsLast,episode.index:nullsLast,\
         episode.originallyAvailableAt:nullsLast,episode.titleSort,episode.id",
        By::Show,
    ),
];

#[derive(Clone, Copy)]
enum By {
    Added,
    Show,
}

/// Answers a request; an `Err` is an answer that refuses.
pub(crate) fn answer(talk: &Talk, request: &Request, site: &mut Site) -> Answered {
    if request.param("X-Plex-Token").is_some() {
        return Err(Answer::text(400, "a token in the address ends up in logs"));
    }
    let path: Vec<&str> = request.path.split('/').filter(|s| !s.is_empty()).collect();
    if let (&Method::GET, ["library", "metadata", key, "thumb", _]) = (&request.method, &path[..]) {
        by_token(talk, request, site).ok_or_else(refused)?;
        return thumb(key, site);
    }
    if request.header("accept") != Some("application/json") {
        return Err(xml());
    }
    if request.method == Method::GET && path[..] == ["identity"] {
        let version = "1.40.2.8395-c67dce28e";
        let who = json!({"size": 0, "claimed": true, "version": version,
            "machineIdentifier": site.server_id});
        return Ok(container(&who));
    }
    let user = user(talk, request, site).ok_or_else(refused)?;
    match (&request.method, &path[..]) {
        (&Method::GET, []) => Ok(container(&json!({"friendlyName": talk.name, "size": 0,
            "machineIdentifier": site.server_id, "myPlexUsername": "anna@example.org",
            "allowMediaDeletion": !talk.keeps_media}))),
        (&Method::GET, ["accounts"]) => accounts(user, site),
        (&Method::GET, ["library", "sections"]) => Ok(sections(site)),
        (&Method::GET, ["library", "sections", key, "all"]) => all(talk, user, request, key, site),
        (&Method::GET, ["library", "metadata", keys]) => metadata(talk, user, keys, site),
        (&Method::GET, ["library", "metadata", key, below]) => {
            let of = by_key(key, site).ok_or_else(not_found)?;
            let kind = match *below {
                "children" => ItemKind::Season,
                "allLeaves" => ItemKind::Episode,
                _ => return Err(not_found()),
            };
            let filter = Filter { kind, of: Of::Show(of), since: None };
            paged(talk, user, request, &filter, By::Show, site)
        }
        (&Method::DELETE, ["library", "metadata", key]) => {
            let found = by_key(key, site).ok_or_else(not_found)?;
            if user != 0 || talk.keeps_media {
                return Err(Answer::status(403));
            }
            site.world.remove(object(found).0);
            Ok(Answer::status(200).into())
        }
        (_, [":", action]) => play(user, request, action, site),
        _ => Err(not_found()),
    }
}

fn thumb(key: &str, site: &mut Site) -> Answered {
    let found = by_key(key, site).ok_or_else(not_found)?;
    let object = site.world.get(object(found).0).ok_or_else(not_found)?;
    Ok(Answer::png(poster(&object)).into())
}

fn container(value: &Value) -> Reply {
    Answer::json(&json!({ "MediaContainer": value })).into()
}

/// What comes when nobody asks for JSON.
fn xml() -> Answer {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MediaContainer size=\"0\"/>";
    Answer { content_type: "text/xml;charset=utf-8", ..Answer::text(200, body) }
}

fn page(status: u16, title: &str) -> Answer {
    let body = format!(
        "<html><head><title>{title}</title></head><body><h1>{status} {title}</h1></body></html>"
    );
    Answer { content_type: "text/html", ..Answer::text(status, body) }
}

fn refused() -> Answer {
    page(401, "Unauthorized")
}

fn not_found() -> Answer {
    page(404, "Not Found")
}

fn bad(text: impl Into<String>) -> Answer {
    Answer::text(400, text.into())
}

/// The user of the token, who says which program they use.
fn user(talk: &Talk, request: &Request, site: &Site) -> Option<usize> {
    request.header("x-plex-client-identifier")?;
    by_token(talk, request, site)
}

/// The user of the token; the first one is the owner.
fn by_token(talk: &Talk, request: &Request, site: &Site) -> Option<usize> {
    let token = request.header("x-plex-token")?;
    if token == talk.token {
        return Some(0);
    }
    site.users.iter().position(|u| user_token(&u.name) == token)
}

/// Only the owner may see who there is.
fn accounts(user: usize, site: &Site) -> Answered {
    if user != 0 {
        return Err(refused());
    }
    let account =
        |(n, u): (usize, &crate::server::site::User)| json!({"id": n + 1, "name": u.name});
    let accounts: Vec<_> = site.users.iter().enumerate().map(account).collect();
    Ok(container(&json!({"size": accounts.len(), "Account": accounts})))
}

/// The libraries. There is one of music too.
fn sections(site: &Site) -> Reply {
    let shelves = site.world.read();
    let section = |key: usize, uuid: String, kind: &str, title: &str, root: &str| {
        json!({"key": key.to_string(), "uuid": uuid, "type": kind, "title": title,
            "agent": "tv.plex.agents.movie", "scanner": "Plex Movie", "language": "en-US",
            "refreshing": false, "contentChangedAt": shelves.revision,
            "Location": [{"id": key, "path": root}]})
    };
    let libraries = shelves.libraries.iter().enumerate();
    let mut all: Vec<_> = libraries
        .map(|(n, l)| {
            let kind = if l.kind == LibraryKind::Movies { "movie" } else { "show" };
            section(n + 1, site.library_id(n), kind, &l.name, &l.root)
        })
        .collect();
    all.push(section(99, site.library_id(98), "artist", "Music", "/data/music"));
    container(&json!({"size": all.len(), "allowSync": false, "Directory": all}))
}

/// Which items.
struct Filter {
    kind: ItemKind,
    of: Of,
    since: Option<(Moment, i64)>,
}

enum Of {
    Library(usize),
    Show(ObjectId),
}

#[derive(Clone, Copy)]
enum Moment {
    Updated,
    Viewed,
}

impl Filter {
    fn fits(&self, o: &Object, user: usize, shelves: &Shelves, site: &Site) -> bool {
        let is_there = match o.kind {
            // Plex knows nothing of what is only announced.
            ItemKind::Movie | ItemKind::Episode => !o.versions.is_empty(),
            ItemKind::Show | ItemKind::Season => true,
        };
        let moment = |moment: Moment| match moment {
            Moment::Updated => Some(o.saved_at),
            Moment::Viewed => site.play(user, o).and_then(|p| p.last_played_at),
        };
        let is_of = match self.of {
            Of::Library(n) => shelves.is_in(o, n),
            Of::Show(show) => o.show == Some(show),
        };
        let is_later = self
            .since
            .is_none_or(|(which, at)| moment(which).is_some_and(|moment| moment.timestamp() > at));
        o.kind == self.kind && is_there && is_of && is_later
    }
}

fn all(talk: &Talk, user: usize, request: &Request, key: &str, site: &mut Site) -> Answered {
    let library = key.parse::<usize>().ok().and_then(|key| key.checked_sub(1));
    let library = library.filter(|n| *n < site.world.libraries().len()).ok_or_else(not_found)?;
    let (mut kind, mut sort, mut since) = (None, By::Added, None);
    for (name, value) in &request.query {
        let number = || value.parse::<i64>().map_err(|_| bad(format!("{name} is no number")));
        match name.as_str() {
            "type" => kind = kind_of(number()?),
            "includeGuids" => {}
            "sort" => {
                let known = SORTS.iter().find(|(name, _)| name == value);
                sort = known.ok_or_else(|| bad(format!("nobody sorts by '{value}'")))?.1;
            }
            "updatedAt>>" => since = Some((Moment::Updated, number()?)),
            "lastViewedAt>>" => since = Some((Moment::Viewed, number()?)),
            _ => return Err(bad(format!("no server has a parameter '{name}'"))),
        }
    }
    let kind = kind.ok_or_else(|| bad("a type must be asked for"))?;
    let filter = Filter { kind, of: Of::Library(library), since };
    paged(talk, user, request, &filter, sort, site)
}

const fn kind_of(number: i64) -> Option<ItemKind> {
    match number {
        1 => Some(ItemKind::Movie),
        2 => Some(ItemKind::Show),
        3 => Some(ItemKind::Season),
        4 => Some(ItemKind::Episode),
        _ => None,
    }
}

/// The page that the paging headers ask for; a list that is asked for without them is refused,
/// because it would be read as a part.
fn paged(
    talk: &Talk,
    user: usize,
    request: &Request,
    filter: &Filter,
    by: By,
    site: &mut Site,
) -> Answered {
    let number = |name| request.header(name).and_then(|n: &str| n.parse::<usize>().ok());
    let start = number("x-plex-container-start");
    let size = number("x-plex-container-size");
    let (Some(start), Some(size)) = (start, size) else {
        return Err(bad("a list is asked for by pages"));
    };
    let mut query = request.query.clone();
    query.sort();
    let key = format!("{user} {} {query:?}", request.path);
    let all = site.list(&key, |site| items(user, filter, by, site));
    let (legacy, name) = (talk.legacy, talk.name.clone());
    let talk = Talk { name, token: String::new(), legacy, keeps_media: false };
    Ok(Reply::Page(Page {
        all,
        start,
        limit: Some(size),
        render: Box::new(move |window, site| list(&talk, user, true, window, site)),
    }))
}

fn items(user: usize, filter: &Filter, by: By, site: &Site) -> Vec<ObjectId> {
    let shelves = site.world.read();
    let fits = |o: &&Object| filter.fits(o, user, &shelves, site);
    let mut found: Vec<&Object> = shelves.all().filter(fits).collect();
    match by {
        By::Added => found.sort_by_key(|o| (o.added_at, o.id)),
        By::Show => found.sort_by_cached_key(|o| {
            let show = o.show.and_then(|id| shelves.get(id)).unwrap_or(o);
            let last = |n: Option<i32>| n.unwrap_or(i32::MAX);
            let (season, number) = (last(o.season_number), last(o.episode_number));
            (sort_title(&show.title), season, number, o.premiered, o.id)
        }),
    }
    let parts = |o: &Object| (0..o.parts() as u32).map(|part| item(o.id, part)).collect::<Vec<_>>();
    found.into_iter().flat_map(parts).collect()
}

/// The items of these keys that there are; none is an error.
fn metadata(talk: &Talk, user: usize, keys: &str, site: &mut Site) -> Answered {
    let objects: Vec<_> = keys.split(',').filter_map(|key| by_key(key, site)).collect();
    if objects.is_empty() {
        return Err(not_found());
    }
    let total = objects.len() as i64;
    let window = crate::server::message::Window { objects, start: 0, total, garbled: None };
    Ok(Answer::rendered(list(talk, user, false, &window, site)).into())
}

/// What is played. Every version takes these as GETs.
fn play(user: usize, request: &Request, action: &str, site: &mut Site) -> Answered {
    let named = request.param(if action == "timeline" { "ratingKey" } else { "key" });
    let found = named.and_then(|key| by_key(key, site)).ok_or_else(not_found)?;
    let object = site.world.get(object(found).0).ok_or_else(not_found)?;
    let before = site.play(user, &object).unwrap_or_default();
    let now = Some(site.world.read().now());
    let play = match action {
        "scrobble" | "unscrobble" if request.param("identifier").is_none() => {
            return Err(bad("identifier is missing"));
        }
        "scrobble" => PlayState {
            played: true,
            play_count: before.play_count + 1,
            last_played_at: now,
            ..PlayState::default()
        },
        "unscrobble" => PlayState::default(),
        "timeline" => {
            let number = |name| request.param(name).and_then(|n: &str| n.parse::<i64>().ok());
            let (Some(time), Some(_), Some("stopped")) =
                (number("time"), number("duration"), request.param("state"))
            else {
                return Err(bad("time, duration and state are missing"));
            };
            PlayState { position_seconds: time / 1_000, last_played_at: now, ..before }
        }
        _ => return Err(not_found()),
    };
    site.set_play(user, object.id, play);
    Ok(Answer::status(200).into())
}
