//! A look: one client is asked once, and its answer becomes rows and events.

use std::collections::HashSet;

use futures::future::BoxFuture;
use shelfread_domain::download::{
    AwayKind, ClientAnswer, DownloadClient, DownloadPlan, Removal, Repeat, Transfer, TransferId,
    TransferState,
};
use shelfread_domain::id::{ClientId, DownloadId};
use shelfread_reconcile::downloads as queue;
use shelfread_store::{ClientRow, DownloadFilter};
use uuid::Uuid;

use crate::App;
use crate::error::Result;
use crate::live::DownloadProgress;

/// Transfers of one client whose progress is told.
const MOST_TOLD: u64 = 1_000;

/// What one look saw.
#[derive(Clone, Debug)]
pub struct Look {
    /// The client's name.
    pub client: String,
    /// How many transfers it has; `None` when it did not say.
    pub transfers: Option<usize>,
    /// Why it did not say.
    pub problem: Option<String>,
    /// Whether that is a refusal: asking again and again may get us banned.
    pub refused: bool,
    /// Whether anything may change soon.
    pub moving: bool,
    /// How many rows and clients were written.
    pub written: usize,
    /// Titles of the transfers that were found to stand still just now.
    pub stalled: Vec<String>,
}

impl App {
    /// Looks at all clients at the same time. One that refuses us is left alone until it was
    /// changed or tested: programs ban who tries too often.
    ///
    /// # Errors
    /// What the database says.
    pub fn look_at_all(&self) -> BoxFuture<'_, Result<Vec<Look>>> {
        Box::pin(async move {
            let clients = self.store.clients().await?;
            let refused = |c: &ClientRow| {
                let away = c.away.as_ref().filter(|a| a.kind == AwayKind::Refused);
                away.is_some_and(|away| c.enabled && c.updated_at <= away.since)
            };
            let asked = clients.iter().filter(|c| !refused(c)).map(|c| self.look(c.id));
            let looks = futures::future::try_join_all(asked).await?;
            Ok(looks.into_iter().flatten().collect())
        })
    }

    /// Asks a client what it has and brings the queue up to date. `None` when there is no such
    /// client.
    ///
    /// # Errors
    /// What the database says; a client that does not answer is no error.
    pub fn look(&self, id: ClientId) -> BoxFuture<'_, Result<Option<Look>>> {
        Box::pin(async move {
            let Some(client) = self.store.client(id).await? else { return Ok(None) };
            let before = self.transfer_ids(id).await?;
            let adapter = self.open_client(&client);
            let answer = match &adapter {
                _ if !client.enabled => ClientAnswer::Disabled,
                Ok(adapter) => answer(adapter.as_ref()).await,
                Err(error) => ClientAnswer::Unreachable(error.to_string()),
            };
            let Some(plan) = self.plan(id, &answer, before).await? else { return Ok(None) };
            let written = plan.changes.len() + usize::from(plan.client.is_some());
            if !plan.is_empty() {
                self.write(&plan).await?;
            }
            let mut look = told(client.name.clone(), &answer);
            look.written = written;
            match &answer {
                ClientAnswer::Answered(transfers) => {
                    let stalled = self.downloads.live.answered(id, transfers, self.moment());
                    let is_one = |t: &&Transfer| stalled.contains(&t.id);
                    look.stalled =
                        transfers.iter().filter(is_one).map(|t| t.name.clone()).collect();
                    if let Ok(adapter) = &adapter {
                        self.match_uncertain(&client, adapter.as_ref()).await?;
                        self.note_arrivals(&client, adapter.as_ref()).await?;
                        self.repeat(&client, adapter.as_ref(), &plan.repeats).await?;
                    }
                    self.tell_progress(&client).await?;
                }
                _ => self.downloads.live.is_away(id),
            }
            Ok(Some(look))
        })
    }

    /// Tells how far the transfers of a client are, when anybody watches.
    async fn tell_progress(&self, client: &ClientRow) -> Result<()> {
        if self.live.is_watched() {
            let filter = DownloadFilter { client: Some(client.id), ..DownloadFilter::default() };
            let page = self.queue(&filter, None, MOST_TOLD).await?;
            let all = page.downloads.iter().map(DownloadProgress::from).collect();
            self.live.tell_downloads(&client.name, all);
        }
        Ok(())
    }

    async fn transfer_ids(&self, client: ClientId) -> Result<HashSet<TransferId>> {
        Ok(self.store.downloads(client).await?.into_iter().map(|row| row.transfer_id).collect())
    }

    /// What an answer changes. `before` are the ids that had rows before the client was asked: one
    /// that has none since was cancelled while the answer was on its way, and is no stranger.
    async fn plan(
        &self,
        id: ClientId,
        answer: &ClientAnswer,
        before: HashSet<TransferId>,
    ) -> Result<Option<DownloadPlan>> {
        let Some(client) = self.store.client(id).await? else { return Ok(None) };
        let rows = self.store.downloads(id).await?;
        let now: HashSet<_> = rows.iter().map(|row| &row.transfer_id).collect();
        let is_there = |t: &Transfer| now.contains(&t.id) || !before.contains(&t.id);
        let answer = match answer {
            ClientAnswer::Answered(all) if !all.iter().all(is_there) => {
                ClientAnswer::Answered(all.iter().filter(|t| is_there(t)).cloned().collect())
            }
            other => other.clone(),
        };
        let strangers: Vec<_> = match &answer {
            ClientAnswer::Answered(all) => {
                all.iter().map(|t| &t.id).filter(|id| !now.contains(id)).cloned().collect()
            }
            _ => Vec::new(),
        };
        let past = self.store.past(id, &strangers).await?;
        let record = client.record();
        let queue = queue::Queue { client: &record, rows: &rows, past: &past };
        let mut fresh = || DownloadId(Uuid::now_v7());
        Ok(Some(queue::plan(queue, &answer, self.moment(), &mut fresh)))
    }

    /// Writes a plan in one transaction, with what its new rows are for, and tells the bus.
    pub(crate) async fn write(&self, plan: &DownloadPlan) -> Result<()> {
        let new: Vec<_> = plan
            .changes
            .iter()
            .filter(|c| c.before.is_none())
            .filter_map(|c| c.after.as_ref())
            .collect();
        let matches = self.match_names(&new).await?;
        let mut batch = self.store.begin(None).await?;
        batch.apply_downloads(plan, &matches, self.moment()).await?;
        batch.commit().await?;
        self.publish().await
    }

    /// Removals that were begun and not seen done are asked for again.
    async fn repeat(
        &self,
        client: &ClientRow,
        adapter: &dyn DownloadClient,
        repeats: &[Repeat],
    ) -> Result<()> {
        for repeat in repeats {
            match adapter.remove(&repeat.transfer_id, repeat.with_data).await {
                Ok(Removal::Removed { .. } | Removal::Absent) => {
                    self.confirm_cancelled(repeat.download_id).await?;
                }
                Err(error) => {
                    tracing::warn!(client = client.name, %error, "a removal could not be repeated");
                }
            }
        }
        Ok(())
    }
}

/// What a client says, within the bounds of what is kept.
async fn answer(adapter: &dyn DownloadClient) -> ClientAnswer {
    let listed = adapter.list().await;
    listed.map(|all| all.into_iter().map(Transfer::normalized).collect()).into()
}

fn told(client: String, answer: &ClientAnswer) -> Look {
    let mut look = Look {
        client,
        transfers: None,
        problem: None,
        refused: false,
        moving: false,
        written: 0,
        stalled: Vec::new(),
    };
    match answer {
        ClientAnswer::Answered(all) => {
            look.transfers = Some(all.len());
            look.moving = all.iter().any(is_moving);
        }
        ClientAnswer::Unreachable(why) => look.problem = Some(why.clone()),
        ClientAnswer::Refused(why) => (look.problem, look.refused) = (Some(why.clone()), true),
        ClientAnswer::Disabled => {}
    }
    look
}

/// Whether more than waiting goes on. A torrent that nobody sends may wait for weeks.
fn is_moving(t: &Transfer) -> bool {
    t.state.is_active() && t.state != TransferState::Stalled || t.state == TransferState::Queued
}
