//! The queue as programs and people see it: rows, what they are for, and what their clients said
//! of them when they were last asked.

use chrono::{DateTime, Utc};
use serde::Serialize;
use shelfread_domain::ItemId;
use shelfread_domain::download::{Away, AwayKind, Origin, PendingOp, TransferState};
use shelfread_domain::id::DownloadId;
use shelfread_domain::item::ItemKind;
use shelfread_store::{ClientRow, DownloadFilter, DownloadItem, DownloadRow};
use utoipa::ToSchema;

use crate::App;
use crate::error::{AppError, Result};

/// One download of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DownloadView {
    /// Its id.
    pub id: DownloadId,
    /// The client by name.
    pub client: String,
    /// The client's own id; `None` while it has not told it.
    pub transfer_id: Option<String>,
    /// Its name.
    pub title: String,
    /// What it does, as the client last said.
    #[schema(value_type = String)]
    pub state: TransferState,
    /// Since when nothing comes although it should.
    pub stalled_since: Option<DateTime<Utc>>,
    /// From 0 to 1.
    pub progress: f64,
    /// Bytes wanted in all.
    pub size_bytes: Option<u64>,
    /// Bytes still missing.
    pub left_bytes: Option<u64>,
    /// Bytes per second received.
    pub down_speed: Option<u64>,
    /// Bytes per second sent.
    pub up_speed: Option<u64>,
    /// Seconds until it is finished, as the client guesses.
    pub eta_seconds: Option<u64>,
    /// Bytes sent for each byte received.
    pub ratio: Option<f64>,
    /// Label or category.
    pub label: Option<String>,
    /// Where it is or will be, as the client sees the disk.
    pub content_path: Option<String>,
    /// What is wrong, in the client's words.
    pub error: Option<String>,
    /// Who gave it to the client.
    pub origin: Origin,
    /// What was begun and not yet seen done.
    pub pending: Option<PendingOp>,
    /// When the client got it.
    pub added_at: Option<DateTime<Utc>>,
    /// When it was finished.
    pub completed_at: Option<DateTime<Utc>>,
    /// Since when its client does not say what it does.
    pub unreachable_since: Option<DateTime<Utc>>,
    /// How certain it is what it is for, of 100.
    pub match_confidence: Option<u8>,
    /// Why it is for these items, or for none.
    pub match_reason: Option<String>,
    /// What it is for.
    pub items: Vec<ItemOfDownload>,
}

/// What a download is for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemOfDownload {
    /// The item.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// Its title.
    pub title: String,
    /// The title of its show.
    pub show: Option<String>,
    /// The number of its season.
    pub season: Option<i32>,
    /// Its number there.
    pub episode: Option<i32>,
}

/// A page of downloads.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DownloadPage {
    /// The downloads.
    pub downloads: Vec<DownloadView>,
    /// What to ask for the next page with.
    pub next: Option<String>,
}

/// Which downloads a person wants to see, in their words. Absent means any.
#[derive(Clone, Debug, Default)]
pub struct QueueQuery {
    /// Of the client of this name.
    pub client: Option<String>,
    /// For this item.
    pub item: Option<String>,
}

/// A page of the queue, and who does not say what it does.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QueuePage {
    /// The downloads, oldest first.
    pub downloads: Vec<DownloadView>,
    /// What to ask for the next page with.
    pub next: Option<String>,
    /// The clients that do not answer.
    pub away: Vec<AwayClient>,
}

/// A client that does not answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AwayClient {
    /// The client by name.
    pub client: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why.
    pub kind: AwayKind,
    /// The same in words.
    pub reason: String,
}

impl App {
    /// A page of the queue as it is known, without asking any client.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; when `after` is not the `next` of a page; what the database says.
    pub async fn downloads(
        &self,
        query: &QueueQuery,
        after: Option<&str>,
        limit: u64,
    ) -> Result<QueuePage> {
        let client = match &query.client {
            Some(name) => Some(self.client(name).await?.id),
            None => None,
        };
        let item = query.item.as_deref().map(crate::items::item_id).transpose()?;
        let filter = DownloadFilter { client, item, ..DownloadFilter::default() };
        let DownloadPage { downloads, next } = self.queue(&filter, after, limit).await?;
        let away = self.store.clients().await?.into_iter().filter_map(away).collect();
        Ok(QueuePage { downloads, next, away })
    }

    /// A page of the queue, oldest first. `after` is the `next` of the page before.
    ///
    /// # Errors
    /// When `after` is no such value, or the database failed.
    pub async fn queue(
        &self,
        filter: &DownloadFilter,
        after: Option<&str>,
        limit: u64,
    ) -> Result<DownloadPage> {
        let cursor = |text: &str| {
            let misfit = |_| AppError::Usage(format!("'{text}' is not the `next` of a page"));
            text.parse::<DownloadId>().map_err(misfit)
        };
        let after = after.map(cursor).transpose()?;
        let (rows, next) = self.store.queue(filter, after, limit.clamp(1, 10_000)).await?;
        let downloads = rows.into_iter().map(|row| self.view(row)).collect();
        Ok(DownloadPage { downloads, next: next.map(|id| id.to_string()) })
    }

    fn view(&self, row: DownloadRow) -> DownloadView {
        let DownloadRow { record, client, confidence, reason, items } = row;
        let live = self.downloads.live.of(record.client_id, &record.transfer_id);
        let (said, stalled_since) = live.unzip();
        let said = said.as_ref();
        DownloadView {
            id: record.id,
            client,
            transfer_id: Some(record.transfer_id.to_string())
                .filter(|_| !record.transfer_id.is_placeholder()),
            title: record.title,
            state: record.state,
            stalled_since: stalled_since.flatten(),
            progress: record.progress.fraction(),
            size_bytes: record.size_bytes,
            left_bytes: said.and_then(|t| t.left_bytes),
            down_speed: said.and_then(|t| t.down_speed),
            up_speed: said.and_then(|t| t.up_speed),
            eta_seconds: said.and_then(|t| t.eta_seconds),
            ratio: said.and_then(|t| t.ratio),
            label: record.label,
            content_path: record.content_path,
            error: record.error,
            origin: record.origin,
            pending: record.pending.map(|p| p.op),
            added_at: record.added_at,
            completed_at: record.completed_at,
            unreachable_since: record.unreachable_since,
            match_confidence: confidence,
            match_reason: reason,
            items: items.into_iter().map(item).collect(),
        }
    }
}

fn away(client: ClientRow) -> Option<AwayClient> {
    let Away { since, kind, reason } = client.away?;
    Some(AwayClient { client: client.name, since, kind, reason })
}

fn item(item: DownloadItem) -> ItemOfDownload {
    let DownloadItem { id, kind, title, show, season, episode } = item;
    ItemOfDownload { id, kind, title, show, season, episode }
}
