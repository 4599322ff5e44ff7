//! Which column of `downloads` holds what of a row. It knows nothing of why rows change.

use sea_orm::QueryResult;
use shelfread_domain::download::{
    DownloadRecord, Origin, Pending, PendingOp, Progress, TransferId, TransferState,
};
use shelfread_domain::id::{ClientId, DownloadId};

use crate::cell::{Cell, word};
use crate::error::Result;
use crate::mapping::{Mapping, group};
use crate::sql::cell;

/// Table `downloads`; what a transfer is for is written by `items`.
pub const DOWNLOADS: Mapping<DownloadRecord> = Mapping {
    table: "downloads",
    key: group!(DownloadRecord, r { id: Uuid = r.id }),
    groups: &[
        group!(
            DownloadRecord,
            r {
                state: Text = r.state.to_string(),
                progress: Int = r.progress,
                error: Text = r.error,
                completed_at: Time = r.completed_at,
            }
        ),
        group!(
            DownloadRecord,
            r {
                pending_op: Text = r.pending.map(|p| p.op.as_str()),
                pending_since: Time = r.pending.map(|p| p.since),
                absent_since: Time = r.absent_since,
                absent_count: Int = r.absent_count,
                unreachable_since: Time = r.unreachable_since,
            }
        ),
        group!(
            DownloadRecord,
            r {
                client_id: Uuid = r.client_id,
                client_download_id: Text = r.transfer_id,
                title: Text = r.title,
                size_bytes: Big = r.size_bytes,
                label: Text = r.label,
                content_path: Text = r.content_path,
                content_key: Text = r.content_key,
                origin: Text = r.origin.as_str(),
                added_at: Time = r.added_at,
            }
        ),
    ],
    by_run: false,
    updated: true,
};

/// The columns that [`record`] reads, of a table with this alias.
pub const COLUMNS: &str = "d.id, d.client_id, d.client_download_id, d.title, d.state, d.progress, \
    d.size_bytes, d.label, d.content_path, d.error, d.content_key, d.origin, d.pending_op, \
    d.pending_since, d.created_at, d.added_at, d.completed_at, d.absent_since, d.absent_count, \
    d.unreachable_since";
/// How many columns these are.
pub const WIDTH: usize = 20;

/// Reads a row of [`COLUMNS`].
pub fn record(row: &QueryResult) -> Result<DownloadRecord> {
    let transfer_id: String = cell(row, 2)?;
    let state: String = cell(row, 4)?;
    let origin: String = cell(row, 11)?;
    let pending: Option<String> = cell(row, 12)?;
    let pending = match (pending, cell(row, 13)?) {
        (Some(op), Some(since)) => {
            Some(Pending { op: word(PendingOp::parse(&op), &op, "downloads.pending_op")?, since })
        }
        _ => None,
    };
    Ok(DownloadRecord {
        id: DownloadId(cell(row, 0)?),
        client_id: ClientId(cell(row, 1)?),
        transfer_id: word(
            TransferId::new(&transfer_id),
            &transfer_id,
            "downloads.client_download_id",
        )?,
        title: cell(row, 3)?,
        state: TransferState::parse(&state),
        progress: Progress::from(f64::from(cell::<i32>(row, 5)?) / 1000.0),
        size_bytes: cell::<Option<i64>>(row, 6)?.map(i64::unsigned_abs),
        label: cell(row, 7)?,
        content_path: cell(row, 8)?,
        error: cell(row, 9)?,
        content_key: cell(row, 10)?,
        origin: word(Origin::parse(&origin), &origin, "downloads.origin")?,
        pending,
        created_at: cell(row, 14)?,
        added_at: cell(row, 15)?,
        completed_at: cell(row, 16)?,
        absent_since: cell(row, 17)?,
        absent_count: cell::<i32>(row, 18)?.unsigned_abs(),
        unreachable_since: cell(row, 19)?,
    })
}
