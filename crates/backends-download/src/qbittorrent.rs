//! qBittorrent, by the Web API 2.8 (4.4) to 2.14.
//!
//! - A session is a cookie, `SID` or `QBT_SID_…`; without one every address answers 403. A wrong
//!   password is 200 with `Fails.`, or 401 since 2.14; after five of them the address is banned for
//!   an hour, so a refused password is not tried again soon.
//! - 2.11 (5.0) renamed pause and resume to stop and start; the other names are 404 then. The
//!   version is asked for once per session.
//! - An add of what is there already is `Fails.` like any other failure, and an add that went well
//!   shows in the list only a moment later: the adapter looks before and after.

mod session;
mod torrent;

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use shelfread_backends_http::{Part, Request, StatusCode};
use shelfread_domain::download::{
    AddTransfer, Added, ClientIdentity, ClientKind, Content, DownloadClient, ListFiles,
    ListTransfers, NewTransfer, Outcome, PauseResume, Removal, RemoveTransfer, RetryTransfer,
    SetLabel, TestClient, Transfer, TransferFile, TransferId,
};
use shelfread_domain::port::{Problem, SourceError};
use tokio::time::{Instant, sleep};

use self::session::Api;
use self::torrent::Torrent;
use crate::ClientConfig;
use crate::wire::{self, Num, Text, Transfers};

/// How long a torrent that was taken may need to show in the list.
const SHOWS_WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// A qBittorrent.
#[derive(Debug)]
pub(crate) struct Qbittorrent {
    api: Api,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    name: Text,
    #[serde(default)]
    size: Num,
}

/// What an add answers since 2.14.
#[derive(Deserialize)]
struct AddAnswer {
    #[serde(default)]
    failure_count: Num,
}

impl Qbittorrent {
    pub(crate) fn new(config: &ClientConfig) -> Result<Self, SourceError> {
        Ok(Self { api: Api::new(config)? })
    }

    /// The first of these torrents that it has.
    async fn look(&self, ids: &[TransferId]) -> Result<Option<Torrent>, SourceError> {
        let hashes: Vec<&str> = ids.iter().map(TransferId::as_str).collect();
        let request = torrents("info").query("hashes", hashes.join("|"));
        let found: Vec<Torrent> = wire::json(self.api.send(request).await?)?;
        Ok(found.into_iter().find(|t| t.id().is_some_and(|id| ids.contains(&id))))
    }

    async fn order(&self, method: &str, form: &[(&str, &str)]) -> Result<(), SourceError> {
        self.api.send(order(method).form(form)).await.map(drop)
    }

    /// Carries out an order unless the torrent is absent or `is_so` already.
    async fn unless(
        &self,
        is_so: impl FnOnce(&Torrent) -> bool,
        method: &str,
        id: &TransferId,
        more: &[(&str, &str)],
    ) -> Result<Outcome, SourceError> {
        match self.look(std::slice::from_ref(id)).await? {
            None => Ok(Outcome::Absent),
            Some(torrent) if is_so(&torrent) => Ok(Outcome::Already),
            Some(_) => {
                let form = [&[("hashes", id.as_str())], more].concat();
                self.order(method, &form).await.map(|()| Outcome::Done)
            }
        }
    }

    /// Sends the torrent. `false` when it was not taken.
    async fn send(&self, new: &NewTransfer) -> Result<bool, SourceError> {
        let paused: &[u8] = if new.paused { b"true" } else { b"false" };
        let mut parts = vec![field("paused", paused), field("stopped", paused)];
        parts.extend(new.label.as_ref().map(|label| field("category", label.as_bytes())));
        parts.extend(new.save_path.as_ref().map(|path| field("savepath", path.as_bytes())));
        parts.push(match &new.payload.content {
            Content::Magnet(link) => field("urls", link.as_bytes()),
            Content::Torrent(bytes) => {
                Part { name: "torrents", file_name: Some("upload.torrent"), bytes }
            }
            Content::Nzb(_) => return Err(self.api.error(wire::not_usenet())),
        });
        let answer = self.api.exchange(order("add").multipart(&parts)).await?;
        match answer.status {
            StatusCode::CONFLICT | StatusCode::UNSUPPORTED_MEDIA_TYPE => return Ok(false),
            _ => {}
        }
        let answer = answer.success()?;
        let failed = answer.json::<AddAnswer>().is_ok_and(|a| a.failure_count.count() > Some(0));
        Ok(!failed && answer.body != b"Fails.")
    }
}

fn torrents(method: &str) -> Request {
    Request::get(["api", "v2", "torrents", method])
}

fn order(method: &str) -> Request {
    Request::post(["api", "v2", "torrents", method])
}

const fn field<'a>(name: &'a str, bytes: &'a [u8]) -> Part<'a> {
    Part { name, file_name: None, bytes }
}

#[async_trait]
impl TestClient for Qbittorrent {
    async fn test(&self) -> Result<ClientIdentity, SourceError> {
        self.api.forget().await;
        let answer = self.api.send(Request::get(["api", "v2", "app", "version"])).await?;
        let version = wire::shown(&String::from_utf8_lossy(&answer.body));
        let protocol = self.api.version().await?.to_string();
        Ok(ClientIdentity { kind: ClientKind::Qbittorrent, version, protocol })
    }
}

#[async_trait]
impl ListTransfers for Qbittorrent {
    async fn list(&self) -> Result<Vec<Transfer>, SourceError> {
        let all: Transfers<Torrent> = wire::json(self.api.send(torrents("info")).await?)?;
        Ok(all.0)
    }
}

#[async_trait]
impl ListFiles for Qbittorrent {
    async fn files(&self, id: &TransferId) -> Result<Option<Vec<TransferFile>>, SourceError> {
        let answer = self.api.exchange(torrents("files").query("hash", id)).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let files: Vec<File> = wire::json(answer.success()?)?;
        Ok(Some(wire::files(files.into_iter().map(|file| (file.name, file.size)))))
    }
}

#[async_trait]
impl AddTransfer for Qbittorrent {
    async fn add(&self, new: &NewTransfer) -> Result<Added, SourceError> {
        let ids = &new.payload.ids;
        let found = |torrent: Option<Torrent>| torrent.and_then(|t| t.id());
        if let Some(id) = found(self.look(ids).await?) {
            return Ok(Added { id, already_there: true });
        }
        let taken = self.send(new).await?;
        let end = Instant::now() + SHOWS_WITHIN;
        loop {
            if let Some(id) = found(self.look(ids).await?) {
                return Ok(Added { id, already_there: !taken });
            }
            if !taken || Instant::now() > end {
                let why = if taken { "it took the torrent and does not list it" } else { "Fails." };
                return Err(self.api.error(Problem::Rejected(why.into())));
            }
            sleep(PAUSE).await;
        }
    }
}

#[async_trait]
impl PauseResume for Qbittorrent {
    async fn pause(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        let method = self.api.version().await?.pause();
        self.unless(Torrent::is_stopped, method, id, &[]).await
    }

    async fn resume(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        let method = self.api.version().await?.resume();
        self.unless(Torrent::is_running, method, id, &[]).await
    }
}

#[async_trait]
impl RemoveTransfer for Qbittorrent {
    async fn remove(&self, id: &TransferId, with_data: bool) -> Result<Removal, SourceError> {
        let data = if with_data { "true" } else { "false" };
        Ok(match self.unless(|_| false, "delete", id, &[("deleteFiles", data)]).await? {
            Outcome::Absent => Removal::Absent,
            _ => Removal::Removed { data: with_data },
        })
    }
}

#[async_trait]
impl RetryTransfer for Qbittorrent {
    async fn retry(&self, id: &TransferId) -> Result<Option<TransferId>, SourceError> {
        // Missing data is only found missing, and fetched again, after a check.
        if self.unless(|_| false, "recheck", id, &[]).await? == Outcome::Absent {
            return Ok(None);
        }
        let resume = self.api.version().await?.resume();
        self.order(resume, &[("hashes", id.as_str())]).await?;
        Ok(Some(id.clone()))
    }
}

#[async_trait]
impl SetLabel for Qbittorrent {
    async fn set_label(
        &self,
        id: &TransferId,
        label: Option<&str>,
    ) -> Result<Outcome, SourceError> {
        let category = label.unwrap_or_default();
        match self.look(std::slice::from_ref(id)).await? {
            None => return Ok(Outcome::Absent),
            Some(torrent) if torrent.has_category(category) => return Ok(Outcome::Already),
            Some(_) => {}
        }
        if label.is_some() {
            let create = order("createCategory").form(&[("category", category)]);
            let answer = self.api.exchange(create).await?;
            let exists = answer.status == StatusCode::CONFLICT;
            if !exists {
                answer.success()?;
            }
        }
        let form = [("hashes", id.as_str()), ("category", category)];
        self.order("setCategory", &form).await.map(|()| Outcome::Done)
    }
}

impl DownloadClient for Qbittorrent {
    fn kind(&self) -> ClientKind {
        ClientKind::Qbittorrent
    }
}
