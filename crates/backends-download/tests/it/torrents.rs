//! Torrents made here, so that no test needs a tracker or the network.

use sha1::{Digest, Sha1};
use shelfread_backends_download::PayloadReader;
use shelfread_domain::download::{Given, NewTransfer, Payload, ReadPayload};

const PIECE: usize = 16 << 10;

/// A torrent of one file.
pub struct Torrent {
    pub name: String,
    pub content: Vec<u8>,
}

impl Torrent {
    /// A file of that many bytes, different for every name.
    pub fn new(name: &str, size: usize) -> Self {
        let seed = Sha1::digest(name);
        let content = seed.iter().copied().cycle().zip(0_usize..).take(size);
        Self { name: name.into(), content: content.map(|(b, i)| b ^ (i / 20) as u8).collect() }
    }

    /// The torrent file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut info = format!(
            "d6:lengthi{}e4:name{}:{}12:piece lengthi{PIECE}e",
            self.content.len(),
            self.name.len(),
            self.name
        )
        .into_bytes();
        let pieces: Vec<u8> = self.content.chunks(PIECE).flat_map(Sha1::digest).collect();
        info.extend_from_slice(format!("6:pieces{}:", pieces.len()).as_bytes());
        info.extend_from_slice(&pieces);
        info.push(b'e');
        [b"d4:info", info.as_slice(), b"e"].concat()
    }

    pub async fn payload(&self) -> Payload {
        let given = Given::File { name: "upload.torrent".into(), bytes: self.bytes() };
        PayloadReader::default().read(given).await.unwrap()
    }

    pub async fn new_transfer(&self) -> NewTransfer {
        NewTransfer::new(self.payload().await)
    }
}

/// What a link leads to, ready to be added.
pub async fn magnet(link: &str) -> NewTransfer {
    NewTransfer::new(PayloadReader::default().read(Given::Link(link.into())).await.unwrap())
}
