//! The answers of the clients, in their own form and with all the fields that they send, and the
//! least that any program must do with them.

use std::borrow::Cow;

use anyhow::{Context, Result};
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use shelfread_domain::download::ClientKind;

use super::server::{Responses, Server, response};

const SESSION: &str = "x-transmission-session-id";

/// The answer of one client.
pub struct Answer {
    kind: ClientKind,
    body: String,
}

impl Answer {
    /// An answer with that many transfers.
    pub fn of(kind: ClientKind, transfers: usize) -> Self {
        let body = match kind {
            ClientKind::Transmission => {
                let torrents: Vec<Value> = (0..transfers).map(transmission).collect();
                json!({ "arguments": { "torrents": torrents }, "result": "success" })
            }
            _ => Value::Array((0..transfers).map(qbittorrent).collect()),
        };
        Self { kind, body: body.to_string() }
    }

    /// What its server sends: of Transmission the list only to who has a session.
    pub fn responses(&self) -> Responses {
        let list = response("200 OK", "", &self.body);
        match self.kind {
            ClientKind::Transmission => Responses {
                marked: list,
                mark: SESSION,
                other: response("409 Conflict", "X-Transmission-Session-Id: fresh\r\n", ""),
            },
            _ => Responses { marked: list, mark: "/torrents/info", other: Vec::new() },
        }
    }

    /// The straight-line program.
    pub fn floor(&self, server: &Server) -> Result<Floor> {
        let client = super::super::client_builder().build()?;
        Ok(Floor { kind: self.kind, client, url: server.url() })
    }
}

/// Fetches and parses, and nothing more.
pub struct Floor {
    kind: ClientKind,
    client: Client,
    url: String,
}

impl Floor {
    /// How many transfers there are.
    pub async fn run(&self) -> Result<usize> {
        let answer = self.request().send().await?.error_for_status()?;
        let body = answer.bytes().await.context("fetching a list")?;
        Ok(match self.kind {
            ClientKind::Transmission => {
                serde_json::from_slice::<Envelope<'_>>(&body)?.arguments.torrents.len()
            }
            _ => serde_json::from_slice::<Vec<QbittorrentTorrent<'_>>>(&body)?.len(),
        })
    }

    fn request(&self) -> RequestBuilder {
        let url = &self.url;
        match self.kind {
            ClientKind::Transmission => {
                let body = r#"{"method":"torrent-get","arguments":{"fields":["hashString"]}}"#;
                let call = self.client.post(format!("{url}/transmission/rpc"));
                call.header(SESSION, "fresh").body(body)
            }
            _ => self.client.get(format!("{url}/api/v2/torrents/info")),
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    arguments: Arguments<'a>,
}

#[derive(Deserialize)]
struct Arguments<'a> {
    #[serde(borrow)]
    torrents: Vec<TransmissionTorrent<'a>>,
}

/// The fields that the adapter uses.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it is parsed, and that is all")]
struct TransmissionTorrent<'a> {
    #[serde(borrow)]
    hash_string: Cow<'a, str>,
    name: Cow<'a, str>,
    status: i64,
    error: i64,
    error_string: Cow<'a, str>,
    percent_done: f64,
    metadata_percent_complete: f64,
    size_when_done: u64,
    left_until_done: u64,
    rate_download: u64,
    rate_upload: u64,
    eta: i64,
    upload_ratio: f64,
    labels: Vec<Cow<'a, str>>,
    download_dir: Cow<'a, str>,
    added_date: i64,
    done_date: i64,
}

/// The fields that the adapter uses.
#[derive(Deserialize)]
#[allow(dead_code, reason = "it is parsed, and that is all")]
struct QbittorrentTorrent<'a> {
    #[serde(borrow)]
    hash: Cow<'a, str>,
    name: Cow<'a, str>,
    state: Cow<'a, str>,
    progress: f64,
    size: i64,
    amount_left: i64,
    dlspeed: u64,
    upspeed: u64,
    eta: i64,
    ratio: f64,
    category: Cow<'a, str>,
    tags: Cow<'a, str>,
    save_path: Cow<'a, str>,
    content_path: Cow<'a, str>,
    added_on: i64,
    completion_on: i64,
}

fn hash(number: usize) -> String {
    format!("{:040x}", (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

fn name(number: usize) -> String {
    format!("Some.Show.S{:02}E{:02}.1080p.WEB-DL.DDP5.1.H.264-GROUP", number / 24 % 40, number % 24)
}

fn transmission(number: usize) -> Value {
    json!({
        "hashString": hash(number), "name": name(number), "status": 6, "error": 0,
        "errorString": "", "isStalled": true, "percentDone": 1, "metadataPercentComplete": 1,
        "sizeWhenDone": 1_500_000_000 + number, "leftUntilDone": 0, "rateDownload": 0,
        "rateUpload": number % 1000, "eta": -1, "uploadRatio": 1.25, "labels": ["series"],
        "downloadDir": "/data/downloads/series", "addedDate": 1_795_000_000 + number,
        "doneDate": 1_795_000_900 + number,
    })
}

fn qbittorrent(number: usize) -> Value {
    let (hash, name) = (hash(number), name(number));
    let magnet = format!("magnet:?xt=urn:btih:{hash}&dn={name}&tr=http%3A%2F%2Ft.example.org%2F");
    let mut torrent = qbittorrent_extras(&magnet);
    let shown = json!({
        "added_on": 1_795_000_000 + number, "amount_left": 0, "category": "series",
        "completion_on": 1_795_000_900 + number,
        "content_path": format!("/data/downloads/series/{name}"), "dlspeed": 0,
        "eta": 8_640_000, "hash": hash, "infohash_v1": hash, "name": name, "progress": 1,
        "ratio": 1.25, "save_path": "/data/downloads/series", "size": 1_500_000_000 + number,
        "state": "stalledUP", "tags": "", "total_size": 1_500_000_000 + number,
        "upspeed": number % 1000,
    });
    if let (Value::Object(torrent), Value::Object(shown)) = (&mut torrent, shown) {
        torrent.extend(shown);
    }
    torrent
}

/// What it sends besides, asked or not.
fn qbittorrent_extras(magnet: &str) -> Value {
    json!({
        "auto_tmm": false, "availability": -1, "completed": 1_500_000_000, "dl_limit": -1,
        "download_path": "", "downloaded": 1_500_000_000, "downloaded_session": 0,
        "f_l_piece_prio": false, "force_start": false, "infohash_v2": "",
        "last_activity": 1_795_001_000, "magnet_uri": magnet, "max_ratio": -1,
        "max_seeding_time": -1, "num_complete": 12, "num_incomplete": 1, "num_leechs": 0,
        "num_seeds": 0, "priority": 0, "ratio_limit": -2, "seeding_time": 900,
        "seeding_time_limit": -2, "seen_complete": 1_795_001_000, "seq_dl": false,
        "super_seeding": false, "time_active": 1800, "tracker": "http://t.example.org/announce",
        "trackers_count": 1, "up_limit": -1, "uploaded": 1_875_000_000, "uploaded_session": 0,
    })
}
