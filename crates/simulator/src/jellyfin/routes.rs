//! Which route answers what, for whom. Paths do not care about case, as in .NET.

use hyper::Method;

use super::auth::{Caller, caller};
use super::{Talk, item, query, system, user_data};
use crate::poster::poster;
use crate::server::message::{Answer, Reply, Request};
use crate::server::site::Site;
use crate::world::ObjectId;

type Answered = Result<Reply, Answer>;

/// Answers a request; an `Err` is an answer that refuses.
pub(crate) fn answer(talk: &Talk, request: &Request, site: &mut Site) -> Answered {
    let lower = request.path.to_ascii_lowercase();
    let mut path: Vec<&str> = lower.split('/').filter(|s| !s.is_empty()).collect();
    if talk.product.emby && path.first() == Some(&"emby") {
        path.remove(0);
    }
    if let Some(answer) = open(talk, request, site, &path) {
        return Ok(answer.into());
    }
    if let (&Method::GET, ["items", id, "images", "primary"]) = (&request.method, &path[..]) {
        return picture(request, site, id);
    }
    let caller = caller(talk, request, site)?;
    match (&request.method, &path[..]) {
        (&Method::GET, ["system", "info"]) => admin(caller, || system::info(talk, site)),
        (&Method::GET, ["items"]) => query::items(talk, caller, request, site, None),
        (&Method::GET, ["items", id]) => {
            let user = user_of(caller, request, site)?;
            item::single(talk, user, id, site)
        }
        (&Method::DELETE, ["items", id]) => delete(talk, caller, id, site),
        (&Method::POST, ["items", id, "delete"]) if talk.product.emby => {
            delete(talk, caller, id, site)
        }
        (&Method::GET, ["library", rest @ ..]) => folders(talk, caller, rest, site),
        (_, ["users", rest @ ..]) => users(talk, caller, request, rest, site),
        (_, [head, rest @ ..]) if talk.product.has_new_user_routes() => {
            new_user_routes(talk, caller, request, head, rest, site)
        }
        _ => Err(Answer::status(404)),
    }
}

/// What needs no token.
fn open(talk: &Talk, request: &Request, site: &Site, path: &[&str]) -> Option<Answer> {
    let emby = talk.product.emby;
    match (&request.method, path) {
        (&Method::GET, ["system", "info", "public"]) => Some(system::public_info(talk, site)),
        (&Method::GET, ["health"]) if !emby => Some(Answer::text(200, "Healthy")),
        (&Method::GET | &Method::POST, ["system", "ping"]) => {
            Some(Answer::text(200, if emby { "Emby Server" } else { "\"Jellyfin Server\"" }))
        }
        (&Method::GET, ["users", "public"]) => Some(Answer::json(&Vec::<()>::new())),
        _ => None,
    }
}

fn admin(caller: Caller, answer: impl FnOnce() -> Answer) -> Answered {
    if caller.is_admin() { Ok(answer().into()) } else { Err(Answer::status(403)) }
}

/// The libraries as administrators see them.
fn folders(talk: &Talk, caller: Caller, path: &[&str], site: &Site) -> Answered {
    match (talk.product.emby, path) {
        (false, ["virtualfolders"]) => admin(caller, || Answer::json(&system::folders(talk, site))),
        (true, ["virtualfolders", "query"]) => {
            admin(caller, || system::whole(&system::folders(talk, site)))
        }
        _ => Err(Answer::status(404)),
    }
}

/// The routes below `/Users`. Jellyfin keeps only some of them since 10.9.
fn users(
    talk: &Talk,
    caller: Caller,
    request: &Request,
    path: &[&str],
    site: &mut Site,
) -> Answered {
    let get = request.method == Method::GET;
    match path {
        [] if get => admin(caller, || Answer::json(&system::users(talk, site))),
        ["query"] if get && talk.product.emby => {
            admin(caller, || system::whole(&system::users(talk, site)))
        }
        ["me"] if get && !talk.product.emby => match caller {
            Caller::User { user, .. } => Ok(Answer::json(&system::user(talk, site, user)).into()),
            Caller::Key => Err(Answer::status(400)),
        },
        [id] if get => {
            let user = seen_user(caller, id, site)?;
            Ok(Answer::json(&system::user(talk, site, user)).into())
        }
        [id, rest @ ..] if !talk.product.has_new_user_routes() => {
            let user = seen_user(caller, id, site)?;
            match (&request.method, rest) {
                (&Method::GET, ["views"]) => Ok(system::views(talk, site).into()),
                (&Method::GET, ["items"]) => query::items(talk, caller, request, site, Some(user)),
                (&Method::GET, ["items", id]) => item::single(talk, Some(user), id, site),
                (_, ["playeditems", id]) => {
                    let object = object(site, id)?;
                    user_data::played(talk, request, user, object, site)
                }
                (_, ["items", id, "userdata"]) => {
                    let object = object(site, id)?;
                    user_data::update(talk, request, user, object, site)
                }
                _ => Err(Answer::status(404)),
            }
        }
        _ => Err(Answer::status(404)),
    }
}

/// The routes that came with Jellyfin 10.9.
fn new_user_routes(
    talk: &Talk,
    caller: Caller,
    request: &Request,
    head: &str,
    rest: &[&str],
    site: &mut Site,
) -> Answered {
    let user = user_of(caller, request, site)?;
    let needs = || user.ok_or_else(|| Answer::status(400));
    match (head, rest) {
        ("userviews", []) if request.method == Method::GET => {
            needs()?;
            Ok(system::views(talk, site).into())
        }
        ("userplayeditems", [id]) => {
            let (user, object) = (needs()?, object(site, id)?);
            user_data::played(talk, request, user, object, site)
        }
        ("useritems", [id, "userdata"]) => {
            let (user, object) = (needs()?, object(site, id)?);
            user_data::update(talk, request, user, object, site)
        }
        _ => Err(Answer::status(404)),
    }
}

/// The user whose data are asked for: the one of `userId`, else the one who asks.
pub(crate) fn user_of(
    caller: Caller,
    request: &Request,
    site: &Site,
) -> Result<Option<usize>, Answer> {
    match (request.param("userId"), caller) {
        (Some(id), _) => seen_user(caller, id, site).map(Some),
        (None, Caller::User { user, .. }) => Ok(Some(user)),
        (None, Caller::Key) => Ok(None),
    }
}

fn seen_user(caller: Caller, id: &str, site: &Site) -> Result<usize, Answer> {
    let user = site.user(id).ok_or_else(|| Answer::status(404))?;
    if caller.may_see(user) { Ok(user) } else { Err(Answer::status(403)) }
}

fn object(site: &mut Site, id: &str) -> Result<ObjectId, Answer> {
    let object = site.object(id).filter(|o| site.world.get(*o).is_some());
    object.ok_or_else(|| Answer::status(404))
}

/// The poster of an object, which needs no token.
fn picture(request: &Request, site: &mut Site, id: &str) -> Answered {
    let known = ["tag", "maxwidth", "quality"];
    if request.query.iter().any(|(n, _)| !known.contains(&n.to_ascii_lowercase().as_str())) {
        return Err(Answer::status(400));
    }
    let object = object(site, id)?;
    let object = site.world.get(object).ok_or_else(|| Answer::status(404))?;
    Ok(Answer::png(poster(&object)).into())
}

/// Deletes the files, as the real ones do.
fn delete(talk: &Talk, caller: Caller, id: &str, site: &mut Site) -> Answered {
    if !caller.is_admin() {
        return Err(Answer::status(if talk.product.emby { 403 } else { 401 }));
    }
    let object = object(site, id)?;
    site.world.remove(object);
    Ok(Answer::status(204).into())
}
