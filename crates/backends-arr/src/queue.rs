//! The queue: which transfers of the download clients are for which items.

use std::collections::BTreeMap;

use shelfread_domain::RemoteId;
use shelfread_domain::port::{Problem, SourceError};

use crate::Arr;
use crate::remote::Remote;
use crate::wire::QueueRecord;

/// The most pages of the queue that are read.
const MOST_PAGES: usize = 100;

/// A transfer that the program waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Queued {
    /// The download client's own id; the info hash of a torrent in lower case.
    pub download_id: String,
    /// What it is called there.
    pub title: Option<String>,
    /// What it is for, in the remote ids of this source: the episodes of a season pack, a movie,
    /// or nothing when the program does not know it.
    pub items: Vec<RemoteId>,
}

/// Reads the whole queue, one entry for each transfer, in the order of their ids.
pub async fn queue(arr: &Arr) -> Result<Vec<Queued>, SourceError> {
    let mut transfers = BTreeMap::new();
    let mut came = 0;
    for page in 1..=MOST_PAGES {
        let page = arr.api.queue(page).await?;
        came += page.records.len();
        let is_last = page.records.is_empty() || is_whole(came, page.total_records);
        for record in page.records {
            note(&mut transfers, record);
        }
        if is_last {
            return Ok(transfers.into_values().collect());
        }
    }
    let what = format!("reading the queue of {}", arr.api.http.base_url());
    Err(SourceError::new(what, Problem::Malformed("it has no end".into())))
}

/// Without a total the first page is all that there is.
fn is_whole(came: usize, total: Option<i64>) -> bool {
    total.and_then(|total| usize::try_from(total).ok()).is_none_or(|total| came >= total)
}

/// A release that waits for its delay has no id yet and is no transfer.
fn note(transfers: &mut BTreeMap<String, Queued>, record: QueueRecord) {
    let Some(download_id) = record.download_id.as_deref().map(plain) else { return };
    let item = item(&record);
    let transfer = transfers.entry(download_id.clone()).or_insert_with(|| Queued {
        download_id,
        title: record.title,
        items: Vec::new(),
    });
    transfer.items.extend(item);
    transfer.items.sort();
    transfer.items.dedup();
}

fn item(record: &QueueRecord) -> Option<RemoteId> {
    let known = |id: Option<i64>| id.filter(|id| *id > 0);
    let remote = match (known(record.series_id), known(record.episode_id)) {
        (Some(series), Some(episode)) => Remote::Episode(series, episode),
        (Some(series), None) => Remote::Top(series),
        _ => Remote::Top(known(record.movie_id)?),
    };
    Some(remote.id())
}

/// Info hashes are written in capitals here and in small letters by the clients.
fn plain(id: &str) -> String {
    let is_hash = matches!(id.len(), 32 | 40) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_hash { id.to_ascii_lowercase() } else { id.to_owned() }
}
