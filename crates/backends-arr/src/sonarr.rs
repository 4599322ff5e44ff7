//! Lists Sonarr: one request for all series with their seasons and statistics, and one for the
//! episodes of each, four at once and in order.
//!
//! Sonarr's lists have no total, so they prove each other: the listing is complete only if every
//! series' episodes are as many as its statistics count, in all and in each season.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use futures::stream::{self, StreamExt};
use shelfread_backends_http::paging::IN_FLIGHT;
use shelfread_backends_http::time::dotnet;
use shelfread_domain::port::{Problem, Scope, SourceError};
use shelfread_domain::{Coverage, Observation, RemoteId};

use crate::api::Objects;
use crate::convert::{episode, season, show};
use crate::reader::Reader;
use crate::remote::Remote;
use crate::wire::{Episode, Season, Series, Statistics};

/// How much further back than asked "what changed" looks: clocks and slow transactions.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// The most series whose episodes may fail before Sonarr is at fault and not a series.
const PATIENCE: u32 = 10;

pub async fn list(mut reader: Reader<'_>, scope: Scope) -> Result<Coverage, SourceError> {
    match scope {
        Scope::Full => {
            let all = reader.arr.api.all_series().await?;
            reader.expect(expected(&all)).await;
            let all = readable(&mut reader, all).await;
            trees(&mut reader, all, |_| true).await?;
            Ok(reader.tally.coverage())
        }
        Scope::ChangedSince(moment) => {
            let since = moment - OVERLAP;
            let history = reader.arr.api.history_since(since).await?;
            let touched: BTreeSet<_> = history.iter().filter_map(|h| h.series_id).collect();
            let added = |s: &Series| s.added.as_deref().and_then(dotnet);
            let all = reader.arr.api.all_series().await?;
            let all = readable(&mut reader, all).await;
            let is_changed = |(id, s): &(i64, Series)| {
                touched.contains(id) || added(s).is_some_and(|at| at >= since)
            };
            trees(&mut reader, all, is_changed).await?;
            Ok(reader.partial("only what changed was asked for"))
        }
        Scope::Only(ids) => {
            let named = named(&reader, &ids).await?;
            trees(&mut reader, named, |_| true).await?;
            Ok(reader.partial("only some items were asked for"))
        }
    }
}

/// How many items Sonarr says it has; unknown when a series cannot be read.
fn expected(all: &Objects<Series>) -> Option<u64> {
    let seasons =
        |s: &Series| s.seasons.iter().filter(|s| s.season_number.is_some()).count() as u64;
    let items = |s: &Series| 1 + seasons(s) + count(s.statistics);
    all.iter().map(|s| s.as_ref().ok().map(|(_, s)| items(s))).sum()
}

fn count(statistics: Option<Statistics>) -> u64 {
    let count = statistics.and_then(|s| s.total_episode_count);
    count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
}

/// The series that can be read. Of the others nothing is known of their episodes either.
async fn readable(reader: &mut Reader<'_>, all: Objects<Series>) -> Vec<(i64, Series)> {
    let mut good = Vec::with_capacity(all.len());
    for series in all {
        match series {
            Ok(series) => good.push(series),
            Err(bad) => {
                reader.tally.doubt("the episodes of a series that could not be read are unknown");
                reader.bad(bad, Remote::Top).await;
            }
        }
    }
    good
}

/// The series that these ids name or belong to.
async fn named(reader: &Reader<'_>, ids: &[RemoteId]) -> Result<Vec<(i64, Series)>, SourceError> {
    let ids: BTreeSet<_> = ids.iter().filter_map(Remote::parse).map(Remote::top).collect();
    let mut series = Vec::new();
    for id in ids {
        series.extend(reader.arr.api.series(id).await?.map(|s| (id, s)));
    }
    Ok(series)
}

/// Hands on series with their seasons, and with their episodes where these are wanted.
async fn trees(
    reader: &mut Reader<'_>,
    all: Vec<(i64, Series)>,
    wants_episodes: impl Fn(&(i64, Series)) -> bool,
) -> Result<(), SourceError> {
    let api = &reader.arr.api;
    let fetch = |series: (i64, Series)| {
        let wanted = wants_episodes(&series);
        async move {
            let episodes = if wanted { Some(api.episodes(series.0).await) } else { None };
            (series, episodes)
        }
    };
    let mut trees = stream::iter(all).map(fetch).buffered(IN_FLIGHT);
    let mut patience = PATIENCE;
    while let Some(((id, series), episodes)) = trees.next().await {
        match episodes {
            None => reader.pages(top(id, &series)).await,
            Some(Ok(episodes)) => tree(reader, id, &series, episodes).await,
            Some(Err(e)) if patience > 0 && is_of_one_series(&e) => {
                patience -= 1;
                reader.pages(top(id, &series)).await;
                lost(reader, id, &series, &e).await;
            }
            Some(Err(e)) => return Err(e),
        }
    }
    Ok(())
}

/// A show and its seasons.
fn top(id: i64, series: &Series) -> Vec<Observation> {
    let seasons = series.seasons.iter().filter_map(|s| season(id, s));
    std::iter::once(show(id, series)).chain(seasons).collect()
}

async fn tree(reader: &mut Reader<'_>, id: i64, series: &Series, episodes: Objects<Episode>) {
    if let Some(reason) = disagreement(series, &episodes) {
        reader.tally.doubt(reason);
    }
    let mut observations = top(id, series);
    for item in episodes {
        match item {
            Ok((number, item)) => {
                let paths = &reader.arr.paths;
                observations.push(episode(id, number, item, series.monitored, paths));
            }
            Err(bad) => reader.bad(bad, |number| Remote::Episode(id, number)).await,
        }
    }
    reader.pages(observations).await;
}

/// Whether one series may be the cause: it was removed meanwhile, Sonarr stumbles over it, or what
/// it says of it cannot be read.
const fn is_of_one_series(error: &SourceError) -> bool {
    match error.problem {
        Problem::Status(status) => status >= 500,
        Problem::NotFound | Problem::Malformed(_) | Problem::TooLarge(_) => true,
        _ => false,
    }
}

async fn lost(reader: &mut Reader<'_>, id: i64, series: &Series, error: &SourceError) {
    let label = series.title.clone().unwrap_or_else(|| id.to_string());
    reader.tally.doubt(format!("the episodes of {label} could not be read"));
    reader.fail(label, Some(Remote::Top(id).id()), error.to_string()).await;
}

/// Where the episodes that came are not those that Sonarr counts.
fn disagreement(series: &Series, episodes: &Objects<Episode>) -> Option<String> {
    let title = series.title.as_deref().unwrap_or("a series");
    let (says, came) = (count(series.statistics), episodes.len() as u64);
    if says != came {
        return Some(format!("Sonarr counts {says} episodes of {title}, {came} came"));
    }
    let mut by_season = BTreeMap::<_, u64>::new();
    for (_, episode) in episodes.iter().flatten() {
        *by_season.entry(episode.season_number).or_default() += 1;
    }
    let differs =
        |s: &&Season| count(s.statistics) != by_season.get(&s.season_number).copied().unwrap_or(0);
    let all_read = episodes.iter().all(Result::is_ok);
    let season = series.seasons.iter().find(differs).filter(|_| all_read)?;
    Some(format!(
        "the episodes of season {} of {title} are not those that Sonarr counts",
        season.season_number.unwrap_or(-1)
    ))
}
