//! Removal of a part of a series: its episodes are looked for no longer, and their files are
//! deleted. A file that holds other episodes as well stays, and then nothing is done.

use std::collections::BTreeSet;

use shelfread_domain::port::{Problem, SourceError};

use crate::Arr;
use crate::api::Objects;
use crate::remote::Remote;
use crate::wire::Episode;

/// Removes what can be removed of a season or episode; whether there was anything.
pub async fn remove(arr: &Arr, part: Remote) -> Result<bool, SourceError> {
    if arr.api.series(part.top()).await?.is_none() {
        return Ok(false);
    }
    let episodes = arr.api.episodes(part.top()).await?;
    let work = Work::of(&episodes, part).map_err(|problem| {
        let what = format!("removing {} from {}", part.id(), arr.program.name());
        SourceError::new(what, problem)
    })?;
    // First, or the program would look for a new file at once.
    if !work.monitored.is_empty() {
        arr.api.unmonitor(&work.monitored).await?;
    }
    for file in &work.files {
        arr.api.delete_file(*file).await?;
    }
    Ok(!work.monitored.is_empty() || !work.files.is_empty())
}

/// What is to be done with the episodes of a series.
#[derive(Debug, PartialEq, Eq)]
struct Work {
    monitored: Vec<i64>,
    files: BTreeSet<i64>,
}

impl Work {
    fn of(episodes: &Objects<Episode>, part: Remote) -> Result<Self, Problem> {
        if episodes.iter().any(Result::is_err) {
            let why = "some episodes of the series could not be read";
            return Err(Problem::Malformed(why.to_owned()));
        }
        let (own, others): (Vec<_>, Vec<_>) =
            episodes.iter().flatten().partition(|(id, e)| is_of(part, *id, e));
        let file = |e: &Episode| e.episode_file_id.filter(|id| *id > 0);
        let files: BTreeSet<i64> = own.iter().filter_map(|(_, e)| file(e)).collect();
        if others.iter().filter_map(|(_, e)| file(e)).any(|id| files.contains(&id)) {
            let why = "its file holds other episodes as well";
            return Err(Problem::Rejected(why.to_owned()));
        }
        let monitored = own.iter().filter(|(_, e)| e.monitored != Some(false));
        Ok(Self { monitored: monitored.map(|(id, _)| *id).collect(), files })
    }
}

fn is_of(part: Remote, id: i64, episode: &Episode) -> bool {
    match part {
        Remote::Top(_) => true,
        Remote::Season(_, season) => episode.season_number == Some(season),
        Remote::Episode(_, own) => id == own,
    }
}
