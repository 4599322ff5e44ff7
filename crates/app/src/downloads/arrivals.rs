//! Arrivals: a finished transfer whose files are in the library leaves the queue, whether its
//! client goes on giving it to others or not. History remembers it, so that it is not adopted
//! again.
//!
//! It knows when to look: after a sync, which may have brought the files. Whether a transfer has
//! arrived, `reconcile` decides.

use shelfread_domain::download::DownloadClient;
use shelfread_reconcile::downloads as queue;
use shelfread_store::{ClientRow, Finished};

use super::matching::CERTAIN;
use crate::App;
use crate::error::Result;

/// Transfers that are considered in one look; the files of those that may have arrived are asked
/// for, each with a request to the client.
const PER_LOOK: usize = 50;

impl App {
    /// Takes note of what has arrived since the last sync.
    pub(super) async fn note_arrivals(
        &self,
        client: &ClientRow,
        adapter: &dyn DownloadClient,
    ) -> Result<()> {
        let finished = self.store.finished(client.id, CERTAIN).await?;
        if finished.is_empty() {
            return Ok(());
        }
        let newest = self.newest_run().await?;
        let is_new =
            |row: &&Finished| self.downloads.arrivals.is_new(row.id, (String::new(), newest, 0));
        let rows: Vec<_> = finished.iter().filter(is_new).take(PER_LOOK).collect();
        let items: Vec<_> = rows.iter().flat_map(|row| row.items.iter().copied()).collect();
        let library = self.store.files_of(&items).await?;
        for row in rows {
            let there: Option<Vec<_>> =
                row.items.iter().map(|id| library.get(id).map(Vec::as_slice)).collect();
            // Most have not arrived, and their files are not asked for.
            let Some(there) = there else { continue };
            let files = adapter.files(&row.transfer_id).await.ok().flatten().unwrap_or_default();
            if queue::has_arrived(&files, there) {
                self.note_import(&client.name, &row.transfer_id).await?;
            }
        }
        Ok(())
    }
}
