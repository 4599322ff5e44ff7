//! The simulated server, as a process of its own, and its remote control.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use reqwest::{Client, Method, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};

/// A running server. It ends when this is dropped.
pub struct World {
    process: Child,
    /// Where it answers.
    pub address: Address,
    runtime: Runtime,
    client: Client,
}

/// Where a server answers, and to whom. It says so itself, in the first line that it prints.
#[derive(Clone, Deserialize)]
pub struct Address {
    /// Without a slash at its end.
    pub url: String,
    /// An API key.
    pub token: String,
}

#[derive(Deserialize)]
struct State {
    requests: u64,
}

#[derive(Clone, PartialEq, Deserialize)]
struct Request {
    method: String,
    path: String,
    query: Vec<(String, String)>,
}

impl Request {
    /// Which list it asks for, and from where; `None` when it does not ask for a page.
    fn page(&self) -> Option<(Self, u64)> {
        let mut list = self.clone();
        let start = list.query.iter().position(|(name, _)| name == "startIndex")?;
        let (_, start) = list.query.remove(start);
        Some((list, start.parse().ok()?)).filter(|_| self.method == "GET")
    }

    /// Path and query below the address of a server.
    fn target(&self, server: &str) -> Result<String> {
        let mut url: Url = server.parse()?;
        url.set_path(&self.path);
        url.query_pairs_mut().extend_pairs(&self.query);
        Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
    }
}

/// The pages among these requests: list by list as they were begun, since with several requests in
/// flight the first page of the next list may come before the last one of this.
fn pages(log: &[Request]) -> Vec<&Request> {
    let mut lists: Vec<Request> = Vec::new();
    let mut pages: Vec<_> = log
        .iter()
        .filter_map(|request| {
            let (list, start) = request.page()?;
            let place = lists.iter().position(|known| *known == list).unwrap_or_else(|| {
                lists.push(list);
                lists.len() - 1
            });
            Some((place, start, request))
        })
        .collect();
    pages.sort_by_key(|(place, start, _)| (*place, *start));
    pages.into_iter().map(|(_, _, request)| request).collect()
}

impl World {
    /// Starts a server with so many films and episodes: one in ten is a film, and a show has a
    /// hundred episodes.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(program: &Path, items: u64) -> Result<Self> {
        let films = items / 10;
        let episodes = items - films;
        let sizes =
            [("--films", films), ("--shows", episodes.div_ceil(100)), ("--episodes", episodes)];
        let mut process = Command::new(program)
            .args(sizes.iter().flat_map(|(name, size)| [(*name).to_owned(), size.to_string()]))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let stdout = process.stdout.take().context("the simulator has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = serde_json::from_str(&line).context("reading the simulator's address")?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { process, address, runtime, client: super::client_builder().build()? })
    }

    /// Lets something befall the server, see the simulator's remote control.
    ///
    /// # Errors
    /// When it does not obey.
    pub fn post(&self, command: &str) -> Result<()> {
        self.call::<State>(Method::POST, command).map(drop)
    }

    /// How many requests it was asked.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn requests(&self) -> Result<u64> {
        Ok(self.call::<State>(Method::GET, "state")?.requests)
    }

    /// The pages of items that it was asked for since it last forgot, in an order in which parents
    /// come before their children.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn pages(&self) -> Result<Vec<String>> {
        let log: Vec<Request> = self.call(Method::GET, "log")?;
        pages(&log).iter().map(|request| request.target(&self.address.url)).collect()
    }

    fn call<T: DeserializeOwned>(&self, method: Method, command: &str) -> Result<T> {
        let url = format!("{}/_sim/{command}", self.address.url.trim_end_matches('/'));
        let request = self.client.request(method, url);
        self.runtime
            .block_on(async { request.send().await?.error_for_status()?.json().await })
            .with_context(|| format!("telling the simulator to {command}"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = ended {
            eprintln!("the simulator did not end: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(list: &str, start: Option<u64>) -> Request {
        let start = start.map(|start| ("startIndex".to_owned(), start.to_string()));
        let query = start.into_iter().chain([("of".to_owned(), list.to_owned())]).collect();
        Request { method: "GET".to_owned(), path: "/Items".to_owned(), query }
    }

    #[test]
    fn lists_follow_each_other_whatever_was_in_flight() {
        let log = [
            get("user", None),
            get("shows", Some(0)),
            get("episodes", Some(0)),
            get("shows", Some(500)),
        ];
        let targets: Vec<_> =
            pages(&log).iter().map(|page| page.target("http://den/").unwrap()).collect();
        assert_eq!(
            targets,
            [
                "/Items?startIndex=0&of=shows",
                "/Items?startIndex=500&of=shows",
                "/Items?startIndex=0&of=episodes"
            ]
        );
    }
}
