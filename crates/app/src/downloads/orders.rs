//! What a person orders: add, pause, resume, cancel, retry. Each may be given twice, and says what
//! the client really did.
//!
//! An add and a cancel are two-sided: the row says first what is pending, then the client is
//! asked, then the row is confirmed. Whatever happens in between, the next look at the client
//! finds a row that says what was begun, and ends it.

use futures::future::BoxFuture;
use serde::Serialize;
use shelfread_domain::download::{
    Added, DownloadChange, DownloadClient, DownloadPlan, DownloadRecord, Given, NewTransfer,
    Outcome, Payload, PendingOp, Removal, TransferId, TransferState,
};
use shelfread_domain::id::DownloadId;
use shelfread_domain::port::{Problem, SourceError};
use shelfread_reconcile::downloads as queue;
use shelfread_store::{Batch, ClientRow, DownloadFilter, DownloadRow, EventFilter};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::App;
use crate::error::{AppError, Result};

/// What to give to a client.
#[derive(Clone, Debug)]
pub struct AddRequest {
    /// The client by name.
    pub client: String,
    /// What.
    pub given: Given,
    /// Label or category.
    pub label: Option<String>,
    /// The folder to put it in, as the client sees the disk.
    pub save_path: Option<String>,
    /// Whether it waits for a person to start it.
    pub paused: bool,
}

/// What was done with a download.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// The client took it.
    Added,
    /// The client had it, without us; now it is in the queue.
    AlreadyThere,
    /// The queue had it already.
    Reused,
    /// It was paused.
    Paused,
    /// It goes on.
    Resumed,
    /// It was so already.
    Already,
    /// The client no longer has it; the queue will follow.
    Absent,
    /// The client dropped it, with its data.
    CancelledWithData,
    /// The client dropped it, and the data stays.
    Cancelled,
    /// It had gone before.
    Gone,
    /// It is tried again.
    Retried,
    /// There is nothing to try again.
    NotFailed,
}

/// What an order did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ordered {
    /// The row; `None` when it had gone before.
    pub id: Option<DownloadId>,
    /// The client by name.
    pub client: String,
    /// The client's own id.
    #[schema(value_type = Option<String>)]
    pub transfer_id: Option<TransferId>,
    /// Its name.
    pub title: String,
    /// What was done.
    pub did: Did,
}

impl Ordered {
    fn new(client: &str, row: &DownloadRecord, did: Did) -> Self {
        Self {
            id: Some(row.id),
            client: client.to_owned(),
            transfer_id: Some(row.transfer_id.clone()).filter(|id| !id.is_placeholder()),
            title: row.title.clone(),
            did,
        }
    }
}

impl App {
    /// The client that a person means: the one that is named, or the only one that is asked.
    ///
    /// # Errors
    /// [`AppError::Usage`] when there are none or several; what the database says.
    pub async fn client_meant(&self, named: Option<String>) -> Result<String> {
        if let Some(name) = named {
            return Ok(name);
        }
        let mut enabled = self.store.clients().await?;
        enabled.retain(|client| client.enabled);
        let refuse = |why: &str| Err(AppError::Usage(why.to_owned()));
        match &mut enabled[..] {
            [one] => Ok(std::mem::take(&mut one.name)),
            [] => refuse("there is no download client yet; declare or add one"),
            [..] => refuse("there are several download clients; name one"),
        }
    }

    /// Gives something to a client. The same thing twice is one row, whoever gave it first.
    ///
    /// # Errors
    /// When it is nothing that this client takes, when the client refuses it or does not answer
    /// ([`AppError::Client`] says whether it may have taken it), or the database failed.
    pub fn add_download(&self, request: AddRequest) -> BoxFuture<'_, Result<Ordered>> {
        Box::pin(async move {
            let client = self.client(&request.client).await?;
            if !client.enabled {
                let message = format!("the download client '{}' is switched off", client.name);
                return Err(AppError::Usage(message));
            }
            let named = |error| AppError::client(&client.name, error);
            let adapter = self.open_client(&client).map_err(named)?;
            let payload = self.read_payload(request.given).await?;
            if payload.content.is_usenet() != client.kind.is_usenet() {
                let wanted =
                    if client.kind.is_usenet() { "NZB files" } else { "torrents and magnets" };
                let message = format!("{} takes {wanted}, and this is none", client.kind);
                return Err(AppError::Usage(message));
            }
            let (label, save_path, paused) = (request.label, request.save_path, request.paused);
            let new = NewTransfer { payload, label, save_path, paused };
            let begun = self.begin_add(&client, &new).await?;
            if begun.is_known && has(adapter.as_ref(), &begun.row).await.map_err(named)? {
                return Ok(Ordered::new(&client.name, &begun.row, Did::Reused));
            }
            let done = self.give(&client, adapter.as_ref(), &new, begun).await;
            self.looked_after(&client).await;
            done
        })
    }

    async fn read_payload(&self, given: Given) -> Result<Payload> {
        let Some(reader) = &self.downloads.payloads else {
            return Err(AppError::Usage("this program cannot read torrents".to_owned()));
        };
        reader.read(given).await.map_err(|error| match error.problem {
            Problem::Unusable(_) => AppError::Usage(error.to_string()),
            _ => AppError::client("the address that was given", error),
        })
    }

    /// The row of what is to be added: the one that is there, or a new one that says so.
    async fn begin_add(&self, client: &ClientRow, new: &NewTransfer) -> Result<Begun> {
        let id = DownloadId(Uuid::now_v7());
        let row = queue::begin_add(&client.record(), new, id, self.moment());
        let matches = self.match_names(&[&row]).await?;
        let mut batch = self.store.begin(None).await?;
        if let Some(row) = known(&mut batch, client, &new.payload).await? {
            batch.rollback().await?;
            let is_known = row.pending.is_none_or(|p| p.op != PendingOp::Add);
            return match row.pending.filter(|p| p.op != PendingOp::Add) {
                Some(_) => Err(AppError::Usage(format!("'{}' is being cancelled", row.title))),
                None => Ok(Begun { row, is_known }),
            };
        }
        let plan = DownloadPlan { changes: vec![made(&row)], ..DownloadPlan::default() };
        batch.apply_downloads(&plan, &matches, self.moment()).await?;
        batch.commit().await?;
        Ok(Begun { row, is_known: false })
    }

    async fn give(
        &self,
        client: &ClientRow,
        adapter: &dyn DownloadClient,
        new: &NewTransfer,
        begun: Begun,
    ) -> Result<Ordered> {
        let row = begun.row;
        match adapter.add(new).await {
            Ok(added) if begun.is_known => self.given_again(client, &row, &added).await,
            Ok(added) => self.confirm_add(client, &row, &added).await,
            Err(error) if is_refusal(&error) => {
                self.give_up(&row, &error).await?;
                Err(AppError::client(&client.name, error))
            }
            Err(error) => Err(AppError::pending(&client.name, error)),
        }
    }

    /// The client certainly did not take it.
    async fn give_up(&self, row: &DownloadRecord, error: &SourceError) -> Result<()> {
        let reason = error.problem.to_string();
        let plan = |row: &DownloadRecord, now| match row.pending {
            Some(p) if p.op == PendingOp::Add => queue::give_up_add(row, &reason, now),
            _ => DownloadPlan::default(),
        };
        self.change(row.id, plan).await?;
        self.publish().await
    }

    /// The client took what the queue had already, because it had lost it meanwhile: a job of
    /// usenet has another id then.
    async fn given_again(
        &self,
        client: &ClientRow,
        row: &DownloadRecord,
        added: &Added,
    ) -> Result<Ordered> {
        let id = added.id.clone();
        let after = self.replace(row.id, id).await?;
        Ok(Ordered::new(&client.name, after.as_ref().unwrap_or(row), Did::Reused))
    }

    async fn confirm_add(
        &self,
        client: &ClientRow,
        row: &DownloadRecord,
        added: &Added,
    ) -> Result<Ordered> {
        let now = self.moment();
        let mut batch = self.store.begin(None).await?;
        let ids = std::slice::from_ref(&added.id);
        let owner = batch.download_by_transfer(client.id, ids).await?;
        let mut shown = row.clone();
        if let Some(current) = batch.download(row.id).await? {
            let plan = queue::confirm_add(&current, added, owner.as_ref(), now);
            batch.apply_downloads(&plan, &[], now).await?;
            shown = current;
        }
        batch.commit().await?;
        self.publish().await?;
        let owner = owner.filter(|owner| owner.id != row.id);
        let did = match (&owner, added.already_there) {
            (Some(_), _) => Did::Reused,
            (None, true) => Did::AlreadyThere,
            (None, false) => Did::Added,
        };
        let mut ordered = Ordered::new(&client.name, &owner.unwrap_or(shown), did);
        ordered.transfer_id = Some(added.id.clone());
        Ok(ordered)
    }

    /// Stops a transfer, whether it receives or gives.
    ///
    /// # Errors
    /// When there is no such download, its client does not answer, or the database failed.
    pub fn pause_download<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Ordered>> {
        Box::pin(async move {
            let (row, client) = self.named(name).await?;
            let adapter =
                self.open_client(&client).map_err(|e| AppError::client(&client.name, e))?;
            let outcome = adapter.pause(&row.record.transfer_id).await;
            self.ordered(&client, &row, outcome, Did::Paused).await
        })
    }

    /// Lets a transfer go on.
    ///
    /// # Errors
    /// As [`App::pause_download`].
    pub fn resume_download<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Ordered>> {
        Box::pin(async move {
            let (row, client) = self.named(name).await?;
            let adapter =
                self.open_client(&client).map_err(|e| AppError::client(&client.name, e))?;
            let outcome = adapter.resume(&row.record.transfer_id).await;
            self.ordered(&client, &row, outcome, Did::Resumed).await
        })
    }

    async fn ordered(
        &self,
        client: &ClientRow,
        row: &DownloadRow,
        outcome: Result<Outcome, SourceError>,
        done: Did,
    ) -> Result<Ordered> {
        let outcome = outcome.map_err(|error| AppError::client(&client.name, error))?;
        self.looked_after(client).await;
        let did = match outcome {
            Outcome::Done => done,
            Outcome::Already => Did::Already,
            Outcome::Absent => Did::Absent,
        };
        Ok(Ordered::new(&client.name, &row.record, did))
    }

    /// Drops a transfer in its client first, with its data unless that is kept, and then its row.
    /// One that had gone before is told so.
    ///
    /// # Errors
    /// When there never was such a download, or its client does not answer: the row then says what
    /// is pending, and the client is asked again when it answers.
    pub fn cancel_download<'a>(
        &'a self,
        name: &'a str,
        keep_data: bool,
    ) -> BoxFuture<'a, Result<Ordered>> {
        Box::pin(async move {
            let (row, client) = match self.named(name).await {
                Err(AppError::NotFound { what, name }) => {
                    let gone = self.gone(&name).await?;
                    return gone.ok_or(AppError::NotFound { what, name });
                }
                other => other?,
            };
            let id = row.record.id;
            let adapter =
                self.open_client(&client).map_err(|e| AppError::client(&client.name, e))?;
            let begun =
                self.change(id, |row, now| queue::begin_remove(row, !keep_data, now)).await?;
            let Some(begun) = begun else {
                return Ok(Ordered::new(&client.name, &row.record, Did::Gone));
            };
            let removed = match adapter.remove(&begun.transfer_id, !keep_data).await {
                Ok(removed) => removed,
                Err(error) => return Err(AppError::pending(&client.name, error)),
            };
            self.confirm_cancelled(id).await?;
            self.looked_after(&client).await;
            let did = match removed {
                Removal::Removed { data: true } => Did::CancelledWithData,
                Removal::Removed { data: false } => Did::Cancelled,
                Removal::Absent => Did::Absent,
            };
            Ok(Ordered::new(&client.name, &begun, did))
        })
    }

    /// The client no longer has what was cancelled.
    pub(super) async fn confirm_cancelled(&self, id: DownloadId) -> Result<()> {
        self.change(id, queue::confirm_remove).await?;
        self.publish().await
    }

    /// Tries a failed transfer again with what its client still knows of it. What goes on under
    /// another id keeps its row.
    ///
    /// # Errors
    /// As [`App::pause_download`].
    pub fn retry_download<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Ordered>> {
        Box::pin(async move {
            let (row, client) = self.named(name).await?;
            let record = &row.record;
            let may_help = matches!(
                record.state,
                TransferState::Failed | TransferState::Stalled | TransferState::Unknown(_)
            );
            if !may_help {
                return Ok(Ordered::new(&client.name, record, Did::NotFailed));
            }
            let named = |error| AppError::client(&client.name, error);
            let adapter = self.open_client(&client).map_err(named)?;
            let Some(new) = adapter.retry(&record.transfer_id).await.map_err(named)? else {
                self.looked_after(&client).await;
                return Ok(Ordered::new(&client.name, record, Did::Absent));
            };
            let after = self.replace(record.id, new).await?;
            self.looked_after(&client).await;
            Ok(Ordered::new(&client.name, after.as_ref().unwrap_or(record), Did::Retried))
        })
    }

    /// What a transfer brought is in the library: its row goes, and history keeps it from being
    /// adopted again while it seeds. Gives how many rows that were.
    ///
    /// # Errors
    /// When there is no such client, or the database failed.
    pub fn note_import<'a>(
        &'a self,
        client: &'a str,
        transfer: &'a TransferId,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let client = self.client(client).await?;
            let now = self.moment();
            let mut batch = self.store.begin(None).await?;
            let found =
                batch.download_by_transfer(client.id, std::slice::from_ref(transfer)).await?;
            let plan = found.map(|row| queue::imported(&row, now)).unwrap_or_default();
            batch.apply_downloads(&plan, &[], now).await?;
            batch.commit().await?;
            self.publish().await?;
            Ok(plan.changes.len() as u64)
        })
    }

    /// A row goes on under an id. Another row that has it already, because somebody looked in
    /// between, gives way without a word: it is the same transfer.
    async fn replace(&self, id: DownloadId, new: TransferId) -> Result<Option<DownloadRecord>> {
        let now = self.moment();
        let mut batch = self.store.begin(None).await?;
        let Some(row) = batch.download(id).await? else {
            batch.rollback().await?;
            return Ok(None);
        };
        let ids = std::slice::from_ref(&new);
        let other = batch.download_by_transfer(row.client_id, ids).await?;
        let mut plan = queue::retried(&row, new, now);
        if let Some(other) = other.filter(|other| other.id != id) {
            plan.changes.insert(0, DownloadChange { before: Some(other), after: None });
        }
        batch.apply_downloads(&plan, &[], now).await?;
        batch.commit().await?;
        self.publish().await?;
        Ok(plan.changes.pop().and_then(|change| change.after))
    }

    /// Changes a row as it is now, in one transaction, and gives the row before it went or as it
    /// is then. `None` when there is none.
    async fn change(
        &self,
        id: DownloadId,
        plan: impl FnOnce(&DownloadRecord, chrono::DateTime<chrono::Utc>) -> DownloadPlan,
    ) -> Result<Option<DownloadRecord>> {
        let now = self.moment();
        let mut batch = self.store.begin(None).await?;
        let Some(row) = batch.download(id).await? else {
            batch.rollback().await?;
            return Ok(None);
        };
        let plan = plan(&row, now);
        batch.apply_downloads(&plan, &[], now).await?;
        batch.commit().await?;
        let after = plan.changes.into_iter().next().and_then(|change| change.after);
        Ok(Some(after.unwrap_or(row)))
    }

    /// The row that a person means: by our id, or by its client's own if only one client has it.
    async fn named(&self, name: &str) -> Result<(DownloadRow, ClientRow)> {
        let by_id =
            name.parse().ok().map(|id| DownloadFilter { id: Some(id), ..Default::default() });
        let by_transfer = || {
            let transfer = TransferId::new(name)?;
            Some(DownloadFilter { transfer: Some(transfer), ..DownloadFilter::default() })
        };
        let unknown = || AppError::not_found("download", name);
        let filter = by_id.or_else(by_transfer).ok_or_else(unknown)?;
        let (mut rows, _) = self.store.queue(&filter, None, 2).await?;
        if rows.len() > 1 {
            let message = format!("several clients have '{name}'; name it by its id in the list");
            return Err(AppError::Usage(message));
        }
        let row = rows.pop().ok_or_else(unknown)?;
        if row.record.transfer_id.is_placeholder() {
            let message = format!(
                "'{}' has not yet told its id of '{}'; it is looked for with every answer",
                row.client, row.record.title
            );
            return Err(AppError::Usage(message));
        }
        let client = self.store.client(row.record.client_id).await?.ok_or_else(unknown)?;
        Ok((row, client))
    }

    /// A download that is history.
    async fn gone(&self, name: &str) -> Result<Option<Ordered>> {
        let filter = match (name.parse().ok(), TransferId::new(name)) {
            (Some(id), _) => EventFilter { download: Some(id), ..EventFilter::default() },
            (None, transfer @ Some(_)) => EventFilter { transfer, ..EventFilter::default() },
            (None, None) => return Ok(None),
        };
        let Some(last) = self.store.events(&filter, 1).await?.pop() else { return Ok(None) };
        let text = |key: &str| last.event.data[key].as_str().map(str::to_owned);
        Ok(Some(Ordered {
            id: None,
            client: text("client").unwrap_or_default(),
            transfer_id: text("transfer_id").and_then(|id| TransferId::new(&id)),
            title: text("title").unwrap_or_default(),
            did: Did::Gone,
        }))
    }

    /// Brings the queue up to date after an order. The order was carried out whatever comes of it.
    async fn looked_after(&self, client: &ClientRow) {
        self.downloads.woken.notify_waiters();
        if let Err(error) = self.look(client.id).await {
            tracing::warn!(client = client.name, %error, "the queue could not be brought up to date");
        }
    }
}

/// A row that an add begins with.
struct Begun {
    row: DownloadRecord,
    /// The queue had it, and the client was seen to have it.
    is_known: bool,
}

/// The row of the same thing, by the ids that it may have or by what it holds.
async fn known(
    batch: &mut Batch,
    client: &ClientRow,
    payload: &Payload,
) -> Result<Option<DownloadRecord>> {
    let by_id = batch.download_by_transfer(client.id, &payload.ids).await?;
    Ok(match by_id {
        Some(row) => Some(row),
        None => batch.download_by_content(client.id, &payload.key).await?,
    })
}

/// Whether the client really has what a row says.
async fn has(adapter: &dyn DownloadClient, row: &DownloadRecord) -> Result<bool, SourceError> {
    Ok(adapter.list().await?.iter().any(|t| t.id == row.transfer_id))
}

fn made(row: &DownloadRecord) -> DownloadChange {
    DownloadChange { before: None, after: Some(row.clone()) }
}

/// Whether an error says for certain that the client took nothing. After any other one it may have.
const fn is_refusal(error: &SourceError) -> bool {
    matches!(
        error.problem,
        Problem::Rejected(_)
            | Problem::Unusable(_)
            | Problem::Configuration(_)
            | Problem::Unauthorized
            | Problem::Forbidden
            | Problem::NotFound
            | Problem::WrongServer { .. }
            | Problem::Redirected(_)
            | Problem::Tls(_)
    )
}
