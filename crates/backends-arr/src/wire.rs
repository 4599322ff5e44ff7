//! What Sonarr and Radarr write (API v3), with only the fields that are used. Ids are numbers, but
//! some installations and proxies make texts of them; 0, `null` and `""` stand for none.

use serde::Deserialize;
use shelfread_backends_http::lenient::{null_default, optional_number, optional_text};

/// An object with an id of its own.
pub trait Object {
    /// Its id, if it has one.
    fn id(&self) -> Option<i64>;
    /// Its name for people.
    fn title(&self) -> Option<&str>;
}

macro_rules! objects {
    ($($name:ident.$title:ident),+) => {$(
        impl Object for $name {
            fn id(&self) -> Option<i64> {
                self.id.filter(|id| *id > 0)
            }

            fn title(&self) -> Option<&str> {
                self.$title.as_deref()
            }
        }
    )+};
}

objects!(Series.title, Episode.title, Movie.title, File.path);

/// `/system/status`.
#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// `Sonarr` or `Radarr`; early versions of API v3 do not say.
    #[serde(deserialize_with = "optional_text")]
    pub app_name: Option<String>,
    /// The name that the owner gave it.
    #[serde(deserialize_with = "optional_text")]
    pub instance_name: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub version: Option<String>,
}

#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct Series {
    #[serde(deserialize_with = "optional_number")]
    pub id: Option<i64>,
    #[serde(deserialize_with = "optional_text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub sort_title: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub title_slug: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub overview: Option<String>,
    #[serde(deserialize_with = "optional_number")]
    pub year: Option<i64>,
    #[serde(deserialize_with = "optional_text")]
    pub first_aired: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub added: Option<String>,
    pub monitored: Option<bool>,
    #[serde(deserialize_with = "optional_number")]
    pub tvdb_id: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub tmdb_id: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub tv_maze_id: Option<i64>,
    #[serde(deserialize_with = "optional_text")]
    pub imdb_id: Option<String>,
    #[serde(deserialize_with = "null_default")]
    pub images: Vec<Image>,
    #[serde(deserialize_with = "null_default")]
    pub seasons: Vec<Season>,
    /// Absent as long as there are no episodes.
    pub statistics: Option<Statistics>,
}

#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct Season {
    #[serde(deserialize_with = "optional_number")]
    pub season_number: Option<i64>,
    pub monitored: Option<bool>,
    pub statistics: Option<Statistics>,
}

#[derive(Deserialize, Default, Debug, Clone, Copy)]
#[serde(rename_all = "camelCase", default)]
pub struct Statistics {
    /// All episodes, aired or not, monitored or not.
    #[serde(deserialize_with = "optional_number")]
    pub total_episode_count: Option<i64>,
}

#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct Image {
    #[serde(deserialize_with = "optional_text")]
    pub cover_type: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub url: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub remote_url: Option<String>,
}

#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct Episode {
    #[serde(deserialize_with = "optional_number")]
    pub id: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub season_number: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub episode_number: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub absolute_episode_number: Option<i64>,
    #[serde(deserialize_with = "optional_text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub overview: Option<String>,
    /// The day where it airs, `YYYY-MM-DD`.
    #[serde(deserialize_with = "optional_text")]
    pub air_date: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub air_date_utc: Option<String>,
    /// Minutes.
    #[serde(deserialize_with = "optional_number")]
    pub runtime: Option<i64>,
    pub monitored: Option<bool>,
    #[serde(deserialize_with = "optional_number")]
    pub tvdb_id: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub episode_file_id: Option<i64>,
    /// Sonarr 3 leaves it out.
    pub episode_file: Option<File>,
}

/// An episode file or a movie file.
#[derive(Deserialize, Default, Debug, Clone)]
#[serde(rename_all = "camelCase", default)]
pub struct File {
    #[serde(deserialize_with = "optional_number")]
    pub id: Option<i64>,
    #[serde(deserialize_with = "optional_text")]
    pub path: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub relative_path: Option<String>,
    #[serde(deserialize_with = "optional_number")]
    pub size: Option<i64>,
}

#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct Movie {
    #[serde(deserialize_with = "optional_number")]
    pub id: Option<i64>,
    #[serde(deserialize_with = "optional_text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub sort_title: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub overview: Option<String>,
    #[serde(deserialize_with = "optional_number")]
    pub year: Option<i64>,
    #[serde(deserialize_with = "optional_text")]
    pub in_cinemas: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub digital_release: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub physical_release: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub added: Option<String>,
    /// Minutes.
    #[serde(deserialize_with = "optional_number")]
    pub runtime: Option<i64>,
    pub monitored: Option<bool>,
    #[serde(deserialize_with = "optional_number")]
    pub tmdb_id: Option<i64>,
    #[serde(deserialize_with = "optional_text")]
    pub imdb_id: Option<String>,
    #[serde(deserialize_with = "null_default")]
    pub images: Vec<Image>,
    /// The folder of the movie.
    #[serde(deserialize_with = "optional_text")]
    pub path: Option<String>,
    pub movie_file: Option<File>,
}

/// One line of `/history/since`.
#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct History {
    #[serde(deserialize_with = "optional_number")]
    pub series_id: Option<i64>,
}

/// One page of `/queue`.
#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct QueuePage {
    #[serde(deserialize_with = "optional_number")]
    pub total_records: Option<i64>,
    #[serde(deserialize_with = "null_default")]
    pub records: Vec<QueueRecord>,
}

/// One line of the queue: a season pack has as many as it has episodes.
#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "camelCase", default)]
pub struct QueueRecord {
    #[serde(deserialize_with = "optional_text")]
    pub download_id: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "optional_number")]
    pub series_id: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub episode_id: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    pub movie_id: Option<i64>,
}
