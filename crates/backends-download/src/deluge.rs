//! Deluge 2, by the JSON-RPC of its web server.
//!
//! - The web server is not the daemon: it must log in to one first, and while it is not connected
//!   `core.*` are unknown methods, or hang. That is a client that does not answer, not an empty one.
//! - `web.update_ui` lists from a cache that is empty right after connecting, so the daemon itself
//!   is asked (`core.get_torrents_status`).
//! - The status is 200 whatever happened; failures are `error` objects with a Python traceback.
//! - Labels are a plugin, in lower case, and must exist before they are used.

mod rpc;
mod torrent;

use std::collections::HashMap;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use shelfread_domain::download::{
    AddTransfer, Added, ClientIdentity, ClientKind, Content, DownloadClient, ListFiles,
    ListTransfers, NewTransfer, Outcome, PauseResume, Removal, RemoveTransfer, RetryTransfer,
    SetLabel, TestClient, Transfer, TransferFile, TransferId,
};
use shelfread_domain::port::SourceError;

use self::rpc::Rpc;
use self::torrent::{FIELDS, Torrent};
use crate::ClientConfig;
use crate::wire::{self, List, Num, Text};

/// A Deluge daemon behind its web server.
#[derive(Debug)]
pub(crate) struct Deluge {
    rpc: Rpc,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Files {
    hash: Text,
    files: List<File>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    path: Text,
    size: Num,
}

impl Deluge {
    pub(crate) fn new(config: &ClientConfig) -> Result<Self, SourceError> {
        Ok(Self { rpc: Rpc::new(config)? })
    }

    /// The torrent, if the daemon has it; of one that it has not it shows nothing.
    async fn look(&self, id: &TransferId) -> Result<Option<Torrent>, SourceError> {
        let found: Torrent = self.rpc.read("core.get_torrent_status", json!([id, FIELDS])).await?;
        Ok(Some(found).filter(Torrent::exists))
    }

    async fn order(&self, method: &str, params: Value) -> Result<(), SourceError> {
        self.rpc.order::<Value>(method, params).await.map(drop)
    }

    /// Carries out an order unless the torrent is absent or `is_so` already.
    async fn unless(
        &self,
        id: &TransferId,
        is_so: impl FnOnce(&Torrent) -> bool,
        method: &str,
        params: Value,
    ) -> Result<Outcome, SourceError> {
        match self.look(id).await? {
            None => Ok(Outcome::Absent),
            Some(torrent) if is_so(&torrent) => Ok(Outcome::Already),
            Some(_) => self.order(method, params).await.map(|()| Outcome::Done),
        }
    }

    /// Makes the label unless it exists, and says how Deluge spells it.
    async fn label(&self, label: &str) -> Result<String, SourceError> {
        let label = label.trim().to_lowercase();
        let known: List<Text> = self.rpc.read("label.get_labels", json!([])).await?;
        if !known.0.iter().any(|l| l.as_str() == label) {
            self.order("label.add", json!([label])).await?;
        }
        Ok(label)
    }
}

#[async_trait]
impl TestClient for Deluge {
    async fn test(&self) -> Result<ClientIdentity, SourceError> {
        let version: Text = self.rpc.read("daemon.get_version", json!([])).await?;
        let version = wire::shown(version.as_str());
        let protocol = "web JSON-RPC".to_owned();
        Ok(ClientIdentity { kind: ClientKind::Deluge, version, protocol })
    }
}

#[async_trait]
impl ListTransfers for Deluge {
    async fn list(&self) -> Result<Vec<Transfer>, SourceError> {
        let all: HashMap<String, Torrent> =
            self.rpc.read("core.get_torrents_status", json!([{}, FIELDS])).await?;
        let transfers = all.into_iter().map(|(hash, torrent)| torrent.transfer(&hash));
        transfers.collect::<Option<_>>().ok_or_else(|| self.rpc.error(wire::nameless()))
    }
}

#[async_trait]
impl ListFiles for Deluge {
    async fn files(&self, id: &TransferId) -> Result<Option<Vec<TransferFile>>, SourceError> {
        let params = json!([id, ["hash", "files"]]);
        let found: Files = self.rpc.read("core.get_torrent_status", params).await?;
        let files = found.files.0.into_iter().map(|file| (file.path, file.size));
        Ok(found.hash.some().map(|_| wire::files(files)))
    }
}

#[async_trait]
impl AddTransfer for Deluge {
    async fn add(&self, new: &NewTransfer) -> Result<Added, SourceError> {
        for id in &new.payload.ids {
            if self.look(id).await?.is_some() {
                return Ok(Added { id: id.clone(), already_there: true });
            }
        }
        let label = match &new.label {
            Some(label) => Some(self.label(label).await?),
            None => None,
        };
        let mut options = json!({ "add_paused": new.paused });
        if let Some(path) = &new.save_path {
            options["download_location"] = json!(path);
        }
        let (method, params) = match &new.payload.content {
            Content::Magnet(link) => ("core.add_torrent_magnet", json!([link, options])),
            Content::Torrent(bytes) => {
                let file = BASE64_STANDARD.encode(bytes);
                ("core.add_torrent_file", json!(["upload.torrent", file, options]))
            }
            Content::Nzb(_) => return Err(self.rpc.error(wire::not_usenet())),
        };
        let hash: Text = self.rpc.order(method, params).await?;
        let id = TransferId::new(hash.as_str());
        let id = id.ok_or_else(|| self.rpc.error(wire::nameless()))?;
        if let Some(label) = label {
            self.order("label.set_torrent", json!([id, label])).await?;
        }
        Ok(Added { id, already_there: false })
    }
}

#[async_trait]
impl PauseResume for Deluge {
    async fn pause(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.unless(id, Torrent::is_paused, "core.pause_torrent", json!([[id]])).await
    }

    async fn resume(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.unless(id, Torrent::is_running, "core.resume_torrent", json!([[id]])).await
    }
}

#[async_trait]
impl RemoveTransfer for Deluge {
    async fn remove(&self, id: &TransferId, with_data: bool) -> Result<Removal, SourceError> {
        let params = json!([id, with_data]);
        Ok(match self.unless(id, |_| false, "core.remove_torrent", params).await? {
            Outcome::Absent => Removal::Absent,
            _ => Removal::Removed { data: with_data },
        })
    }
}

#[async_trait]
impl RetryTransfer for Deluge {
    async fn retry(&self, id: &TransferId) -> Result<Option<TransferId>, SourceError> {
        // Missing data is only found missing, and fetched again, after a check.
        let checked = self.unless(id, |_| false, "core.force_recheck", json!([[id]])).await?;
        if checked == Outcome::Absent {
            return Ok(None);
        }
        self.order("core.resume_torrent", json!([[id]])).await?;
        Ok(Some(id.clone()))
    }
}

#[async_trait]
impl SetLabel for Deluge {
    async fn set_label(
        &self,
        id: &TransferId,
        label: Option<&str>,
    ) -> Result<Outcome, SourceError> {
        let Some(torrent) = self.look(id).await? else { return Ok(Outcome::Absent) };
        let label = match label {
            Some(label) => self.label(label).await?,
            None => String::new(),
        };
        if torrent.has_label(&label) {
            return Ok(Outcome::Already);
        }
        self.order("label.set_torrent", json!([id, label])).await.map(|()| Outcome::Done)
    }
}

impl DownloadClient for Deluge {
    fn kind(&self) -> ClientKind {
        ClientKind::Deluge
    }
}
