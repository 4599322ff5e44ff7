//! What a person does to a download, as plans: the row first, with what is pending, then the
//! client is asked, then the row again. A crash between two of them is repaired by the next answer
//! of the client.

use chrono::{DateTime, Utc};
use shelfread_domain::download::{
    Added, ClientRecord, DownloadChange, DownloadEvent, DownloadEventKind as Kind, DownloadPlan,
    DownloadRecord, NewTransfer, Origin, Pending, PendingOp, Progress, TransferId, TransferState,
};
use shelfread_domain::id::DownloadId;

/// The row of a transfer that the client is about to be asked to take. The caller looks first for
/// a row of that client with the same id or `content_key`, and uses that one instead.
pub fn begin_add(
    client: &ClientRecord,
    new: &NewTransfer,
    id: DownloadId,
    now: DateTime<Utc>,
) -> DownloadRecord {
    let known = new.payload.ids.first();
    DownloadRecord {
        id,
        client_id: client.id,
        transfer_id: known.cloned().unwrap_or_else(|| TransferId::placeholder(id)),
        title: new.payload.name.clone(),
        state: TransferState::Queued,
        progress: Progress::NONE,
        size_bytes: new.payload.size_bytes,
        label: new.label.clone(),
        content_path: None,
        error: None,
        content_key: Some(new.payload.key.clone()),
        origin: Origin::Added,
        pending: Some(Pending { op: PendingOp::Add, since: now }),
        created_at: now,
        added_at: None,
        completed_at: None,
        absent_since: None,
        absent_count: 0,
        unreachable_since: client.away.as_ref().map(|away| away.since),
    }
}

/// The client took it. `owner` is the row that has this id already, if there is another one: the
/// client had it before, so that row is the download and this one goes without a word.
pub fn confirm_add(
    row: &DownloadRecord,
    added: &Added,
    owner: Option<&DownloadRecord>,
    now: DateTime<Utc>,
) -> DownloadPlan {
    if row.pending.is_none_or(|p| p.op != PendingOp::Add) {
        return DownloadPlan::default();
    }
    if owner.is_some_and(|owner| owner.id != row.id) {
        return single(row, None, None);
    }
    let after = DownloadRecord {
        transfer_id: added.id.clone(),
        pending: None,
        unreachable_since: None,
        ..row.clone()
    };
    let reason = added.already_there.then(|| "the client had it already".to_owned());
    let event = event(Kind::Added, &after, now, reason);
    single(row, Some(after), Some(event))
}

/// The client refused to take it, or cannot have got it. When that is not certain, the row is left
/// as it is, and the next answer decides.
pub fn give_up_add(row: &DownloadRecord, reason: &str, now: DateTime<Utc>) -> DownloadPlan {
    single(row, None, Some(event(Kind::Failed, row, now, Some(reason.to_owned()))))
}

/// The row of a transfer that the client is about to be asked to drop.
pub fn begin_remove(row: &DownloadRecord, with_data: bool, now: DateTime<Utc>) -> DownloadPlan {
    let op = if with_data { PendingOp::RemoveWithData } else { PendingOp::Remove };
    let after = DownloadRecord { pending: Some(Pending { op, since: now }), ..row.clone() };
    single(row, Some(after), None)
}

/// The client dropped it, or did not have it.
pub fn confirm_remove(row: &DownloadRecord, now: DateTime<Utc>) -> DownloadPlan {
    single(row, None, Some(event(Kind::Cancelled, row, now, None)))
}

/// What it brought is in the library: the row goes, and the event keeps it from being adopted
/// again while the client seeds it.
pub fn imported(row: &DownloadRecord, now: DateTime<Utc>) -> DownloadPlan {
    let event = event(Kind::Imported, row, now, None);
    single(row, None, Some(DownloadEvent { added_at: row.added_at, ..event }))
}

/// The client tries it again, under an id that may be another one.
pub fn retried(row: &DownloadRecord, id: TransferId, now: DateTime<Utc>) -> DownloadPlan {
    let after = DownloadRecord {
        transfer_id: id,
        state: TransferState::Queued,
        error: None,
        completed_at: None,
        absent_since: None,
        absent_count: 0,
        ..row.clone()
    };
    let reason = Some("tried again".to_owned());
    let mut event = event(Kind::StateChanged, &after, now, reason);
    (event.from, event.to) = (Some(row.state.clone()), Some(TransferState::Queued));
    single(row, Some(after), Some(event))
}

pub(super) fn event(
    kind: Kind,
    row: &DownloadRecord,
    at: DateTime<Utc>,
    reason: Option<String>,
) -> DownloadEvent {
    DownloadEvent {
        at,
        kind,
        client_id: row.client_id,
        download_id: Some(row.id),
        transfer_id: Some(row.transfer_id.clone()),
        title: row.title.clone(),
        from: None,
        to: None,
        reason,
        added_at: None,
    }
}

fn single(
    before: &DownloadRecord,
    after: Option<DownloadRecord>,
    event: Option<DownloadEvent>,
) -> DownloadPlan {
    let change = DownloadChange { before: Some(before.clone()), after };
    DownloadPlan {
        changes: vec![change],
        events: event.into_iter().collect(),
        ..DownloadPlan::default()
    }
}
