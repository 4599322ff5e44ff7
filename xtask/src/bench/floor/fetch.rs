//! Fetching the pages: four in flight, compressed.

use anyhow::{Context, Result};
use futures::{StreamExt, stream};
use reqwest::Client;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use tokio::runtime::Runtime;

const IN_FLIGHT: usize = 4;

/// A client of one server.
pub struct Server {
    runtime: Runtime,
    client: Client,
    url: String,
}

impl Server {
    /// A client that sends the token with each request.
    pub fn new(url: &str, token: &str) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, format!("MediaBrowser Token=\"{token}\"").parse()?);
        let runtime = Runtime::new()?;
        let client = crate::bench::client_builder().default_headers(headers).gzip(true).build()?;
        Ok(Self { runtime, client, url: url.trim_end_matches('/').to_owned() })
    }

    /// Hands over the body of each page, in order. The next ones are fetched meanwhile.
    pub fn for_each(
        &self,
        pages: &[String],
        mut take: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let fetch = |page: &String| {
            let request = self.client.get(format!("{}{page}", self.url));
            self.runtime.spawn(async { request.send().await?.error_for_status()?.bytes().await })
        };
        let mut bodies = stream::iter(pages).map(fetch).buffered(IN_FLIGHT);
        while let Some(body) = self.runtime.block_on(bodies.next()) {
            take(&body?.context("fetching a page")?)?;
        }
        Ok(())
    }
}
