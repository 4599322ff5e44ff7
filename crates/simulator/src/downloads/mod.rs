//! Download clients: Transmission, by the RPC of 3.0 and by the JSON-RPC of 4.1, and qBittorrent,
//! by the Web API 2.8, 2.11 and 2.14, as they answer, and stricter. Their torrents receive as time
//! goes by, which is told by [`Torrents::advance`] or, live, by the clock.
//!
//! Nothing is transferred: there are no peers and no files. What a daemon of the distribution
//! answers is tested with it; these are for faults, for many torrents and for the demonstration.

mod metainfo;
mod qbittorrent;
mod torrents;
mod transmission;

use std::io;

use crate::server::running::Running;
use crate::server::site::{IdForm, Site};
use crate::server::{Face, Server};
use crate::world::World;

pub use torrents::Torrents;

use qbittorrent::Qbittorrent;
use transmission::Transmission;

/// A simulated download client, before it runs.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use shelfread_simulator::{TorrentClient, Torrents};
///
/// let torrents = Torrents::new();
/// torrents.add("Heat.1995.1080p", 8_000_000);
/// let client = TorrentClient::transmission(&torrents).account("admin", "secret").start().await;
/// // … list from client.url(), torrents.advance(10), torrents.restart(1) …
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct TorrentClient {
    torrents: Torrents,
    program: Program,
    account: Account,
    port: u16,
}

/// Which program it is, and of which version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Program {
    /// Whether it speaks JSON-RPC 2.0.
    Transmission { json_rpc: bool },
    /// The second number of the version of its Web API.
    Qbittorrent { api: u32 },
}

/// Who may use it; everybody when there is no name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Account {
    pub name: String,
    pub password: String,
}

impl TorrentClient {
    /// A Transmission 3.00.
    pub fn transmission(torrents: &Torrents) -> Self {
        Self::new(torrents, Program::Transmission { json_rpc: false })
    }

    /// A Transmission 4.1.
    pub fn transmission_4_1(torrents: &Torrents) -> Self {
        Self::new(torrents, Program::Transmission { json_rpc: true })
    }

    /// A qBittorrent of the Web API 2.`api`: 8, 11 and 14 differ.
    pub fn qbittorrent(torrents: &Torrents, api: u32) -> Self {
        Self::new(torrents, Program::Qbittorrent { api })
    }

    fn new(torrents: &Torrents, program: Program) -> Self {
        Self { torrents: torrents.clone(), program, account: Account::default(), port: 0 }
    }

    /// Only who has this name and password may use it.
    #[must_use]
    pub fn account(mut self, name: &str, password: &str) -> Self {
        self.account = Account { name: name.to_owned(), password: password.to_owned() };
        self
    }

    /// A port; otherwise a free one is taken.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Starts it.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(self) -> io::Result<Running> {
        let Self { torrents, program, account, port } = self;
        let face: Box<dyn Face> = match program {
            Program::Transmission { json_rpc } => {
                Box::new(Transmission { torrents, account, json_rpc })
            }
            Program::Qbittorrent { api } => Box::new(Qbittorrent { torrents, account, api }),
        };
        let site = Site::new(World::empty(), IdForm::Decimal, String::new(), Vec::new());
        Running::start(Server::new(face, "", site), "", port).await
    }
}
