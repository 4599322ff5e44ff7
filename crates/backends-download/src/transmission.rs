//! Transmission, by the RPC of 3.0 and 4.0 and by the JSON-RPC 2.0 of 4.1 and newer.
//!
//! - A request without the right `X-Transmission-Session-Id` is answered with 409 and the right
//!   one; it expires at any time. The same answer says by `X-Transmission-Rpc-Version` that the
//!   server speaks JSON-RPC, so the dialect costs no request of its own.
//! - The status is 200 whatever happened; the old dialect says `"result": "success"` or why not.
//! - Numeric ids change with every restart; only the info-hash is used.
//! - Orders for unknown torrents succeed, so torrents are looked up first.

mod rpc;
mod torrent;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use shelfread_backends_http::Http;
use shelfread_domain::download::{
    AddTransfer, Added, ClientIdentity, ClientKind, Content, DownloadClient, ListFiles,
    ListTransfers, NewTransfer, Outcome, PauseResume, Removal, RemoveTransfer, RetryTransfer,
    SetLabel, TestClient, Transfer, TransferFile, TransferId,
};
use shelfread_domain::port::SourceError;

use self::rpc::Rpc;
use self::torrent::{FIELDS, Torrent};
use crate::ClientConfig;
use crate::wire::{self, Text, Transfers};

/// A Transmission daemon.
#[derive(Debug)]
pub(crate) struct Transmission {
    rpc: Rpc,
}

#[derive(Deserialize)]
struct Listed {
    torrents: Transfers<Torrent>,
}

#[derive(Deserialize)]
struct Torrents {
    torrents: Vec<Torrent>,
}

/// The answer to an add, in both dialects.
#[derive(Deserialize)]
struct AddAnswer {
    #[serde(rename = "torrent-added", alias = "torrent_added")]
    added: Option<Named>,
    #[serde(rename = "torrent-duplicate", alias = "torrent_duplicate")]
    duplicate: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "hashString", alias = "hash_string")]
    hash: String,
}

#[derive(Deserialize)]
struct SessionAnswer {
    #[serde(default)]
    version: Text,
    #[serde(default, rename = "rpc-version", alias = "rpc_version")]
    rpc_version: Text,
    #[serde(default, rename = "rpc-version-semver", alias = "rpc_version_semver")]
    semver: Text,
}

impl Transmission {
    pub(crate) fn new(config: &ClientConfig) -> Result<Self, SourceError> {
        let http = Http::new(config.http_basic("Transmission"))?;
        Ok(Self { rpc: Rpc::new(http) })
    }

    /// The torrent, if the daemon has it.
    async fn look(&self, id: &TransferId) -> Result<Option<Torrent>, SourceError> {
        let params = json!({ "ids": [id], "fields": self.rpc.fields(FIELDS).await? });
        let found: Torrents = self.rpc.read("torrent_get", params).await?;
        Ok(found.torrents.into_iter().next())
    }

    async fn order(&self, method: &str, id: &TransferId, more: Value) -> Result<(), SourceError> {
        let mut params = json!({ "ids": [id] });
        if let (Some(params), Value::Object(more)) = (params.as_object_mut(), more) {
            params.extend(more);
        }
        self.rpc.order::<Value>(method, params).await.map(drop)
    }

    /// Carries out an order unless the torrent is absent or `is_so` already.
    async fn unless(
        &self,
        is_so: impl FnOnce(&Torrent) -> bool,
        method: &str,
        id: &TransferId,
        more: Value,
    ) -> Result<Outcome, SourceError> {
        match self.look(id).await? {
            None => Ok(Outcome::Absent),
            Some(torrent) if is_so(&torrent) => Ok(Outcome::Already),
            Some(_) => self.order(method, id, more).await.map(|()| Outcome::Done),
        }
    }
}

#[async_trait]
impl TestClient for Transmission {
    async fn test(&self) -> Result<ClientIdentity, SourceError> {
        let session: SessionAnswer = self.rpc.read("session_get", json!({})).await?;
        let protocol = session.semver.some().unwrap_or(session.rpc_version.0);
        let version = session.version.0;
        Ok(ClientIdentity { kind: ClientKind::Transmission, version, protocol })
    }
}

#[async_trait]
impl ListTransfers for Transmission {
    async fn list(&self) -> Result<Vec<Transfer>, SourceError> {
        let params = json!({ "fields": self.rpc.fields(FIELDS).await? });
        let answer: Listed = self.rpc.read("torrent_get", params).await?;
        Ok(answer.torrents.0)
    }
}

#[async_trait]
impl ListFiles for Transmission {
    async fn files(&self, id: &TransferId) -> Result<Option<Vec<TransferFile>>, SourceError> {
        let fields = self.rpc.fields(&["hash_string", "files"]).await?;
        let params = json!({ "ids": [id], "fields": fields });
        let found: Torrents = self.rpc.read("torrent_get", params).await?;
        Ok(found.torrents.into_iter().next().map(Torrent::files))
    }
}

#[async_trait]
impl AddTransfer for Transmission {
    async fn add(&self, new: &NewTransfer) -> Result<Added, SourceError> {
        let (key, value) = match &new.payload.content {
            Content::Magnet(link) => ("filename", link.clone()),
            Content::Torrent(bytes) => ("metainfo", BASE64_STANDARD.encode(bytes)),
            Content::Nzb(_) => return Err(self.rpc.error(wire::not_usenet())),
        };
        let mut params = json!({ key: value, "paused": new.paused });
        if let Some(path) = &new.save_path {
            params["download_dir"] = json!(path);
        }
        let answer: AddAnswer = self.rpc.order("torrent_add", params).await?;
        let already_there = answer.added.is_none();
        let named = answer.added.or(answer.duplicate).and_then(|n| TransferId::new(&n.hash));
        let id = named.ok_or_else(|| self.rpc.error(wire::nameless()))?;
        if let Some(label) = new.label.as_ref().filter(|_| !already_there) {
            self.order("torrent_set", &id, json!({ "labels": [label] })).await?;
        }
        Ok(Added { id, already_there })
    }
}

#[async_trait]
impl PauseResume for Transmission {
    async fn pause(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.unless(Torrent::is_stopped, "torrent_stop", id, json!({})).await
    }

    async fn resume(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.unless(|torrent| !torrent.is_stopped(), "torrent_start", id, json!({})).await
    }
}

#[async_trait]
impl RemoveTransfer for Transmission {
    async fn remove(&self, id: &TransferId, with_data: bool) -> Result<Removal, SourceError> {
        let data = json!({ "delete_local_data": with_data });
        Ok(match self.unless(|_| false, "torrent_remove", id, data).await? {
            Outcome::Absent => Removal::Absent,
            _ => Removal::Removed { data: with_data },
        })
    }
}

#[async_trait]
impl RetryTransfer for Transmission {
    async fn retry(&self, id: &TransferId) -> Result<Option<TransferId>, SourceError> {
        if self.look(id).await?.is_none() {
            return Ok(None);
        }
        // Missing data is only found missing, and fetched again, after a check.
        self.order("torrent_verify", id, json!({})).await?;
        self.order("torrent_start", id, json!({})).await?;
        Ok(Some(id.clone()))
    }
}

#[async_trait]
impl SetLabel for Transmission {
    async fn set_label(
        &self,
        id: &TransferId,
        label: Option<&str>,
    ) -> Result<Outcome, SourceError> {
        let labels: Vec<&str> = label.into_iter().collect();
        let is_so = |torrent: &Torrent| torrent.has_labels(&labels);
        self.unless(is_so, "torrent_set", id, json!({ "labels": labels })).await
    }
}

impl DownloadClient for Transmission {
    fn kind(&self) -> ClientKind {
        ClientKind::Transmission
    }
}
