//! Radarr: one list of films with their files.

use hyper::Method;
use serde_json::{Value, json};
use shelfread_domain::ItemKind;
use shelfread_domain::text::sort_title;

use super::{Answered, Talk, check, images, moment, not_found, number, refused, text, whole};
use crate::server::message::{Answer, Request, Window, garbled};
use crate::server::site::Site;
use crate::world::{Object, ObjectId};

pub(super) fn route(talk: &Talk, request: &Request, path: &[&str], site: &mut Site) -> Answered {
    let found = |id: &str, site: &mut Site| {
        let object = site.object(id).and_then(|id| site.world.get(id));
        object.filter(|o| o.kind == ItemKind::Movie).ok_or_else(not_found)
    };
    match (&request.method, path) {
        (&Method::GET, ["movie"]) => {
            check(request, &["tmdbId", "excludeLocalCovers"])?;
            let wanted = request.param("tmdbId").map(|id| id.parse().unwrap_or(0));
            let fits = |o: &&Object| {
                o.kind == ItemKind::Movie && wanted.is_none_or(|id| number(o, "Tmdb") == id)
            };
            let all: Vec<ObjectId> = site.world.read().all().filter(fits).map(|o| o.id).collect();
            let talk = talk.clone();
            Ok(whole(all, Box::new(move |window, site| list(&talk, window, site))))
        }
        (&Method::GET, ["movie", id]) => {
            let film = found(id, site)?;
            Ok(Answer::json(&movie(talk, &film, site)).into())
        }
        (&Method::DELETE, ["movie", id]) => {
            check(request, &["deleteFiles", "addImportExclusion"])?;
            let film = found(id, site)?;
            site.world.remove(film.id);
            Ok(Answer::json(&json!({})).into())
        }
        (&Method::GET, _) => Err(not_found()),
        _ => Err(refused(405, "MethodNotAllowed")),
    }
}

fn list(talk: &Talk, window: &Window, site: &Site) -> Vec<u8> {
    let shelves = site.world.read();
    let objects = window.objects.iter().enumerate();
    let films = objects.filter_map(|(place, id)| {
        let value = movie(talk, shelves.get(*id)?, site);
        Some(if window.garbled == Some(place) { garbled(value) } else { value })
    });
    Value::from(films.collect::<Vec<_>>()).to_string().into_bytes()
}

fn movie(talk: &Talk, o: &Object, site: &Site) -> Value {
    let id = site.id(o).parse::<u64>().unwrap_or(0);
    let file = o.versions.first();
    let folder = file.and_then(|f| f.path.rsplit_once('/')).map_or("", |(folder, _)| folder);
    let mut movie = json!({
        "id": id,
        "title": o.title,
        "sortTitle": sort_title(&o.title),
        "overview": o.overview.text(),
        "status": "released",
        "year": o.year.unwrap_or(0),
        "inCinemas": moment(o.premiered),
        "images": images(o),
        "path": folder,
        "monitored": talk.is_monitored(o),
        "hasFile": file.is_some(),
        "movieFileId": if file.is_some() { id } else { 0 },
        "runtime": o.runtime_seconds.unwrap_or(0) / 60,
        "tmdbId": number(o, "Tmdb"),
        "imdbId": text(o, "Imdb"),
        "titleSlug": number(o, "Tmdb").to_string(),
        "added": o.added_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    });
    if let Some(file) = file {
        let name = file.path.rsplit('/').next();
        movie["movieFile"] = json!({"id": id, "movieId": id, "relativePath": name,
            "path": file.path, "size": file.size, "quality": {"quality": {"id": 7}}});
    }
    movie
}
