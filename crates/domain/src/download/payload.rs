//! What is given to a client: a magnet, a torrent file or an NZB file, already looked into, so
//! that its id is known before any client is asked.

use std::fmt;

use secrecy::SecretString;

use super::TransferId;

/// What a person gave.
#[derive(Clone, Debug)]
pub enum Given {
    /// A magnet link or an http(s) address. Addresses of indexers hold keys, so it is a secret.
    Link(SecretString),
    /// The content of a file, and its name without folders.
    File {
        /// Its name.
        name: String,
        /// Its content.
        bytes: Vec<u8>,
    },
}

/// Something that a client can be given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payload {
    /// Its name: that of the torrent, or the name of the NZB file without `.nzb`.
    pub name: String,
    /// Equal for equal content: the info-hash, or the hash of an NZB's articles.
    pub key: String,
    /// The ids under which torrent clients may list it, the likeliest first: a hybrid torrent has
    /// one per version of the protocol. Empty for an NZB, whose id the client makes.
    pub ids: Vec<TransferId>,
    /// Bytes in all, where the payload says.
    pub size_bytes: Option<u64>,
    /// The thing itself.
    pub content: Content,
}

/// The thing itself. Not shown by `Debug`: announce addresses hold passkeys.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// A magnet link.
    Magnet(String),
    /// A torrent file.
    Torrent(Vec<u8>),
    /// An NZB file.
    Nzb(Vec<u8>),
}

impl Content {
    /// Whether it is for usenet clients; the others are for torrent clients.
    pub const fn is_usenet(&self) -> bool {
        matches!(self, Self::Nzb(_))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magnet(_) => f.write_str("Magnet"),
            Self::Torrent(bytes) => write!(f, "Torrent({} bytes)", bytes.len()),
            Self::Nzb(bytes) => write!(f, "Nzb({} bytes)", bytes.len()),
        }
    }
}

/// A transfer that a client is asked to take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewTransfer {
    /// What.
    pub payload: Payload,
    /// Label or category; made by the client if it does not exist.
    pub label: Option<String>,
    /// The folder to put it in, as the client sees the disk; the client's own choice otherwise.
    pub save_path: Option<String>,
    /// Whether it waits for a person to start it.
    pub paused: bool,
}

impl NewTransfer {
    /// A transfer that begins at once, where the client puts such things.
    pub const fn new(payload: Payload) -> Self {
        Self { payload, label: None, save_path: None, paused: false }
    }
}
