//! A simulated world of films and shows, and servers that show it in their real wire formats, for
//! tests, benchmarks and the demonstration. Whatever befalls a server at somebody's home can be
//! done to it here: rebuilt ids, lost items, answers that lie, stall, break off.
//!
//! It depends on the domain alone and deliberately shares no code with any adapter: what the two
//! have in common is only the wire. It does not know the catalogue either.
//!
//! - [`World`]: what there is. One world may stand behind many servers.
//! - [`Jellyfin`] (or Emby), [`Plex`], [`Arr`] (Sonarr, Radarr): a server before it runs;
//!   [`Running`]: one that runs.
//! - [`Torrents`]: what a download client has; [`TorrentClient`]: the client before it runs.
//! - [`Faults`]: what goes wrong, as data.

mod arr;
mod downloads;
mod jellyfin;
mod plex;
mod poster;
mod server;
mod world;

pub use arr::Arr;
pub use downloads::{TorrentClient, Torrents};
pub use jellyfin::Jellyfin;
pub use plex::Plex;
pub use server::faults::{Effect, Fault, Faults};
pub use server::running::{Logged, Running};
pub use server::site::User;
pub use world::{
    Census, Library, Object, ObjectId, Overview, Size, Version, World, hostile_titles,
};
