//! What clients said last: speeds, time left, ratio, and what has stood still. None of it is worth
//! a row of the database; it is as old as the last look of this process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use shelfread_domain::download::{Transfer, TransferId};
use shelfread_domain::id::ClientId;
use shelfread_reconcile::downloads::Stalls;

/// What is live of all clients.
#[derive(Debug, Default)]
pub(crate) struct Live(Mutex<HashMap<ClientId, OfClient>>);

/// What one client said last.
#[derive(Debug, Default)]
struct OfClient {
    transfers: HashMap<TransferId, Transfer>,
    stalls: Stalls,
}

impl Live {
    fn all(&self) -> MutexGuard<'_, HashMap<ClientId, OfClient>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an answer in, and gives the transfers that are found to stand still just now.
    pub(crate) fn answered(
        &self,
        client: ClientId,
        transfers: &[Transfer],
        now: DateTime<Utc>,
    ) -> Vec<TransferId> {
        let mut all = self.all();
        let of = all.entry(client).or_default();
        of.transfers = transfers.iter().map(|t| (t.id.clone(), t.clone())).collect();
        of.stalls.observe(transfers, now)
    }

    /// What was said is no longer true.
    pub(crate) fn is_away(&self, client: ClientId) {
        self.all().entry(client).or_default().transfers.clear();
    }

    /// What is known of one transfer, and since when it has stood still.
    pub(crate) fn of(
        &self,
        client: ClientId,
        id: &TransferId,
    ) -> Option<(Transfer, Option<DateTime<Utc>>)> {
        let all = self.all();
        let of = all.get(&client)?;
        Some((of.transfers.get(id)?.clone(), of.stalls.since(id)))
    }
}
