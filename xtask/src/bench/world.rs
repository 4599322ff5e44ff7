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

#[derive(Deserialize)]
struct Request {
    path: String,
    query: Vec<(String, String)>,
}

impl Request {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Where the page stands among all pages: shows first, then their seasons, then episodes.
    /// `None` when it does not ask for a page.
    fn place(&self) -> Option<(usize, u64)> {
        let kinds = self.parameter("includeItemTypes")?;
        let level = ["Series", "Season", "Episode"].iter().position(|kind| kinds.contains(kind))?;
        Some((level, self.parameter("startIndex")?.parse().ok()?))
    }

    /// Path and query below the address of a server.
    fn target(&self, server: &str) -> Result<String> {
        let mut url: Url = server.parse()?;
        url.set_path(&self.path);
        url.query_pairs_mut().extend_pairs(&self.query);
        Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
    }
}

/// The pages among these requests, parents before their children: with several requests in flight
/// they were not asked for in that order.
fn pages(log: &[Request]) -> Vec<&Request> {
    let mut pages: Vec<_> = log.iter().filter(|request| request.place().is_some()).collect();
    pages.sort_by_key(|request| request.place());
    pages
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

    /// The pages of items that it was asked for since it last forgot, parents before their children.
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

    fn get(kinds: &str, start: u64) -> Request {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let query = vec![pair("includeItemTypes", kinds), pair("startIndex", &start.to_string())];
        Request { path: "/Items".to_owned(), query }
    }

    #[test]
    fn parents_come_before_their_children_whatever_was_in_flight() {
        let log = [
            Request { path: "/Users".to_owned(), query: Vec::new() },
            get("Episode", 0),
            get("Movie,Series", 500),
            get("Movie,Series", 0),
        ];
        let targets: Vec<_> =
            pages(&log).iter().map(|page| page.target("http://den/").unwrap()).collect();
        assert_eq!(
            targets,
            [
                "/Items?includeItemTypes=Movie%2CSeries&startIndex=0",
                "/Items?includeItemTypes=Movie%2CSeries&startIndex=500",
                "/Items?includeItemTypes=Episode&startIndex=0",
            ]
        );
    }
}
