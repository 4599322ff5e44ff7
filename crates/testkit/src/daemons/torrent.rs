//! Torrents made here, so that no test needs a tracker or the network.

use sha1::{Digest, Sha1};

const PIECE: usize = 16 << 10;

/// A torrent of one file.
#[derive(Clone, Debug)]
pub struct Torrent {
    /// The name of the torrent and of its file.
    pub name: String,
    /// What the file holds.
    pub content: Vec<u8>,
}

impl Torrent {
    /// A file of that many bytes, different for every name.
    pub fn new(name: &str, size: usize) -> Self {
        let seed = Sha1::digest(name);
        let content = seed.iter().copied().cycle().zip(0_usize..).take(size);
        Self { name: name.into(), content: content.map(|(b, i)| b ^ (i / 20) as u8).collect() }
    }

    fn info(&self) -> Vec<u8> {
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
        info
    }

    /// The torrent file.
    pub fn bytes(&self) -> Vec<u8> {
        [b"d4:info", self.info().as_slice(), b"e"].concat()
    }

    /// Its info-hash, in lower case.
    pub fn hash(&self) -> String {
        hex(&Sha1::digest(self.info()))
    }

    /// Hash, name and size of a torrent file that was made here; `None` for another one. For fakes.
    pub fn read(bytes: &[u8]) -> Option<(String, String, usize)> {
        let info = bytes.strip_prefix(b"d4:info")?.strip_suffix(b"e")?;
        let text = String::from_utf8_lossy(info);
        let size = text.strip_prefix("d6:lengthi")?.split('e').next()?.parse().ok()?;
        let (length, rest) = text.split_once("4:name")?.1.split_once(':')?;
        let name = rest[..length.parse().ok()?].to_owned();
        Some((hex(&Sha1::digest(info)), name, size))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
