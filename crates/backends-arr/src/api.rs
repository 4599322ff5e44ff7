//! The requests: paths and parameters, and answers as wire structs. Knows no observation.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use shelfread_backends_http::lenient::{Unreadable, each};
use shelfread_backends_http::{Http, HttpConfig, Request, Response};
use shelfread_domain::port::{Problem, SourceError};

use crate::wire::{Episode, File, History, Movie, Object, QueuePage, Series, Status};

/// Lines of the queue per request: more than anybody downloads at once.
const QUEUE_PAGE: usize = 1_000;

/// An object of a list that is not written as expected.
#[derive(Debug)]
pub struct Bad {
    pub id: Option<i64>,
    pub title: Option<String>,
    pub message: String,
}

/// The objects of a list by their ids, and what is known of those that could not be read.
pub type Objects<T> = Vec<Result<(i64, T), Bad>>;

/// The requests to one Sonarr or Radarr.
#[derive(Debug)]
pub struct Api {
    pub http: Http,
}

impl Api {
    pub fn new(mut http: HttpConfig, api_key: SecretString) -> Result<Self, SourceError> {
        http.headers.push(("x-api-key", api_key));
        Ok(Self { http: Http::new(http)? })
    }

    pub async fn status(&self) -> Result<Status, SourceError> {
        self.http.json(&get(["system", "status"])).await
    }

    /// Whether the program knows this kind of list at all. Asks for one object that hardly anybody
    /// has, because the whole list may be long.
    pub async fn knows(&self, list: &str, filter: &str) -> Result<bool, SourceError> {
        let answer = self.http.exchange(&get([list]).query(filter, 1)).await?;
        Ok(found(answer.success())?.is_some_and(|answer| !answer.is_web_page()))
    }

    pub async fn all_series(&self) -> Result<Objects<Series>, SourceError> {
        self.list(&get(["series"])).await
    }

    pub async fn series(&self, id: i64) -> Result<Option<Series>, SourceError> {
        self.one(&get(["series", &id.to_string()])).await
    }

    /// The episodes of a series with their files, which Sonarr 3 lists apart.
    pub async fn episodes(&self, series: i64) -> Result<Objects<Episode>, SourceError> {
        let of_series = |list| get([list]).query("seriesId", series);
        let request = of_series("episode").query("includeEpisodeFile", true);
        let mut episodes: Objects<Episode> = self.list(&request).await?;
        let lacks_file =
            |e: &Episode| e.episode_file.is_none() && e.episode_file_id.is_some_and(|id| id > 0);
        if episodes.iter().flatten().any(|(_, e)| lacks_file(e)) {
            let files: Objects<File> = self.list(&of_series("episodefile")).await?;
            let files: HashMap<_, _> = files.into_iter().flatten().collect();
            for (_, episode) in episodes.iter_mut().flatten().filter(|(_, e)| lacks_file(e)) {
                let file = episode.episode_file_id.and_then(|id| files.get(&id));
                episode.episode_file = file.cloned();
            }
        }
        Ok(episodes)
    }

    pub async fn all_movies(&self) -> Result<Objects<Movie>, SourceError> {
        self.list(&get(["movie"])).await
    }

    pub async fn movie(&self, id: i64) -> Result<Option<Movie>, SourceError> {
        self.one(&get(["movie", &id.to_string()])).await
    }

    /// What happened since then: grabs, imports, renames, removals of files.
    pub async fn history_since(&self, since: DateTime<Utc>) -> Result<Vec<History>, SourceError> {
        let date = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        self.http.json(&get(["history", "since"]).query("date", date)).await
    }

    /// One page of the queue, from 1, with what belongs to nothing known.
    pub async fn queue(&self, page: usize) -> Result<QueuePage, SourceError> {
        let request = get(["queue"])
            .query("page", page)
            .query("pageSize", QUEUE_PAGE)
            .query("includeUnknownSeriesItems", true)
            .query("includeUnknownMovieItems", true);
        self.http.json(&request).await
    }

    /// Removes a series or a movie; whether there was one.
    pub async fn delete(&self, list: &str, id: i64, files: bool) -> Result<bool, SourceError> {
        let path = ["api", "v3", list, &id.to_string()];
        // What is not there is removed with success, so it is looked for first.
        if self.one::<Series>(&Request::get(path)).await?.is_none() {
            return Ok(false);
        }
        let request = Request::delete(path).query("deleteFiles", files);
        Ok(found(self.http.send(&request).await)?.is_some())
    }

    /// Looks for these episodes no longer.
    pub async fn unmonitor(&self, episodes: &[i64]) -> Result<(), SourceError> {
        let body = json!({ "episodeIds": episodes, "monitored": false });
        let request = Request::put(["api", "v3", "episode", "monitor"]);
        let request = request.json(&body).map_err(|e| {
            SourceError::new("unmonitoring episodes", Problem::Malformed(e.to_string()))
        })?;
        // To say it twice says nothing else.
        self.http.send(&request.repeatable(true)).await.map(drop)
    }

    /// Deletes the file of an episode; that it is gone already is well.
    pub async fn delete_file(&self, id: i64) -> Result<(), SourceError> {
        let request = Request::delete(["api", "v3", "episodefile", &id.to_string()]);
        found(self.http.send(&request).await).map(drop)
    }

    async fn one<T: for<'a> Deserialize<'a>>(
        &self,
        request: &Request,
    ) -> Result<Option<T>, SourceError> {
        found(self.http.json(request).await)
    }

    async fn list<T: Object + for<'a> Deserialize<'a>>(
        &self,
        request: &Request,
    ) -> Result<Objects<T>, SourceError> {
        objects(&self.http.send(request).await?)
    }
}

fn get<'a>(path: impl IntoIterator<Item = &'a str>) -> Request {
    Request::get(["api", "v3"].into_iter().chain(path)).header("accept", "application/json")
}

fn objects<T: Object + for<'a> Deserialize<'a>>(
    answer: &Response,
) -> Result<Objects<T>, SourceError> {
    let list: &RawValue = answer.json()?;
    if !list.get().starts_with('[') {
        return Err(answer.error(Problem::Malformed("a list was expected".into())));
    }
    let items = each::<T>(Some(list)).map_err(|e| answer.malformed(&e))?;
    Ok(items.into_iter().map(identified).collect())
}

fn identified<T: Object>(item: Result<T, Unreadable<'_>>) -> Result<(i64, T), Bad> {
    let object = item.map_err(|u| Bad {
        id: u.field("id").and_then(|id| id.parse().ok()).filter(|id| *id > 0),
        title: u.field("title"),
        message: u.message(),
    })?;
    match object.id() {
        Some(id) => Ok((id, object)),
        None => {
            let title = object.title().map(str::to_owned);
            Err(Bad { id: None, title, message: "it has no id".into() })
        }
    }
}

/// Nothing instead of the error that there is nothing.
fn found<T>(result: Result<T, SourceError>) -> Result<Option<T>, SourceError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.problem == Problem::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
