//! From what Sonarr and Radarr write to observations. Pure.
//!
//! Both list what they look for, not only what is there: an item without files is not available.

use chrono::NaiveDate;
use shelfread_backends_http::time::dotnet;
use shelfread_domain::{ExternalId, Facts, FileRef, ItemKind, Observation, PathMap, Provider};

use crate::remote::Remote;
use crate::wire::{Episode, File, Image, Movie, Season, Series};

/// A series as a show.
pub fn show(id: i64, series: &Series) -> Observation {
    let facts = Facts {
        title: series.title.clone(),
        sort_title: series.sort_title.clone(),
        overview: series.overview.clone(),
        year: small(series.year),
        air_date: series.first_aired.as_deref().and_then(day),
        poster_url: poster(&series.images),
        slug: series.title_slug.clone(),
        monitored: series.monitored,
        added_at: series.added.as_deref().and_then(dotnet),
        external_ids: ids([
            (Provider::Tvdb, series.tvdb_id),
            (Provider::Tmdb, series.tmdb_id),
            (Provider::TvMaze, series.tv_maze_id),
        ])
        .chain(imdb(series.imdb_id.as_deref()))
        .collect(),
        ..Facts::default()
    };
    Observation { facts, ..Observation::new(Remote::Top(id).id(), ItemKind::Show) }
}

/// A season; `None` when it has no number and so no identity.
pub fn season(series: i64, season: &Season) -> Option<Observation> {
    let number = season.season_number?;
    let facts = Facts {
        season_number: small(Some(number)),
        monitored: season.monitored,
        ..Facts::default()
    };
    let o = Observation::new(Remote::Season(series, number).id(), ItemKind::Season);
    Some(Observation { parent: Some(Remote::Top(series).id()), facts, ..o })
}

/// An episode. `wanted` says whether its series is monitored: an episode is looked for only when
/// both are.
pub fn episode(
    series: i64,
    id: i64,
    episode: Episode,
    wanted: Option<bool>,
    paths: &PathMap,
) -> Observation {
    let aired = episode.air_date.as_deref().or(episode.air_date_utc.as_deref());
    let facts = Facts {
        air_date: aired.and_then(day),
        title: episode.title,
        overview: episode.overview,
        season_number: small(episode.season_number),
        episode_number: small(episode.episode_number),
        absolute_number: small(episode.absolute_episode_number),
        runtime_seconds: seconds(episode.runtime),
        monitored: episode.monitored.map(|m| m && wanted.unwrap_or(true)),
        external_ids: ids([(Provider::Tvdb, episode.tvdb_id)]).collect(),
        files: episode.episode_file.and_then(|f| file(f, None, paths)).into_iter().collect(),
        ..Facts::default()
    };
    let o = Observation::new(Remote::Episode(series, id).id(), ItemKind::Episode);
    Observation { parent: Some(Remote::Top(series).id()), facts, ..o }
}

/// A movie.
pub fn movie(id: i64, movie: Movie, paths: &PathMap) -> Observation {
    let released = [&movie.in_cinemas, &movie.digital_release, &movie.physical_release];
    let folder = movie.path.as_deref();
    let facts = Facts {
        air_date: released.into_iter().find_map(|date| day(date.as_deref()?)),
        files: movie.movie_file.and_then(|f| file(f, folder, paths)).into_iter().collect(),
        title: movie.title,
        sort_title: movie.sort_title,
        overview: movie.overview,
        year: small(movie.year),
        runtime_seconds: seconds(movie.runtime),
        poster_url: poster(&movie.images),
        monitored: movie.monitored,
        added_at: movie.added.as_deref().and_then(dotnet),
        external_ids: ids([(Provider::Tmdb, movie.tmdb_id)])
            .chain(imdb(movie.imdb_id.as_deref()))
            .collect(),
        ..Facts::default()
    };
    Observation { facts, ..Observation::new(Remote::Top(id).id(), ItemKind::Movie) }
}

fn ids<const N: usize>(numbers: [(Provider, Option<i64>); N]) -> impl Iterator<Item = ExternalId> {
    let id = |(provider, number): (Provider, Option<i64>)| {
        ExternalId::new(provider, &number?.to_string())
    };
    numbers.into_iter().filter_map(id)
}

fn imdb(id: Option<&str>) -> Option<ExternalId> {
    ExternalId::new(Provider::Imdb, id?)
}

fn small(number: Option<i64>) -> Option<i32> {
    i32::try_from(number?).ok()
}

fn seconds(minutes: Option<i64>) -> Option<i64> {
    minutes?.checked_mul(60)
}

/// The day of a date or of a moment; none for the year 1, which stands for "never".
fn day(text: &str) -> Option<NaiveDate> {
    match text.len() {
        10 => text.parse().ok(),
        _ => Some(dotnet(text)?.date_naive()),
    }
}

/// The poster at its origin, because the program's own copy needs the API key.
fn poster(images: &[Image]) -> Option<String> {
    let poster = images.iter().find(|i| i.cover_type.as_deref() == Some("poster"))?;
    poster.remote_url.clone().or_else(|| poster.url.clone())
}

/// A file by its path, or by its place in the folder of its movie.
fn file(file: File, folder: Option<&str>, paths: &PathMap) -> Option<FileRef> {
    let File { path, relative_path, size, .. } = file;
    let inside = || {
        let folder = folder?.trim_end_matches(['/', '\\']);
        let separator = if folder.contains('\\') { '\\' } else { '/' };
        Some(format!("{folder}{separator}{}", relative_path?))
    };
    let size = size.and_then(|s| u64::try_from(s).ok());
    Some(FileRef::new(paths.apply(path.or_else(inside)?), size))
}
