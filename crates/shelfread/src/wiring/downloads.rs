//! Wiring of downloads: which adapter speaks with which download program, and the declared clients
//! brought into the database.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use shelfread_app::downloads::ClientFactory;
use shelfread_app::downloads::clients::new_client;
use shelfread_app::{App, TransferQueue, Waited};
use shelfread_backends_arr::Arr;
use shelfread_backends_download::{ClientConfig, connect};
use shelfread_domain::download::{DownloadClient, TransferId};
use shelfread_domain::id::ClientId;
use shelfread_domain::port::{Problem, SourceError};
use shelfread_store::{ClientRow, ManagedBy};
use uuid::Uuid;

use super::Adapters;
use crate::config::{Config, DeclaredClient};
use crate::session::Failure;

impl ClientFactory for Adapters {
    fn open(&self, client: &ClientRow) -> Result<Arc<dyn DownloadClient>, SourceError> {
        let misfit = |problem: String| {
            let what = format!("setting up {}", client.kind);
            SourceError::new(what, Problem::Configuration(problem))
        };
        if let Some(problem) = &client.secret_problem {
            return Err(misfit(problem.clone()));
        }
        let url = client.url.parse();
        let url = url.map_err(|e| misfit(format!("its `url` is no address: {e}")))?;
        let mut config = ClientConfig::new(url);
        config.username = client.settings["username"].as_str().map(str::to_owned);
        config.password.clone_from(&client.secret);
        connect(client.kind, &config)
    }
}

/// The queue of a Sonarr or Radarr.
pub(super) struct ArrQueue(pub(super) Arc<Arr>);

#[async_trait]
impl TransferQueue for ArrQueue {
    async fn queue(&self) -> Result<Vec<Waited>, SourceError> {
        let waits = self.0.queue().await?.into_iter();
        let waited = waits.filter_map(|q| {
            Some(Waited { transfer: TransferId::new(&q.download_id)?, items: q.items })
        });
        Ok(waited.collect())
    }
}

/// Brings the declared clients into the database. One that is no longer declared is kept,
/// disabled, with its queue: only a person forgets a client.
pub async fn declare(app: &App, config: &Config) -> Result<(), Failure> {
    let known = app.store().clients().await?;
    let names: BTreeSet<_> = config.clients.iter().map(|c| c.name.as_str()).collect();
    let is_orphan =
        |c: &&ClientRow| c.managed_by == ManagedBy::File && !names.contains(c.name.as_str());
    let mut taken = BTreeSet::new();
    for (declared, order) in config.clients.iter().zip(1..) {
        let named = known.iter().find(|c| c.name == declared.name);
        // The same program under another name keeps its queue.
        let is_it = |c: &&ClientRow| c.kind == declared.kind && c.url == declared.url;
        let row = named.or_else(|| known.iter().filter(is_orphan).find(is_it));
        taken.extend(row.map(|row| row.id));
        if row.is_some_and(|row| row.kind != declared.kind) {
            let message = format!(
                "the download client '{}' is declared as {}, but the database knows it as another \
                 kind; give it another name, or forget the old one with `shelfread download client \
                 remove`",
                declared.name, declared.kind
            );
            return Err(Failure::usage(message));
        }
        let row = declared_row(declared, row, order * 10);
        app.save_client(&row).await?;
        if let Some(secret) = &declared.hook_secret {
            app.store().set_client_hook_secret(row.id, Some(secret)).await?;
        }
    }
    for row in known.iter().filter(is_orphan).filter(|row| !taken.contains(&row.id)) {
        tracing::warn!(client = row.name, "no longer declared; it is kept, disabled");
        let row = ClientRow { enabled: false, managed_by: ManagedBy::Person, ..row.clone() };
        app.store().put_client(&row, chrono::Utc::now()).await?;
    }
    Ok(())
}

fn declared_row(d: &DeclaredClient, known: Option<&ClientRow>, priority: i32) -> ClientRow {
    let id = known.map_or_else(|| ClientId(Uuid::now_v7()), |row| row.id);
    ClientRow {
        url: d.url.clone(),
        settings: settings(d.username.as_deref()),
        secret: d.password.clone(),
        priority,
        enabled: d.enabled,
        ..new_client(id, &d.name, d.kind, ManagedBy::File)
    }
}

/// The settings of a client.
pub fn settings(username: Option<&str>) -> Value {
    username.map_or_else(|| json!({}), |name| json!({ "username": name }))
}
