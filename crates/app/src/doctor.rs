//! Doctor: the promises checked on the database, and every connection; and what of the damage is
//! mended. Only what follows from what is there is mended: the rest is told and left to a person.

use std::collections::HashSet;

use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::json;
use shelfread_domain::{Change, Counts, ItemId, ItemRecord, Plan, Row, RunId};
use shelfread_reconcile::correct;
use shelfread_store::{Finding, Lease, NewEvent, StoreError};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::App;
use crate::error::Result;
use crate::owner;
use crate::person::{Concerned, record};

/// Items that are examined at once.
const PAGE: u64 = 500;

/// What the doctor found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Examination {
    /// What is wrong with the database; nothing, as a rule.
    pub findings: Vec<Finding>,
    /// How the sources and download clients answer; empty when they were not asked.
    pub connections: Vec<Connection>,
    /// What was mended; empty unless that was wanted.
    pub mended: Vec<Finding>,
}

/// How a source or download client answers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Connection {
    /// `source` or `download client`.
    pub kind: &'static str,
    /// Its name.
    pub source: String,
    /// Why it cannot be read.
    pub problem: Option<String>,
}

impl App {
    /// Examines the database, and the connections unless that is not wanted.
    ///
    /// # Errors
    /// Only when the database cannot be read at all.
    pub fn doctor(&self, connections: bool) -> BoxFuture<'_, Result<Examination>> {
        Box::pin(async move {
            let mut findings = self.store.doctor(self.clock.now()).await?;
            for lease in self.dead_leases().await? {
                findings.push(dead(&lease, "its owner is gone"));
            }
            if findings
                .iter()
                .all(|finding| finding.kind != "lease" || finding.subject != CATALOGUE)
            {
                findings.extend(self.underived(false).await?);
            }
            let connections = if connections { self.connections().await? } else { Vec::new() };
            Ok(Examination { findings, connections, mended: Vec::new() })
        })
    }

    /// Mends what follows from what is there, and examines the rest.
    ///
    /// # Errors
    /// When the database cannot be read or written; what was mended until then stays.
    pub fn repair(&self, connections: bool) -> BoxFuture<'_, Result<Examination>> {
        Box::pin(async move {
            let mut mended = Vec::new();
            for lease in self.dead_leases().await? {
                mended.push(dead(&lease, "given back: its owner is gone"));
                self.store.release_lease(lease).await?;
            }
            if self.store.restore_lock().await? {
                let message = "the row that every batch locks is there again".to_owned();
                mended.push(Finding { kind: "lease", subject: CATALOGUE.to_owned(), message });
            }
            mended.extend(self.mend_rows().await?);
            mended.extend(self.underived(true).await?);
            Ok(Examination { mended, ..self.doctor(connections).await? })
        })
    }

    async fn connections(&self) -> Result<Vec<Connection>> {
        let mut asked = Vec::new();
        for source in self.store.sources().await?.into_iter().filter(|s| s.enabled) {
            let problem = self.test_source(&source.name).await.err().map(|e| e.advice());
            asked.push(Connection { kind: "source", source: source.name, problem });
        }
        for client in self.store.clients().await?.into_iter().filter(|c| c.enabled) {
            let problem = self.test_client(&client.name).await.err().map(|e| e.advice());
            let kind = "download client";
            asked.push(Connection { kind, source: client.name, problem });
        }
        Ok(asked)
    }

    /// Leases that run on although whoever took them is certainly gone.
    async fn dead_leases(&self) -> Result<Vec<Lease>> {
        let live = self.store.live_leases(self.clock.now()).await?;
        Ok(live.into_iter().filter(|lease| owner::is_gone(&lease.owner)).collect())
    }

    async fn mend_rows(&self) -> Result<Vec<Finding>> {
        let now = self.clock.now();
        let mut batch = self.store.begin(None).await?;
        let mended = batch.mend(now).await?;
        if !mended.is_empty() {
            let data = json!({ "mended": mended });
            let event = NewEvent::new(now, "doctor.mended", "warning", data);
            batch.append_events(&[event]).await?;
        }
        batch.commit().await?;
        Ok(mended)
    }

    /// Items that show something else than follows from their listings and from what a person said
    /// of them; brought to it if that is wanted.
    async fn underived(&self, mend: bool) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        let mut after = None;
        loop {
            let ids = self.store.item_ids(after, PAGE).await?;
            let Some(last) = ids.last() else { return Ok(findings) };
            after = Some(*last);
            let changes = self.underived_of(&ids).await?;
            findings.extend(changes.iter().filter_map(told));
            if mend && !changes.is_empty() {
                self.derive(changes).await?;
            }
        }
    }

    async fn underived_of(&self, ids: &[ItemId]) -> Result<Vec<Change>, StoreError> {
        let mut batch = self.store.begin(None).await?;
        let mut known = Concerned::items(ids).load_flat(&mut batch).await?;
        batch.rollback().await?;
        let wanted: HashSet<_> = ids.iter().copied().collect();
        let plan = correct::settle(&mut known, ids, "mended: it follows from the listings");
        let of_fields = |change: Change| only_fields(change, &wanted);
        Ok(plan.changes.into_iter().filter_map(of_fields).collect())
    }

    /// Writes what follows, as a run that can be seen and taken back.
    async fn derive(&self, changes: Vec<Change>) -> Result<()> {
        let counts = Counts { updated: changes.len() as u64, ..Counts::default() };
        let plan = Plan { changes, counts };
        let mut batch = self.store.begin(None).await?;
        record(&mut batch, RunId(Uuid::now_v7()), &plan, self.clock.now()).await?;
        Ok(batch.commit().await?)
    }
}

/// The name of the row that every batch locks.
const CATALOGUE: &str = "catalogue";

fn dead(lease: &Lease, message: &str) -> Finding {
    Finding { kind: "lease", subject: lease.name.clone(), message: message.to_owned() }
}

/// Of a change what it does to the fields that an item shows. Numbers and ids need a listing.
fn only_fields(change: Change, wanted: &HashSet<ItemId>) -> Option<Change> {
    let (Some(Row::Item(before)), Some(Row::Item(after))) = (&change.before, &change.after) else {
        return None;
    };
    let numbers = |i: &ItemRecord| (i.season_number, i.episode_number, i.absolute_number);
    if !wanted.contains(&before.id) || numbers(before) != numbers(after) || before == after {
        return None;
    }
    Some(change)
}

fn told(change: &Change) -> Option<Finding> {
    let (Some(Row::Item(before)), Some(Row::Item(after))) = (&change.before, &change.after) else {
        return None;
    };
    let differ = shelfread_domain::Field::ALL.into_iter();
    let differ = differ.filter(|f| before.fields.get(*f) != after.fields.get(*f));
    let names: Vec<_> = differ.map(shelfread_domain::Field::as_str).collect();
    let what = if names.is_empty() { "title_key".to_owned() } else { names.join(", ") };
    let message = format!("does not follow from its listings: {what}");
    Some(Finding { kind: "fields", subject: before.label(), message })
}
