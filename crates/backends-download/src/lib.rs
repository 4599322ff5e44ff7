//! Download clients: Transmission, qBittorrent, Deluge, `SABnzbd` and `NZBGet`, each in its own
//! module behind its own cargo feature, all of them as [`DownloadClient`].
//!
//! It knows the programs' protocols in all the versions that are in use. It deliberately does
//! **not** know what a queue is, what is kept of an answer, or when a program is asked; those are
//! `reconcile::downloads`, the store and the application. It reads no environment and no clock.
//!
//! Rules that hold for all of them:
//! - A listing is whole or an error: an entry without an id, a daemon that is still connecting, a
//!   page that is missing could hide a transfer, and what is hidden must not count as gone.
//! - A transfer is named by its info-hash or the id of its job, never by a number that a program
//!   gives away anew.
//! - A status of 200 is not success, and an order for a transfer that is not there is carried out
//!   without complaint: adapters look before they act and read what the program says.
//! - States, fields and numbers that make no sense cost that field and nothing else.

mod config;
#[cfg(feature = "deluge")]
mod deluge;
mod hex;
#[cfg(feature = "nzbget")]
mod nzbget;
mod payload;
#[cfg(feature = "qbittorrent")]
mod qbittorrent;
#[cfg(feature = "sabnzbd")]
mod sabnzbd;
#[cfg(feature = "transmission")]
mod transmission;
#[cfg_attr(
    not(all(
        feature = "transmission",
        feature = "qbittorrent",
        feature = "deluge",
        feature = "nzbget",
        feature = "sabnzbd",
    )),
    allow(dead_code, reason = "no program alone needs all of it")
)]
mod wire;

pub use config::{ClientConfig, connect};
pub use payload::PayloadReader;
#[cfg(doc)]
use shelfread_domain::download::DownloadClient;
