//! Lists of items: which, in which order, and with which of their values.

use shelfread_domain::ItemKind;
use shelfread_domain::text::sort_title;

use super::auth::Caller;
use super::item::{self, Fields, Shape};
use super::{Talk, routes};
use crate::server::message::{Answer, Page, Reply, Request};
use crate::server::site::Site;
use crate::world::{Object, ObjectId, Shelves};

/// What both products understand of what they document.
const PARAMETERS: [&str; 17] = [
    "userid",
    "parentid",
    "recursive",
    "includeitemtypes",
    "startindex",
    "limit",
    "sortby",
    "sortorder",
    "fields",
    "ids",
    "mindatelastsaved",
    "mindatelastsavedforuser",
    "enableuserdata",
    "enableimages",
    "imagetypelimit",
    "enableimagetypes",
    "ismissing",
];
/// What only Jellyfin does.
const JELLYFIN_ONLY: [&str; 3] =
    ["excludelocationtypes", "enabletotalrecordcount", "collapseboxsetitems"];

/// Answers a question for a list.
pub(crate) fn items(
    talk: &Talk,
    caller: Caller,
    request: &Request,
    site: &mut Site,
    user: Option<usize>,
) -> Result<Reply, Answer> {
    check_parameters(talk, request)?;
    let user = match user {
        Some(user) => Some(user),
        None => routes::user_of(caller, request, site)?,
    };
    let filter = Filter::read(talk, request, site, user)?;
    let order = Order::read(request, user)?;
    let all = site.list(&list_key(request, user), |site| filter.list(site, &order));
    let user_data = flag(request, "enableUserData")? != Some(false);
    let shape = Shape {
        emby: talk.product.emby,
        fields: Fields::read(&request.list("fields"))?,
        user: user.filter(|_| user_data),
        images: flag(request, "enableImages")? != Some(false),
        counts: flag(request, "enableTotalRecordCount")? != Some(false),
    };
    let limit = number(request, "limit")?;
    Ok(Reply::Page(Page {
        all,
        start: number(request, "startIndex")?.unwrap_or(0),
        limit,
        render: Box::new(move |window, site| item::page(&shape, window, site)),
    }))
}

fn check_parameters(talk: &Talk, request: &Request) -> Result<(), Answer> {
    for (name, _) in &request.query {
        let name = name.to_ascii_lowercase();
        let known = PARAMETERS.contains(&name.as_str())
            || !talk.product.emby && JELLYFIN_ONLY.contains(&name.as_str());
        if !known {
            return Err(bad(format!("this server has no parameter '{name}'")));
        }
    }
    Ok(())
}

/// What tells two lists apart: all but the place in them and the values that are shown.
fn list_key(request: &Request, user: Option<usize>) -> String {
    let shown = ["startindex", "limit", "fields", "enableuserdata", "enableimages"];
    let mut query: Vec<_> = request
        .query
        .iter()
        .map(|(n, v)| (n.to_ascii_lowercase(), v))
        .filter(|(n, _)| !shown.contains(&n.as_str()))
        .map(|(n, v)| format!("{n}={v}"))
        .collect();
    query.sort_unstable();
    format!("{user:?} {}", query.join("&"))
}

/// Which objects.
struct Filter {
    parent: Parent,
    recursive: bool,
    kinds: Option<Vec<ItemKind>>,
    ids: Option<Vec<ObjectId>>,
    saved_since: Option<chrono::DateTime<chrono::Utc>>,
    used_since: Option<(usize, chrono::DateTime<chrono::Utc>)>,
    missing: Option<bool>,
    on_disk_only: bool,
}

enum Parent {
    Everything,
    Library(usize),
    Object(ObjectId),
    /// A folder that is not there (any more) has nothing in it.
    Unknown,
}

impl Filter {
    fn read(
        talk: &Talk,
        request: &Request,
        site: &mut Site,
        user: Option<usize>,
    ) -> Result<Self, Answer> {
        let used_since = time(request, "minDateLastSavedForUser")?;
        if used_since.is_some() && user.is_none() {
            return Err(bad("minDateLastSavedForUser needs a userId"));
        }
        let kinds = request.list("includeItemTypes");
        let ids = request.list("ids");
        let locations = request.list("excludeLocationTypes");
        Ok(Self {
            parent: request.param("parentId").map_or(Parent::Everything, |id| parent(site, id)),
            recursive: flag(request, "recursive")? == Some(true),
            kinds: (!kinds.is_empty()).then(|| kinds.into_iter().filter_map(kind).collect()),
            ids: (!ids.is_empty())
                .then(|| ids.into_iter().filter_map(|id| site.object(id)).collect()),
            // Jellyfin never looks at the user's data, whatever its parameter is called.
            saved_since: time(request, "minDateLastSaved")?
                .max(used_since.filter(|_| !talk.product.emby)),
            used_since: user.zip(used_since).filter(|_| talk.product.emby),
            missing: flag(request, "isMissing")?,
            on_disk_only: locations.iter().any(|l| l.eq_ignore_ascii_case("virtual")),
        })
    }

    fn list(&self, site: &Site, order: &Order) -> Vec<ObjectId> {
        let shelves = site.world.read();
        let fits = |o: &&Object| self.fits(o, &shelves, site);
        let mut found: Vec<&Object> = match &self.ids {
            Some(ids) => ids.iter().filter_map(|id| shelves.get(*id)).filter(fits).collect(),
            None => shelves.all().filter(fits).collect(),
        };
        order.sort(&mut found, &shelves, site);
        found.into_iter().map(|o| o.id).collect()
    }

    fn fits(&self, o: &Object, shelves: &Shelves, site: &Site) -> bool {
        // A season without a folder is `Virtual` too, but not by the server's own account.
        let missing = o.kind == ItemKind::Episode && !o.is_on_disk();
        self.is_below(o, shelves)
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&o.kind))
            && self.saved_since.is_none_or(|at| o.saved_at >= at)
            && self.used_since.is_none_or(|(user, at)| site.play_saved_at(user, o) >= at)
            && self.missing.is_none_or(|m| m == missing)
            && !(missing && self.on_disk_only)
    }

    fn is_below(&self, o: &Object, shelves: &Shelves) -> bool {
        match self.parent {
            _ if self.ids.is_some() => true,
            Parent::Everything => self.recursive,
            Parent::Library(n) => shelves.is_in(o, n) && (self.recursive || o.show.is_none()),
            Parent::Object(id) if self.recursive => o.show == Some(id) || o.season == Some(id),
            Parent::Object(id) => match o.kind {
                ItemKind::Episode => o.season == Some(id),
                _ => o.show == Some(id),
            },
            Parent::Unknown => false,
        }
    }
}

fn parent(site: &mut Site, id: &str) -> Parent {
    if let Some(library) = site.library(id) {
        return Parent::Library(library);
    }
    site.object(id).map_or(Parent::Unknown, Parent::Object)
}

fn kind(name: &str) -> Option<ItemKind> {
    match name.to_ascii_lowercase().as_str() {
        "movie" => Some(ItemKind::Movie),
        "series" => Some(ItemKind::Show),
        "season" => Some(ItemKind::Season),
        "episode" => Some(ItemKind::Episode),
        _ => None,
    }
}

/// In which order, by what and whether backwards.
struct Order(Vec<(By, bool)>);

#[derive(Clone, Copy)]
enum By {
    Name,
    Series,
    Created,
    Premiered,
    Year,
    Season,
    Number,
    Folder,
    Played(Option<usize>),
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(String),
}

impl Order {
    /// The orders that a list needs; an unknown one is an error, and `Random` too.
    fn read(request: &Request, user: Option<usize>) -> Result<Self, Answer> {
        let directions = request.list("sortOrder");
        let descending = |n: usize| match directions.get(n).or(directions.last()) {
            None => Ok(false),
            Some(d) if d.eq_ignore_ascii_case("ascending") => Ok(false),
            Some(d) if d.eq_ignore_ascii_case("descending") => Ok(true),
            Some(d) => Err(bad(format!("'{d}' is no sortOrder"))),
        };
        let by = request.list("sortBy").into_iter().enumerate();
        by.map(|(n, name)| Ok((By::read(name, user)?, descending(n)?)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn sort(&self, found: &mut [&Object], shelves: &Shelves, site: &Site) {
        for (by, descending) in self.0.iter().rev() {
            if *descending {
                found.sort_by_cached_key(|o| std::cmp::Reverse(by.key(o, shelves, site)));
            } else {
                found.sort_by_cached_key(|o| by.key(o, shelves, site));
            }
        }
    }
}

impl By {
    fn read(name: &str, user: Option<usize>) -> Result<Self, Answer> {
        match name.to_ascii_lowercase().as_str() {
            "sortname" | "name" | "default" => Ok(Self::Name),
            "seriessortname" => Ok(Self::Series),
            "datecreated" => Ok(Self::Created),
            "premieredate" => Ok(Self::Premiered),
            "productionyear" => Ok(Self::Year),
            "parentindexnumber" => Ok(Self::Season),
            "indexnumber" => Ok(Self::Number),
            "isfolder" => Ok(Self::Folder),
            "dateplayed" => Ok(Self::Played(user)),
            _ => Err(bad(format!("'{name}' is no sortBy of this server"))),
        }
    }

    fn key(self, o: &Object, shelves: &Shelves, site: &Site) -> Key {
        let number = |n: Option<i32>| Key::Number(n.map_or(-1, i64::from));
        match self {
            Self::Name => Key::Text(sort_name(o)),
            Self::Series => {
                let show = o.show.and_then(|id| shelves.get(id));
                Key::Text(show.map_or_else(String::new, sort_name))
            }
            Self::Created => Key::Number(o.added_at.timestamp_micros()),
            Self::Premiered => Key::Number(
                o.premiered.map_or(0, |d| i64::from(chrono::Datelike::num_days_from_ce(&d))),
            ),
            Self::Year => number(o.year),
            Self::Season => number(o.season_number.filter(|_| o.kind == ItemKind::Episode)),
            Self::Number => number(item::index(o)),
            Self::Folder => Key::Number(i64::from(o.kind == ItemKind::Show)),
            Self::Played(user) => {
                let last = user.and_then(|u| site.play(u, o)).and_then(|p| p.last_played_at);
                Key::Number(last.map_or(0, |at| at.timestamp_micros()))
            }
        }
    }
}

/// The name to sort by, as the servers make it: episodes begin with their numbers.
pub(crate) fn sort_name(o: &Object) -> String {
    match (o.kind, o.season_number, o.episode_number) {
        (ItemKind::Episode, Some(s), Some(n)) => format!("{s:03} - {n:04} - {}", o.title),
        (ItemKind::Season, Some(s), _) => format!("{s:04}"),
        _ => sort_title(&o.title),
    }
}

fn flag(request: &Request, name: &str) -> Result<Option<bool>, Answer> {
    match request.param(name).map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(bad(format!("{name}={other} is no boolean"))),
    }
}

fn number(request: &Request, name: &str) -> Result<Option<usize>, Answer> {
    let parse = |n: &str| n.parse().map_err(|_| bad(format!("{name}={n} is no number")));
    request.param(name).map(parse).transpose()
}

fn time(request: &Request, name: &str) -> Result<Option<chrono::DateTime<chrono::Utc>>, Answer> {
    let parse = |t: &str| t.parse().map_err(|_| bad(format!("{name}={t} is no time")));
    request.param(name).map(parse).transpose()
}

pub(crate) fn bad(why: impl Into<String>) -> Answer {
    Answer::text(400, why.into())
}
