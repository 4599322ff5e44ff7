//! Transmission: one RPC in two dialects. Inside everything is in the newer one, with names in
//! snake case; the older one has them in kebab case, and those of torrents in camel case.
//!
//! Source of the rules: its own description of the RPC, and what 3.00 answers.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::Account;
use super::metainfo;
use super::torrents::{State, Torrent, Torrents, Wish};
use crate::server::Face;
use crate::server::message::{Answer, Reply, Request};
use crate::server::site::Site;

const SESSION: &str = "x-transmission-session-id";

pub(super) struct Transmission {
    pub torrents: Torrents,
    pub account: Account,
    pub json_rpc: bool,
}

/// What comes of a call, or why nothing.
type Called = Result<Value, String>;

impl Face for Transmission {
    fn answer(&self, request: &Request, _: &mut Site) -> Reply {
        self.serve(request).into()
    }
}

impl Transmission {
    fn serve(&self, request: &Request) -> Answer {
        let Account { name, password } = &self.account;
        let right = format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")));
        if !name.is_empty() && request.header("authorization") != Some(&right) {
            return Answer { content_type: "text/html", ..Answer::text(401, "<h1>401</h1>") };
        }
        if request.path != "/transmission/rpc" {
            return Answer::status(404);
        }
        let state = &mut *self.torrents.lock();
        state.look();
        if request.header(SESSION) != Some(&state.session()) {
            let answer = Answer::status(409).with("X-Transmission-Session-Id", &state.session());
            let version = self.json_rpc.then_some(("X-Transmission-Rpc-Version", "6.0.0"));
            return version.into_iter().fold(answer, |answer, (k, v)| answer.with(k, v));
        }
        let Ok(call) = serde_json::from_slice::<Value>(&request.body) else {
            return Answer::status(400);
        };
        Answer::json(&if self.json_rpc { modern(state, &call) } else { legacy(state, &call) })
    }
}

/// JSON-RPC 2.0.
fn modern(state: &mut State, request: &Value) -> Value {
    let id = &request["id"];
    let method = request["method"].as_str().unwrap_or_default();
    let done = match request["jsonrpc"].as_str() {
        Some("2.0") if method == "session_get" => Ok(newer_session()),
        Some("2.0") => call(state, method, &request["params"]),
        _ => Err("method name not recognized".to_owned()),
    };
    match done {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(why) => {
            let data = json!({ "error_string": why });
            let error = json!({ "code": -32602, "message": "Invalid params", "data": data });
            json!({ "jsonrpc": "2.0", "id": id, "error": error })
        }
    }
}

/// The older dialect: a refusal has the same status and the same form.
fn legacy(state: &mut State, request: &Value) -> Value {
    let method = request["method"].as_str().unwrap_or_default().replace('-', "_");
    let mut params = renamed(&request["arguments"], |name| name.replace('-', "_"));
    if let Some(fields) = params.get_mut("fields").and_then(Value::as_array_mut) {
        for field in fields {
            *field = snake(field.as_str().unwrap_or_default()).into();
        }
    }
    // It knows nothing of the other dialect.
    let known = request["jsonrpc"].is_null() && !request["method"].to_string().contains('_');
    match call(state, if known { &method } else { "" }, &params) {
        Ok(result) => json!({ "arguments": older(&result), "result": "success" }),
        Err(why) => json!({ "arguments": {}, "result": why }),
    }
}

fn call(state: &mut State, method: &str, params: &Value) -> Called {
    let hashes = params["ids"].as_array().map(|ids| ids.iter().filter_map(Value::as_str).collect());
    let hashes: Option<Vec<&str>> = hashes;
    let meant = |torrent: &Torrent| {
        hashes.as_ref().is_none_or(|hashes| hashes.contains(&torrent.hash.as_str()))
    };
    let each = state.torrents.iter_mut().filter(|torrent| meant(torrent));
    match method {
        "session_get" => return Ok(session()),
        "torrent_get" => return get(&state.torrents, params, &meant),
        "torrent_add" => return add(state, params),
        "torrent_remove" => state.torrents.retain(|torrent| !meant(torrent)),
        "torrent_stop" => each.for_each(|torrent| torrent.stopped = true),
        "torrent_start" => each.for_each(|torrent| torrent.stopped = false),
        "torrent_verify" => each.for_each(|torrent| torrent.error = None),
        "torrent_set" => each.for_each(|torrent| {
            torrent.label = params["labels"][0].as_str().unwrap_or_default().to_owned();
        }),
        _ => return Err("method name not recognized".to_owned()),
    }
    Ok(json!({}))
}

fn session() -> Value {
    json!({ "version": "3.00 (simulated)", "rpc_version": 16 })
}

fn newer_session() -> Value {
    json!({ "version": "4.1.0 (simulated)", "rpc_version": 18, "rpc_version_semver": "6.0.0" })
}

fn get(torrents: &[Torrent], params: &Value, meant: &dyn Fn(&Torrent) -> bool) -> Called {
    let fields = params["fields"].as_array().filter(|fields| !fields.is_empty());
    let fields: Vec<&str> =
        fields.ok_or("no fields specified")?.iter().filter_map(Value::as_str).collect();
    let shown = torrents.iter().enumerate().filter(|(_, torrent)| meant(torrent));
    let shown: Vec<Value> = shown.map(|(at, torrent)| show(at, torrent, &fields)).collect();
    Ok(json!({ "torrents": shown }))
}

/// The fields of a torrent that were asked for. Its number is its place, and another one's after
/// a restart.
fn show(at: usize, torrent: &Torrent, fields: &[&str]) -> Value {
    let status = match () {
        () if torrent.stopped => 0,
        () if torrent.is_whole() => 6,
        () => 4,
    };
    let error = torrent.error.clone().unwrap_or_default();
    let all = json!({
        "id": at + 1, "hash_string": torrent.hash, "name": torrent.name, "status": status,
        "error": if torrent.error.is_some() { 3 } else { 0 }, "error_string": error,
        "is_stalled": torrent.receives() && !torrent.moves(), "percent_done": torrent.share(),
        "metadata_percent_complete": if torrent.size.is_some() { 1 } else { 0 },
        "size_when_done": torrent.size.unwrap_or(0), "left_until_done": torrent.left(),
        "rate_download": if torrent.moves() { torrent.speed } else { 0 }, "rate_upload": 0,
        "eta": torrent.eta().map_or(-1, |eta| i64::try_from(eta).unwrap_or(-1)),
        "upload_ratio": -1.0, "labels": labels(torrent), "download_dir": torrent.folder,
        "added_date": torrent.added, "done_date": torrent.completed.unwrap_or(0),
        "files": files(torrent),
    });
    let shown =
        fields.iter().filter_map(|field| Some(((*field).to_owned(), all.get(*field)?.clone())));
    Value::Object(shown.collect())
}

fn labels(torrent: &Torrent) -> Vec<&str> {
    Some(torrent.label.as_str()).filter(|label| !label.is_empty()).into_iter().collect()
}

fn files(torrent: &Torrent) -> Vec<Value> {
    let file =
        |size| json!({ "name": torrent.name, "length": size, "bytes_completed": torrent.done });
    torrent.size.map(file).into_iter().collect()
}

fn add(state: &mut State, params: &Value) -> Called {
    let text = |name: &str| params[name].as_str();
    let info = match (text("metainfo"), text("filename")) {
        (Some(file), _) => {
            BASE64_STANDARD.decode(file).ok().and_then(|file| metainfo::of_file(&file))
        }
        (None, Some(link)) => metainfo::of_magnet(link),
        (None, None) => return Err("no filename or metainfo specified".to_owned()),
    };
    let info = info.ok_or("invalid or corrupt torrent file")?;
    let wish = Wish {
        stopped: params["paused"] == true,
        folder: text("download_dir").map(str::to_owned),
        ..Wish::default()
    };
    let name = info.name.clone();
    let (hash, there) = state.add(info, wish);
    let key = if there { "torrent_duplicate" } else { "torrent_added" };
    Ok(json!({ key: { "id": state.torrents.len(), "name": name, "hash_string": hash } }))
}

/// The names of the older dialect: of torrents in camel case, all others in kebab case.
fn older(result: &Value) -> Value {
    match result {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| (name.replace('_', "-"), deep(value));
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

fn deep(value: &Value) -> Value {
    match value {
        Value::Array(values) => Value::Array(values.iter().map(deep).collect()),
        object @ Value::Object(_) => renamed(object, camel),
        other => other.clone(),
    }
}

fn renamed(value: &Value, name: impl Fn(&str) -> String) -> Value {
    let Value::Object(fields) = value else { return json!({}) };
    let fields = fields.iter().map(|(key, value)| (name(key), value.clone()));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn camel(name: &str) -> String {
    let mut upper = false;
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                out.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    out
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
