//! What transfers are for: the names of new ones are compared with the catalogue before their rows
//! are written; what stays uncertain is looked at again, with the names of its files and with what
//! Sonarr and Radarr wait for, whenever the catalogue changed.
//!
//! It knows when to look and where to ask. Which item it is, `reconcile` decides.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use shelfread_domain::ItemId;
use shelfread_domain::download::{
    DownloadClient, DownloadMatch, DownloadRecord, TransferFile, TransferId,
};
use shelfread_domain::id::DownloadId;
use shelfread_reconcile::downloads::Names;
use shelfread_store::{ClientRow, DownloadRow, Page};

use crate::App;
use crate::error::Result;

/// What is this certain is not looked at again.
pub(super) const CERTAIN: u8 = 85;
/// Names that are looked up at once.
const AT_ONCE: usize = 200;
/// Transfers whose files are asked for in one look: each is a request to the client.
const FILES_PER_LOOK: usize = 20;
/// How long a library manager may take to notice what it waits for, in seconds.
const AGAIN_SECONDS: i64 = 600;

/// What was tried of each transfer that is uncertain: its name, the catalogue's age, the time.
#[derive(Debug, Default)]
pub(crate) struct Tried(Mutex<HashMap<DownloadId, Attempt>>);

/// What an attempt depends on: another one makes sense when something of it differs.
pub(super) type Attempt = (String, Option<uuid::Uuid>, i64);

impl Tried {
    /// Whether this very attempt is new; it is remembered.
    pub(super) fn is_new(&self, id: DownloadId, attempt: Attempt) -> bool {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tried.insert(id, attempt.clone()) != Some(attempt)
    }
}

impl App {
    /// What new rows are for, by their names.
    pub(super) async fn match_names(&self, rows: &[&DownloadRecord]) -> Result<Vec<DownloadMatch>> {
        let names = rows.iter().map(|row| (row.id, Names::read(&row.title, &[]))).collect();
        self.identify(names).await
    }

    async fn identify(&self, names: Vec<(DownloadId, Names)>) -> Result<Vec<DownloadMatch>> {
        let mut matches = Vec::with_capacity(names.len());
        for some in names.chunks(AT_ONCE) {
            let titles: BTreeSet<_> = some.iter().flat_map(|(_, names)| names.titles()).collect();
            let ids: BTreeSet<_> = some.iter().flat_map(|(_, n)| n.ids().cloned()).collect();
            let (titles, ids): (Vec<_>, Vec<_>) =
                (titles.into_iter().collect(), ids.into_iter().collect());
            let shelf = self.store.shelf(&titles, &ids).await?;
            matches.extend(some.iter().map(|(download_id, names)| {
                let verdict = names.identify(&shelf);
                DownloadMatch {
                    download_id: *download_id,
                    items: verdict.items,
                    confidence: verdict.confidence,
                    reason: verdict.reason,
                }
            }));
        }
        Ok(matches)
    }

    /// Looks again at what is uncertain, where anything is new about it.
    pub(super) async fn match_uncertain(
        &self,
        client: &ClientRow,
        adapter: &dyn DownloadClient,
    ) -> Result<()> {
        let uncertain = self.store.uncertain(client.id, CERTAIN).await?;
        if uncertain.is_empty() {
            return Ok(());
        }
        let newest = self.newest_run().await?;
        let time = self.moment().timestamp() / AGAIN_SECONDS;
        let is_new = |row: &DownloadRow| {
            let attempt = (row.record.title.clone(), newest, time);
            self.downloads.tried.is_new(row.record.id, attempt)
        };
        let rows: Vec<_> = uncertain.into_iter().filter(is_new).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let claims = self.claims().await?;
        let mut names = Vec::with_capacity(rows.len());
        let mut asked = 0;
        for row in rows.iter().filter(|row| !claims.contains_key(&row.record.transfer_id)) {
            let mut read = Names::read(&row.record.title, &[]);
            if asked < FILES_PER_LOOK && (read.wants_files() || row.items.is_empty()) {
                asked += 1;
                read = Names::read(&row.record.title, &files(adapter, row).await);
            }
            names.push((row.record.id, read));
        }
        let mut matches = self.identify(names).await?;
        matches.extend(rows.iter().filter_map(|row| {
            let (source, items) = claims.get(&row.record.transfer_id)?;
            let reason = format!("'{source}' waits for it");
            let items = items.clone();
            Some(DownloadMatch { download_id: row.record.id, items, confidence: 100, reason })
        }));
        self.keep(&rows, matches, self.moment()).await
    }

    /// What the age of the catalogue is told by.
    pub(super) async fn newest_run(&self) -> Result<Option<uuid::Uuid>> {
        let newest = self.store.runs(Page { offset: 0, limit: 1 }).await?.pop();
        Ok(newest.map(|row| row.run.id.0))
    }

    /// Writes what is another answer than before.
    async fn keep(
        &self,
        rows: &[DownloadRow],
        matches: Vec<DownloadMatch>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let before: HashMap<_, _> =
            rows.iter().map(|r| (r.record.id, (r.confidence, r.reason.as_deref()))).collect();
        let differs = |m: &DownloadMatch| {
            before.get(&m.download_id) != Some(&(Some(m.confidence), Some(m.reason.as_str())))
        };
        let new: Vec<_> = matches.into_iter().filter(differs).collect();
        Ok(self.store.set_matches(&new, now).await?)
    }

    /// What library managers wait for: the transfer, who waits, the items. One that does not
    /// answer leaves the names to speak.
    async fn claims(&self) -> Result<HashMap<TransferId, (String, Vec<ItemId>)>> {
        let mut claims = HashMap::new();
        for source in self.store.sources().await?.into_iter().filter(|s| s.enabled) {
            let Some(queue) = self.factory.open(&source).ok().and_then(|open| open.queue) else {
                continue;
            };
            let waited = match queue.queue().await {
                Ok(waited) => waited,
                Err(error) => {
                    tracing::info!(source = source.name, %error, "its queue could not be read");
                    continue;
                }
            };
            let ids: Vec<_> = waited.iter().flat_map(|w| w.items.iter().cloned()).collect();
            let listed = self.store.items_listed_as(source.id, &ids).await?;
            for w in waited {
                let items: BTreeSet<_> =
                    w.items.iter().filter_map(|id| listed.get(id)).flatten().copied().collect();
                if !items.is_empty() {
                    claims.insert(w.transfer, (source.name.clone(), items.into_iter().collect()));
                }
            }
        }
        Ok(claims)
    }
}

/// The files of a transfer, with the transfer's own folder where a client leaves it out. Without
/// an answer there are none, and the name has to do.
async fn files(adapter: &dyn DownloadClient, row: &DownloadRow) -> Vec<TransferFile> {
    let files = adapter.files(&row.record.transfer_id).await;
    let mut files = files.ok().flatten().unwrap_or_default();
    let title = &row.record.title;
    for file in &mut files {
        let in_folder = file.path.contains('/');
        if !in_folder && *title != file.path {
            file.path = format!("{title}/{}", file.path);
        }
    }
    files
}
