//! Torrent files: their info-hashes of both versions of the protocol (BEP 3 and BEP 52), name and
//! size.

use sha1::{Digest, Sha1};
use sha2::Sha256;
use shelfread_domain::download::{Content, Payload, TransferId};
use shelfread_domain::text::{MAX_TITLE, bounded};

use super::bencode::{NotBencode, Reader};
use crate::hex::hex;

/// The largest torrent file that is looked into, in bytes.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// What an info dictionary says.
#[derive(Default)]
struct Info<'a> {
    name: Option<&'a [u8]>,
    name_utf8: Option<&'a [u8]>,
    size: u64,
    /// There are pieces: the torrent can be spoken of in version 1.
    v1: bool,
    /// It has a file tree: the torrent can be spoken of in version 2.
    v2: bool,
}

/// Reads a torrent file. `None` for anything else.
pub(super) fn read(bytes: Vec<u8>) -> Option<Payload> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let mut raw = None;
    let mut top = Reader::new(&bytes);
    top.dictionary(|key, mut value| {
        if key == b"info" {
            raw = Some(value.skip()?);
        }
        Ok(())
    })
    .ok()?;
    let raw = raw?;
    let info = Info::read(raw).ok()?;
    let hashes = Hashes {
        v1: info.v1.then(|| hex(&Sha1::digest(raw))),
        v2: info.v2.then(|| hex(&Sha256::digest(raw))),
    };
    let key = hashes.key()?.to_owned();
    let name = info.name_utf8.or(info.name).map(String::from_utf8_lossy);
    let name = name.and_then(|name| bounded(&name, MAX_TITLE)).unwrap_or_else(|| key.clone());
    let size_bytes = Some(info.size).filter(|size| *size > 0);
    Some(Payload { name, key, ids: hashes.ids(), size_bytes, content: Content::Torrent(bytes) })
}

impl<'a> Info<'a> {
    fn read(raw: &'a [u8]) -> Result<Self, NotBencode> {
        let mut info = Self::default();
        let mut version = 1;
        let mut tree = false;
        Reader::new(raw).dictionary(|key, mut value| {
            match key {
                b"name" => info.name = Some(value.string()?),
                b"name.utf-8" => info.name_utf8 = Some(value.string()?),
                b"length" => info.size = length(value)?,
                b"files" => info.size = content_of(value)?,
                b"pieces" => info.v1 = value.string()?.len() % 20 == 0,
                b"meta version" => version = value.integer()?,
                b"file tree" => tree = true,
                _ => {}
            }
            Ok(())
        })?;
        info.v2 = version == 2 && tree;
        Ok(info)
    }
}

fn length(mut value: Reader<'_>) -> Result<u64, NotBencode> {
    u64::try_from(value.integer()?).map_err(|_| NotBencode)
}

/// The bytes of all files that are there for themselves and not to pad others.
fn content_of(mut files: Reader<'_>) -> Result<u64, NotBencode> {
    let mut size = 0_u64;
    files.list(|mut file| {
        let (mut bytes, mut padding) = (0, false);
        file.dictionary(|key, mut value| {
            match key {
                b"length" => bytes = length(value)?,
                b"attr" => padding = value.string()?.contains(&b'p'),
                _ => {}
            }
            Ok(())
        })?;
        size = size.saturating_add(if padding { 0 } else { bytes });
        Ok(())
    })?;
    Ok(size)
}

/// The info-hashes of one torrent, in lower-case hex.
#[derive(Default)]
pub(super) struct Hashes {
    /// SHA-1 of the info dictionary.
    pub(super) v1: Option<String>,
    /// SHA-256 of it.
    pub(super) v2: Option<String>,
}

impl Hashes {
    /// What names the torrent best: version 1, which all programs know.
    pub(super) fn key(&self) -> Option<&str> {
        self.v1.as_deref().or(self.v2.as_deref())
    }

    /// What clients may call it: the hash of version 1, or the first 20 bytes of that of version 2.
    pub(super) fn ids(&self) -> Vec<TransferId> {
        let short = self.v2.as_deref().and_then(|v2| v2.get(..40));
        [self.v1.as_deref(), short].into_iter().flatten().filter_map(TransferId::new).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(info: &str) -> Option<Payload> {
        read(format!("d8:announce9:http://t/4:info{info}e").into_bytes())
    }

    #[test]
    fn the_hash_is_that_of_the_bytes_of_info() {
        let found = payload("d6:lengthi3e4:name4:Heat12:piece lengthi16384e6:pieces0:e").unwrap();
        assert_eq!(found.key, "96d3990d8acfbcd4c5585be50a6736d0dad70244");
        assert_eq!(found.ids, [TransferId::new(&found.key).unwrap()]);
        assert_eq!((found.name.as_str(), found.size_bytes), ("Heat", Some(3)));
    }

    #[test]
    fn padding_is_no_content() {
        let files = "d5:filesld4:attr1:p6:lengthi9e4:pathl1:.eed6:lengthi5e4:pathl1:aeee\
                     4:name1:n6:pieces0:e";
        assert_eq!(payload(files).unwrap().size_bytes, Some(5));
    }

    #[test]
    fn a_hybrid_has_two_ids_and_version_2_alone_a_short_one() {
        let v2 = "9:file treede12:meta versioni2e4:name1:n";
        let hybrid = payload(&format!("d{v2}6:pieces0:e")).unwrap();
        assert_eq!((hybrid.ids.len(), hybrid.key.len()), (2, 40));
        let only = payload(&format!("d{v2}e")).unwrap();
        assert_eq!((only.ids.len(), only.key.len()), (1, 64));
        assert!(only.key.starts_with(only.ids[0].as_str()));
    }

    #[test]
    fn what_is_no_torrent_is_none() {
        for bytes in ["", "<html>", "de", "d4:infoi1ee", "d4:infodee", "d4:info"] {
            assert_eq!(read(bytes.as_bytes().to_vec()), None, "{bytes}");
        }
        assert_eq!(payload("d6:lengthi-3e4:name4:Heat6:pieces0:e"), None);
        assert_eq!(read(vec![b'l'; MAX_BYTES + 1]), None);
    }
}
