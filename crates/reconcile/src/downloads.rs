//! Downloads: from what one client said, the rows we have and what history remembers to the
//! changes of the queue and the lines of history. Pure; the same answer in any order gives the
//! same plan, and after it was applied the same answer gives an empty one.
//!
//! The rules, in the order in which they bite:
//! 1. A client that does not answer, refuses us or is switched off proves nothing: its rows stay,
//!    marked since when.
//! 2. A row is found by the client's own id. One that is still being added may also be found by
//!    its exact name, because some clients make up the id themselves.
//! 3. A row goes when the second answer in a row lacks it: a client that has just been restarted
//!    answers short at first.
//! 4. What the client has and we have not is adopted, unless history knows it as imported and the
//!    client has not been given it anew since, or it was over before we began to look.
//! 5. What was begun and not seen done (an add, a removal) is taken up again after
//!    [`GRACE_SECONDS`], whichever side crashed.
//!
//! It deliberately does not know any client, when to ask one, or which items a transfer is for.

mod arrival;
mod identify;
mod operations;
mod stall;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use shelfread_domain::download::{
    Away, AwayKind, ClientAnswer, ClientChange, ClientRecord, DownloadChange, DownloadEvent,
    DownloadEventKind as Kind, DownloadPlan, DownloadRecord, Origin, Past, PendingOp, Place,
    Repeat, Transfer, TransferId, TransferState,
};
use shelfread_domain::id::DownloadId;

pub use arrival::has_arrived;
pub use identify::{Names, THRESHOLD, Verdict};
pub use operations::{
    begin_add, begin_remove, confirm_add, confirm_remove, give_up_add, imported, retried,
};
pub use stall::{GAP_SECONDS, STALL_SECONDS, Stalls};

/// How many answers in a row must lack a transfer before its row goes.
pub const ABSENT_ANSWERS: u32 = 2;

/// How long an add or a removal may be under way before the next answer decides about it.
pub const GRACE_SECONDS: i64 = 120;

/// What planning must know beside the answer.
#[derive(Clone, Copy, Debug)]
pub struct Queue<'a> {
    /// The client that was asked.
    pub client: &'a ClientRecord,
    /// All of its rows.
    pub rows: &'a [DownloadRecord],
    /// What history remembers of this client's transfers; those that have a row may be left out.
    pub past: &'a HashMap<TransferId, Past>,
}

/// What the answer of a client changes. `fresh` makes ids for rows of adopted transfers; it is
/// called in the order of the transfers' ids.
pub fn plan(
    queue: Queue<'_>,
    answer: &ClientAnswer,
    now: DateTime<Utc>,
    fresh: &mut dyn FnMut() -> DownloadId,
) -> DownloadPlan {
    let mut planner = Planner { queue, now, out: DownloadPlan::default() };
    match answer {
        ClientAnswer::Answered(transfers) => planner.answered(transfers, fresh),
        ClientAnswer::Unreachable(reason) => planner.away(AwayKind::Unreachable, reason),
        ClientAnswer::Refused(reason) => planner.away(AwayKind::Refused, reason),
        ClientAnswer::Disabled => planner.away(AwayKind::Disabled, "switched off"),
    }
    planner.out
}

struct Planner<'a> {
    queue: Queue<'a>,
    now: DateTime<Utc>,
    out: DownloadPlan,
}

impl<'a> Planner<'a> {
    /// Rule 1: nothing is removed, and answers that lack a transfer are counted from 0 again.
    fn away(&mut self, kind: AwayKind, reason: &str) {
        let before = self.queue.client.away.as_ref();
        let since = before.map_or(self.now, |away| away.since);
        if before.is_none_or(|away| away.kind != kind) {
            let after = Away { since, kind, reason: reason.to_owned() };
            let told = before.is_some_and(|away| away.kind != AwayKind::Disabled);
            if kind != AwayKind::Disabled && !told {
                self.client_event(Kind::ClientUnreachable, Some(format!("{kind}: {reason}")));
            }
            self.client_change(Some(after));
        }
        for row in self.queue.rows {
            let after = DownloadRecord {
                absent_count: 0,
                absent_since: None,
                unreachable_since: Some(since),
                ..row.clone()
            };
            // A client's change marks all its rows at once; only what it leaves is changed here.
            let marked = self.out.client.is_some() || row.unreachable_since == Some(since);
            if row.absent_count > 0 || !marked {
                self.change(row, after);
            }
        }
    }

    fn answered(&mut self, transfers: &'a [Transfer], fresh: &mut dyn FnMut() -> DownloadId) {
        if let Some(away) = &self.queue.client.away {
            if away.kind != AwayKind::Disabled {
                self.client_event(Kind::ClientRecovered, None);
            }
            self.client_change(None);
        }
        let rows: HashMap<&TransferId, &'a DownloadRecord> =
            self.queue.rows.iter().map(|row| (&row.transfer_id, row)).collect();
        let mut seen: HashSet<DownloadId> = HashSet::with_capacity(rows.len());
        let mut strangers = Vec::new();
        for transfer in once_each(transfers) {
            match rows.get(&transfer.id) {
                Some(row) => {
                    seen.insert(row.id);
                    self.observe(row, transfer);
                }
                None => strangers.push(transfer),
            }
        }
        strangers.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        let mut lost: Vec<_> = self.queue.rows.iter().filter(|r| !seen.contains(&r.id)).collect();
        lost.sort_unstable_by_key(|row| row.id);
        self.name(&mut lost, &mut strangers);
        lost.into_iter().for_each(|row| self.lacks(row));
        for transfer in strangers {
            self.adopt(transfer, fresh);
        }
        self.sort();
    }

    /// Rule 2: rows that are being added find transfers that nobody knows by their exact name, and
    /// by the size where they have an id: of a hybrid torrent the client chooses among two.
    fn name(&mut self, lost: &mut Vec<&'a DownloadRecord>, strangers: &mut Vec<&'a Transfer>) {
        lost.retain(|row| {
            let Some(pending) = row.pending.filter(|p| p.op == PendingOp::Add) else {
                return true;
            };
            let earliest = pending.since - TimeDelta::seconds(GRACE_SECONDS);
            let is_it = |t: &&Transfer| {
                t.name == row.title
                    && t.added_at.is_none_or(|added| added >= earliest)
                    && (row.transfer_id.is_placeholder()
                        || row.size_bytes.is_some_and(|size| t.size_bytes == Some(size)))
            };
            let Some(at) = strangers.iter().position(is_it) else { return true };
            self.observe(row, strangers.remove(at));
            false
        });
    }

    /// A transfer that has a row.
    fn observe(&mut self, row: &'a DownloadRecord, transfer: &Transfer) {
        if let Some(pending) = row.pending.filter(|p| self.is_overdue(p.since))
            && pending.op != PendingOp::Add
        {
            self.out.repeats.push(Repeat {
                download_id: row.id,
                transfer_id: row.transfer_id.clone(),
                with_data: pending.op == PendingOp::RemoveWithData,
            });
        }
        // The client's recovery unmarks all its rows at once.
        let marked = row.unreachable_since.is_some() && self.out.client.is_none();
        if !marked && is_as_shown(row, transfer) {
            return;
        }
        let after = shown(row, transfer, self.now);
        for kind in told(row, transfer) {
            let reason = (kind == Kind::Failed).then(|| transfer.error.clone()).flatten();
            self.event(kind, &after, Some(&row.state), Some(&after.state), reason);
        }
        self.change(row, after);
    }

    /// Rules 3 and 5: a row that the answer lacks.
    fn lacks(&mut self, row: &'a DownloadRecord) {
        let pending = row.pending.map(|p| p.op);
        if pending == Some(PendingOp::Add) && !row.pending.is_some_and(|p| self.is_overdue(p.since))
        {
            return;
        }
        let absent_count = row.absent_count + 1;
        if absent_count < ABSENT_ANSWERS {
            let absent_since = row.absent_since.or(Some(self.now));
            let row_after = DownloadRecord {
                absent_count,
                absent_since,
                unreachable_since: None,
                ..row.clone()
            };
            return self.change(row, row_after);
        }
        let (kind, reason) = match pending {
            Some(PendingOp::Add) => (Kind::Failed, Some("the client never got it")),
            Some(_) => (Kind::Cancelled, None),
            None => (Kind::Removed, Some("the client no longer has it")),
        };
        self.event(kind, row, Some(&row.state), None, reason.map(str::to_owned));
        self.out.changes.push(DownloadChange { before: Some(row.clone()), after: None });
    }

    /// Rule 4: a transfer that has no row.
    fn adopt(&mut self, transfer: &Transfer, fresh: &mut dyn FnMut() -> DownloadId) {
        let past = self.queue.past.get(&transfer.id).copied().unwrap_or_default();
        let given_anew = |imported| transfer.added_at.is_some_and(|added| added > imported);
        if past.imported_at.is_some_and(|imported| !given_anew(imported)) {
            return;
        }
        let recent = transfer.completed_at.is_some_and(|t| t >= self.queue.client.watched_since);
        if transfer.place == Place::History && !recent {
            return;
        }
        let finished = transfer.finished.then(|| transfer.completed_at.unwrap_or(self.now));
        let row = DownloadRecord {
            id: fresh(),
            client_id: self.queue.client.id,
            transfer_id: transfer.id.clone(),
            title: transfer.name.clone(),
            state: transfer.state.clone(),
            progress: transfer.progress,
            size_bytes: transfer.size_bytes,
            label: transfer.label.clone(),
            content_path: transfer.content_path.clone(),
            error: transfer.error.clone(),
            content_key: None,
            origin: Origin::Adopted,
            pending: None,
            created_at: self.now,
            added_at: transfer.added_at,
            completed_at: finished.or(past.completed_at),
            absent_since: None,
            absent_count: 0,
            unreachable_since: None,
        };
        self.event(Kind::Adopted, &row, None, Some(&row.state), None);
        self.out.changes.push(DownloadChange { before: None, after: Some(row) });
    }

    fn is_overdue(&self, since: DateTime<Utc>) -> bool {
        self.now - since >= TimeDelta::seconds(GRACE_SECONDS)
    }

    fn change(&mut self, before: &DownloadRecord, after: DownloadRecord) {
        self.out.changes.push(DownloadChange { before: Some(before.clone()), after: Some(after) });
    }

    fn client_change(&mut self, after: Option<Away>) {
        let client = self.queue.client;
        let before = client.away.clone();
        self.out.client = Some(ClientChange { client_id: client.id, before, after });
    }

    fn event(
        &mut self,
        kind: Kind,
        row: &DownloadRecord,
        from: Option<&TransferState>,
        to: Option<&TransferState>,
        reason: Option<String>,
    ) {
        let mut event = operations::event(kind, row, self.now, reason);
        event.from = from.cloned();
        event.to = to.cloned();
        self.out.events.push(event);
    }

    fn client_event(&mut self, kind: Kind, reason: Option<String>) {
        self.out.events.push(DownloadEvent {
            at: self.now,
            kind,
            client_id: self.queue.client.id,
            download_id: None,
            transfer_id: None,
            title: self.queue.client.name.clone(),
            from: None,
            to: None,
            reason,
            added_at: None,
        });
    }

    /// Brings everything into an order that does not depend on the answer's: rows that go first,
    /// because the id of one may be the next one's.
    fn sort(&mut self) {
        self.out.changes.sort_by(|a, b| rank(a).cmp(&rank(b)));
        self.out.events.sort_by(|a, b| a.transfer_id.cmp(&b.transfer_id));
        self.out.repeats.sort_by(|a, b| a.transfer_id.cmp(&b.transfer_id));
    }
}

fn rank(change: &DownloadChange) -> (bool, Option<&TransferId>) {
    let row = change.after.as_ref().or(change.before.as_ref());
    (change.after.is_some(), row.map(|row| &row.transfer_id))
}

/// The transfers, each id once. Of two entries for one id the one that got further counts: a job
/// that moves from the queue to the history while it is read shows in both. The rest of the order
/// only makes the choice independent of the answer's.
fn once_each(transfers: &[Transfer]) -> Vec<&Transfer> {
    let further = |t: &Transfer| {
        let paths = (t.label.clone(), t.content_path.clone(), t.error.clone());
        let facts = (t.name.clone(), t.size_bytes, t.added_at, t.completed_at);
        (t.place, t.finished, t.progress, t.state.clone(), facts, paths)
    };
    let mut unique: HashMap<&TransferId, &Transfer> = HashMap::with_capacity(transfers.len());
    for transfer in transfers {
        let entry = unique.entry(&transfer.id).or_insert(transfer);
        if !std::ptr::eq(*entry, transfer) && further(transfer) > further(entry) {
            *entry = transfer;
        }
    }
    unique.into_values().collect()
}

/// Whether the row says already what the client shows, and waits for nothing that it shows.
fn is_as_shown(row: &DownloadRecord, t: &Transfer) -> bool {
    row.transfer_id == t.id
        && row.state == t.state
        && row.progress == t.progress
        && row.title == t.name
        && row.size_bytes == t.size_bytes
        && row.label == t.label
        && row.content_path == t.content_path
        && row.error == t.error
        && row.added_at == t.added_at.or(row.added_at)
        && (row.completed_at.is_some() || !t.finished)
        && row.pending.is_none_or(|p| p.op != PendingOp::Add)
        && row.absent_count == 0
}

/// The row as the client shows it.
fn shown(row: &DownloadRecord, t: &Transfer, now: DateTime<Utc>) -> DownloadRecord {
    let finished = t.finished.then(|| t.completed_at.unwrap_or(now));
    DownloadRecord {
        transfer_id: t.id.clone(),
        title: t.name.clone(),
        state: t.state.clone(),
        progress: t.progress,
        size_bytes: t.size_bytes,
        label: t.label.clone(),
        content_path: t.content_path.clone(),
        error: t.error.clone(),
        pending: row.pending.filter(|p| p.op != PendingOp::Add),
        added_at: t.added_at.or(row.added_at),
        completed_at: row.completed_at.or(finished),
        absent_since: None,
        absent_count: 0,
        unreachable_since: None,
        ..row.clone()
    }
}

/// What history is told of a row that looks different now: that it arrived, and the one thing that
/// matters most of what it does.
fn told(row: &DownloadRecord, t: &Transfer) -> impl Iterator<Item = Kind> {
    let arrived = row.pending.is_some_and(|p| p.op == PendingOp::Add);
    let change = if t.finished && row.completed_at.is_none() && is_news(row, t) {
        Some(Kind::Completed)
    } else if t.state == TransferState::Failed && row.state != TransferState::Failed {
        Some(Kind::Failed)
    } else if !arrived && row.state.differs_for_history(&t.state) {
        Some(Kind::StateChanged)
    } else {
        None
    };
    arrived.then_some(Kind::Added).into_iter().chain(change)
}

/// Whether it was finished since we know of it, and not before it was added once more.
fn is_news(row: &DownloadRecord, t: &Transfer) -> bool {
    let was_seen = row.origin == Origin::Adopted || row.added_at.is_some();
    let earliest = row.created_at - TimeDelta::seconds(GRACE_SECONDS);
    was_seen || t.completed_at.is_none_or(|at| at >= earliest)
}

#[cfg(test)]
mod tests;
