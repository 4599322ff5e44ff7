//! The adapters against the real programs, started here on free ports of this machine and bound to
//! it, and against scripted servers for versions and faults that cannot be had for real.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]
#![cfg_attr(
    not(all(
        feature = "transmission",
        feature = "qbittorrent",
        feature = "deluge",
        feature = "nzbget",
        feature = "sabnzbd",
    )),
    allow(dead_code, reason = "no program alone needs all of it")
)]

mod daemon;
#[cfg(feature = "deluge")]
mod deluge;
mod hostile;
#[cfg(any(feature = "nzbget", feature = "sabnzbd"))]
mod jobs;
#[cfg(feature = "nzbget")]
mod nzbget;
#[cfg(feature = "sabnzbd")]
mod sabnzbd;
mod samples;
#[cfg(all(feature = "transmission", feature = "qbittorrent"))]
mod simulated;
mod suite;
mod torrents;
#[cfg(any(feature = "nzbget", feature = "sabnzbd"))]
mod usenet;

#[cfg(feature = "qbittorrent")]
mod qbittorrent;
#[cfg(feature = "transmission")]
mod transmission;

use std::sync::Arc;
use std::time::Duration;

use shelfread_backends_download::{ClientConfig, connect};
use shelfread_backends_http::Retries;
use shelfread_domain::download::{ClientKind, DownloadClient};
use shelfread_testkit::wire::Wire;
use url::Url;

/// A client of a scripted server, with an account, no retries and short patience.
fn fake_client(kind: ClientKind, wire: &Wire) -> Arc<dyn DownloadClient> {
    client_at(kind, wire.url(), daemon::PASSWORD)
}

/// The same of any server, with this password.
fn client_at(kind: ClientKind, url: Url, password: &str) -> Arc<dyn DownloadClient> {
    let mut config = ClientConfig::new(url);
    config.username = Some(daemon::USER.into());
    config.password = Some(password.into());
    config.retries = Retries { count: 0, ..Retries::default() };
    config.timeouts.idle = Duration::from_secs(2);
    connect(kind, &config).unwrap()
}
