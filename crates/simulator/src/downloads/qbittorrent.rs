//! qBittorrent: the Web API in three versions. 2.11 stops and starts what was paused and resumed
//! before, 2.14 answers with statuses where there were words.
//!
//! Source of the rules: its own list of changes, and what 4.5.2 answers.

use std::collections::HashMap;

use serde_json::{Value, json};
use url::form_urlencoded;

use super::Account;
use super::metainfo;
use super::torrents::{State, Torrent, Torrents, Wish};
use crate::server::Face;
use crate::server::message::{Answer, Reply, Request};
use crate::server::site::Site;

/// What it says when it does not know how long something takes.
const ETA_INFINITE: u64 = 8_640_000;

pub(super) struct Qbittorrent {
    pub torrents: Torrents,
    pub account: Account,
    pub api: u32,
}

type Form = HashMap<String, String>;

impl Face for Qbittorrent {
    fn answer(&self, request: &Request, _: &mut Site) -> Reply {
        self.serve(request).into()
    }
}

impl Qbittorrent {
    fn serve(&self, request: &Request) -> Answer {
        let Some(path) = request.path.strip_prefix("/api/v2/") else { return Answer::status(404) };
        let state = &mut *self.torrents.lock();
        state.look();
        if path == "auth/login" {
            return self.log_in(state, &form(request));
        }
        let has = |cookie: &str| {
            state.sessions.iter().any(|s| cookie == format!("{}={s}", self.cookie()))
        };
        if !self.account.name.is_empty() && !request.header("cookie").is_some_and(has) {
            return Answer::text(403, "Forbidden");
        }
        match path {
            "app/version" => Answer::text(200, "v5.0.0-simulated"),
            "app/webapiVersion" => Answer::text(200, format!("2.{}.4", self.api)),
            "torrents/info" => self.info(state, request.param("hashes")),
            "torrents/files" => files(state, request.param("hash").unwrap_or_default()),
            "torrents/add" => self.add(state, request),
            "torrents/createCategory" => self.done(),
            _ => self.order(state, path, &form(request)),
        }
    }

    const fn cookie(&self) -> &'static str {
        if self.is_new() { "QBT_SID_8080" } else { "SID" }
    }

    const fn is_new(&self) -> bool {
        self.api >= 14
    }

    /// What it says when it did what it was told.
    fn done(&self) -> Answer {
        Answer::status(if self.is_new() { 204 } else { 200 })
    }

    fn log_in(&self, state: &mut State, form: &Form) -> Answer {
        let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let Account { name, password } = &self.account;
        if (given("username"), given("password")) != (name, password) {
            return if self.is_new() { Answer::status(401) } else { Answer::text(200, "Fails.") };
        }
        let cookie = format!("{}={}; HttpOnly; path=/", self.cookie(), state.log_in());
        let welcome = if self.is_new() { self.done() } else { Answer::text(200, "Ok.") };
        welcome.with("set-cookie", &cookie)
    }

    fn add(&self, state: &mut State, request: &Request) -> Answer {
        let parts = parts(request);
        let text = |name: &str| parts.get(name).map(|b| String::from_utf8_lossy(b).into_owned());
        let info = match (parts.get("torrents"), text("urls")) {
            (Some(file), _) => metainfo::of_file(file),
            (None, Some(link)) => metainfo::of_magnet(&link),
            (None, None) => return Answer::status(400),
        };
        let Some(info) = info else { return Answer::status(415) };
        let word = if self.api >= 11 { "stopped" } else { "paused" };
        let wish = Wish {
            stopped: text(word).as_deref() == Some("true"),
            label: text("category").unwrap_or_default(),
            folder: text("savepath"),
        };
        match (state.add(info, wish).1, self.is_new()) {
            (true, true) => Answer::status(409),
            (true, false) => Answer::text(200, "Fails."),
            (false, true) => Answer::json(&json!({ "success_count": 1, "failure_count": 0 })),
            (false, false) => Answer::text(200, "Ok."),
        }
    }

    fn order(&self, state: &mut State, path: &str, form: &Form) -> Answer {
        let (pause, resume) = if self.api >= 11 { ("stop", "start") } else { ("pause", "resume") };
        let Some(hashes) = form.get("hashes") else { return Answer::status(400) };
        let meant = |torrent: &Torrent| hashes.split('|').any(|hash| hash == torrent.hash);
        let each = state.torrents.iter_mut().filter(|torrent| meant(torrent));
        match path.strip_prefix("torrents/") {
            Some(order) if order == pause => each.for_each(|t| t.stopped = true),
            Some(order) if order == resume => each.for_each(|t| t.stopped = false),
            Some("recheck") => each.for_each(|t| t.error = None),
            Some("setCategory") => each.for_each(|t| {
                t.label = form.get("category").cloned().unwrap_or_default();
            }),
            Some("delete") if form.contains_key("deleteFiles") => {
                state.torrents.retain(|torrent| !meant(torrent));
            }
            Some("delete") => return Answer::status(400),
            _ => return Answer::status(404),
        }
        self.done()
    }

    fn info(&self, state: &State, hashes: Option<&str>) -> Answer {
        let meant = |torrent: &&Torrent| {
            hashes.is_none_or(|hashes| hashes.split('|').any(|hash| hash == torrent.hash))
        };
        let shown = state.torrents.iter().filter(meant).map(|torrent| self.show(torrent));
        Answer::json(&shown.collect::<Vec<_>>())
    }

    fn show(&self, torrent: &Torrent) -> Value {
        let (name, size) = (&torrent.name, torrent.size.unwrap_or(0));
        json!({
            "hash": torrent.hash, "name": name, "state": self.word(torrent), "size": size,
            "progress": torrent.share(), "amount_left": torrent.left(),
            "dlspeed": if torrent.moves() { torrent.speed } else { 0 }, "upspeed": 0,
            "eta": torrent.eta().unwrap_or(ETA_INFINITE), "ratio": 0, "category": torrent.label,
            "tags": "", "save_path": torrent.folder,
            "content_path": format!("{}/{name}", torrent.folder), "added_on": torrent.added,
            "completion_on": torrent.completed.unwrap_or(-1),
        })
    }

    /// Its word for what a torrent does.
    fn word(&self, torrent: &Torrent) -> &'static str {
        let stops = self.api >= 11;
        match (torrent.is_whole(), torrent.stopped) {
            _ if torrent.error.is_some() => "missingFiles",
            (true, true) => {
                if stops {
                    "stoppedUP"
                } else {
                    "pausedUP"
                }
            }
            (false, true) => {
                if stops {
                    "stoppedDL"
                } else {
                    "pausedDL"
                }
            }
            (true, false) => "stalledUP",
            _ if torrent.size.is_none() => "metaDL",
            _ if torrent.moves() => "downloading",
            _ => "stalledDL",
        }
    }
}

fn files(state: &mut State, hash: &str) -> Answer {
    match state.find(hash) {
        None => Answer::text(404, "Not Found"),
        Some(torrent) => {
            let file = |size| json!({ "index": 0, "name": torrent.name, "size": size });
            Answer::json(&torrent.size.map(file).into_iter().collect::<Vec<_>>())
        }
    }
}

fn form(request: &Request) -> Form {
    form_urlencoded::parse(&request.body).into_owned().collect()
}

/// The parts of a multipart body by their names.
fn parts(request: &Request) -> HashMap<String, Vec<u8>> {
    let kind = request.header("content-type").unwrap_or_default();
    let boundary = kind.split("boundary=").nth(1).unwrap_or_default();
    // Every byte as one character, so that it can be cut like a text.
    let text: String = request.body.iter().map(|b| char::from(*b)).collect();
    let part = |part: &str| {
        let (head, body) = part.split_once("\r\n\r\n")?;
        let name = head.split("name=\"").nth(1)?.split('"').next()?;
        let bytes = body.strip_suffix("\r\n")?.chars().map(|c| c as u8).collect();
        Some((name.to_owned(), bytes))
    };
    text.split(&format!("--{boundary}")).filter_map(part).collect()
}
