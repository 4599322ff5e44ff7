//! An object as the servers write it. Values that are opt-in are really absent when they were not
//! asked for, and most of what is null is not written at all.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use shelfread_domain::ItemKind;

use super::Talk;
use super::media::{MediaSource, sources};
use super::query::{bad, sort_name};
use super::user_data::{TICKS, UserData};
use crate::server::message::{Answer, Reply, Window, garbled};
use crate::server::site::Site;
use crate::world::{Object, Shelves, mix};

/// Which opt-in values were asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Fields {
    overview: bool,
    provider_ids: bool,
    path: bool,
    media_sources: bool,
    media_source_count: bool,
    date_created: bool,
    sort_name: bool,
    parent_id: bool,
    original_title: bool,
    etag: bool,
    genres: bool,
}

impl Fields {
    pub fn read(names: &[&str]) -> Result<Self, Answer> {
        let mut fields = Self::default();
        for name in names {
            match name.to_ascii_lowercase().as_str() {
                "overview" => fields.overview = true,
                "providerids" => fields.provider_ids = true,
                "path" => fields.path = true,
                "mediasources" => fields.media_sources = true,
                "mediasourcecount" => fields.media_source_count = true,
                "datecreated" => fields.date_created = true,
                "sortname" => fields.sort_name = true,
                "parentid" => fields.parent_id = true,
                "originaltitle" => fields.original_title = true,
                "etag" => fields.etag = true,
                "genres" => fields.genres = true,
                // Documented, and never there for the objects of this world.
                "people" | "studios" | "taglines" | "tags" | "datelastsaved"
                | "datelastmediaadded" | "externalurls" | "width" | "height" => {}
                _ => return Err(bad(format!("'{name}' is none of the fields"))),
            }
        }
        Ok(fields)
    }

    const fn all() -> Self {
        Self {
            overview: true,
            provider_ids: true,
            path: true,
            media_sources: true,
            media_source_count: true,
            date_created: true,
            sort_name: true,
            parent_id: true,
            original_title: true,
            etag: true,
            genres: true,
        }
    }
}

/// What of each object is shown, to whom, by which product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub emby: bool,
    pub fields: Fields,
    pub user: Option<usize>,
    pub images: bool,
    pub counts: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_title: Option<&'a str>,
    server_id: &'a str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_created: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    premiere_date: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_sources: Option<Vec<MediaSource<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    /// Always there, always null, on Jellyfin.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_id: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overview: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    genres: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_time_ticks: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    production_year: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index_number: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index_number_end: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_index_number: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_ids: Option<BTreeMap<&'static str, &'a str>>,
    is_folder: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
    #[serde(rename = "Type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<UserData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    season_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    season_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_source_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tags: Option<BTreeMap<&'static str, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backdrop_image_tags: Option<[String; 1]>,
    location_type: &'static str,
    media_type: &'static str,
}

/// A page of a list.
pub(crate) fn page(shape: &Shape, window: &Window, site: &Site) -> Vec<u8> {
    let shelves = site.world.read();
    let mut out = Vec::with_capacity(window.objects.len() * 1_800 + 64);
    out.extend_from_slice(b"{\"Items\":[");
    let objects = window.objects.iter().enumerate();
    for (place, object) in objects.filter_map(|(n, id)| Some((n, shelves.get(*id)?))) {
        if out.last() != Some(&b'[') {
            out.push(b',');
        }
        let item = Item::new(shape, object, &shelves, site);
        if window.garbled == Some(place) {
            let value = garbled(serde_json::to_value(&item).unwrap_or_default());
            out.extend(value.to_string().bytes());
        } else {
            // Writing to memory does not fail.
            let _ = serde_json::to_writer(&mut out, &item);
        }
    }
    let total = if shape.counts { window.total } else { 0 };
    let end =
        if shape.emby { "}".to_owned() } else { format!(",\"StartIndex\":{}}}", window.start) };
    out.extend(format!("],\"TotalRecordCount\":{total}{end}").bytes());
    out
}

/// One object with all its values.
pub(crate) fn single(
    talk: &Talk,
    user: Option<usize>,
    id: &str,
    site: &mut Site,
) -> Result<Reply, Answer> {
    let object = site.object(id).and_then(|o| site.world.get(o));
    let object = object.ok_or_else(|| Answer::status(404))?;
    let (emby, fields) = (talk.product.emby, Fields::all());
    let shape = Shape { emby, fields, user, images: true, counts: true };
    let shelves = site.world.read();
    Ok(Answer::json(&Item::new(&shape, &object, &shelves, site)).into())
}

impl<'a> Item<'a> {
    fn new(shape: &Shape, o: &'a Object, shelves: &'a Shelves, site: &'a Site) -> Self {
        let fields = &shape.fields;
        let id = site.id(o);
        let show = o.show.and_then(|id| shelves.get(id));
        let season = o.season.and_then(|id| shelves.get(id));
        let episode = o.kind == ItemKind::Episode;
        let video = matches!(o.kind, ItemKind::Movie | ItemKind::Episode);
        Self {
            name: &o.title,
            original_title: fields.original_title.then_some(&o.title),
            server_id: &site.server_id,
            etag: fields.etag.then(|| hash(o, 1)),
            date_created: fields.date_created.then_some(Stamp(o.added_at)),
            container: (!o.versions.is_empty()).then_some("mkv"),
            sort_name: fields.sort_name.then(|| sort_name(o)),
            premiere_date: o.premiered.map(Day),
            media_sources: (fields.media_sources && video).then(|| sources(o, &id)),
            path: o.path().filter(|_| fields.path),
            channel_id: (!shape.emby).then_some(()),
            overview: o.overview.text().filter(|_| fields.overview),
            genres: fields.genres.then_some(["Drama"]),
            run_time_ticks: o.runtime_seconds.map(|s| i64::from(s) * TICKS),
            production_year: o.year,
            index_number: index(o),
            index_number_end: o.episode_end,
            parent_index_number: o.season_number.filter(|_| episode),
            provider_ids: fields
                .provider_ids
                .then(|| o.provider_ids.iter().map(|(p, v)| (*p, v.as_str())).collect()),
            is_folder: !video,
            parent_id: fields.parent_id.then(|| parent_id(o, season.or(show), site)),
            kind: kind(o.kind),
            user_data: shape.user.map(|user| {
                UserData::new(shape.emby, site.play(user, o), || format!("{}-{}", id, o.id.0))
            }),
            series_name: show.map(|s| s.title.as_str()),
            series_id: show.map(|s| site.id(s)),
            season_id: season.map(|s| site.id(s)),
            season_name: season.map(|s| s.title.as_str()),
            video_type: video.then_some("VideoFile"),
            media_source_count: Some(o.versions.len())
                .filter(|n| fields.media_source_count && *n > 1),
            image_tags: shape.images.then(|| BTreeMap::from([("Primary", hash(o, 2))])),
            backdrop_image_tags: shape.images.then(|| [hash(o, 3)]),
            location_type: if o.is_on_disk() { "FileSystem" } else { "Virtual" },
            media_type: if video { "Video" } else { "Unknown" },
            id,
        }
    }
}

/// The number that the servers call `IndexNumber`.
pub(crate) const fn index(o: &Object) -> Option<i32> {
    match o.kind {
        ItemKind::Season => o.season_number,
        _ => o.episode_number,
    }
}

const fn kind(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Movie => "Movie",
        ItemKind::Show => "Series",
        ItemKind::Season => "Season",
        ItemKind::Episode => "Episode",
    }
}

fn parent_id(o: &Object, parent: Option<&Object>, site: &Site) -> String {
    let library = || site.library_id(o.libraries.first().copied().unwrap_or(0));
    parent.map_or_else(library, |p| site.id(p))
}

fn hash(o: &Object, salt: u64) -> String {
    let n = mix(u64::from(o.id.0) << 8 | salt);
    format!("{n:016x}{:016x}", mix(n))
}

/// A time as .NET writes it, with seven digits.
pub(crate) struct Stamp(pub DateTime<Utc>);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.to_rfc3339_opts(SecondsFormat::Micros, true);
        serializer.serialize_str(&format!("{}0Z", text.trim_end_matches('Z')))
    }
}

struct Day(NaiveDate);

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}T00:00:00.0000000Z", self.0))
    }
}
