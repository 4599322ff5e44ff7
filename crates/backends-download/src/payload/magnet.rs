//! Magnet links: `xt=urn:btih:` in hex or base32, `xt=urn:btmh:` (BEP 9, BEP 53), `dn` and `xl`.

use shelfread_domain::download::{Content, Payload};
use shelfread_domain::text::{MAX_TITLE, bounded};
use url::form_urlencoded;

use super::torrent::Hashes;
use crate::hex::hex;

/// The longest link that is read, in bytes.
const MAX_BYTES: usize = 16 << 10;

/// Whether the text means to be a magnet link.
pub(super) fn is_magnet(text: &str) -> bool {
    text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("magnet:"))
}

/// Reads a magnet link. `None` for one without a hash that names a torrent.
pub(super) fn read(link: &str) -> Option<Payload> {
    let link = link.trim();
    if link.len() > MAX_BYTES || !is_magnet(link) || link.contains(char::is_control) {
        return None;
    }
    let query = link.split_once('?')?.1.split('#').next()?;
    let (mut hashes, mut name, mut size_bytes) = (Hashes::default(), None, None);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        // Several topics are numbered: xt.1, xt.2 …
        match key.split('.').next().unwrap_or_default() {
            "xt" => topic(&value, &mut hashes),
            "dn" => name = name.or_else(|| bounded(&value, MAX_TITLE)),
            "xl" => size_bytes = size_bytes.or_else(|| value.parse().ok().filter(|n| *n > 0)),
            _ => {}
        }
    }
    let key = hashes.key()?.to_owned();
    let name = name.unwrap_or_else(|| key.clone());
    let content = Content::Magnet(link.to_owned());
    Some(Payload { name, key, ids: hashes.ids(), size_bytes, content })
}

fn topic(topic: &str, hashes: &mut Hashes) {
    let topic = topic.to_ascii_lowercase();
    if let Some(hash) = topic.strip_prefix("urn:btih:") {
        hashes.v1 = hashes.v1.take().or_else(|| version1(hash));
    } else if let Some(hash) = topic.strip_prefix("urn:btmh:1220") {
        // A multihash: 0x12 is SHA-256, 0x20 its length.
        let full = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        hashes.v2 = hashes.v2.take().or_else(|| full.then(|| hash.to_owned()));
    }
}

/// 40 digits of hex or 32 of base32, in lower case, as hex.
fn version1(hash: &str) -> Option<String> {
    match hash.len() {
        40 if hash.bytes().all(|b| b.is_ascii_hexdigit()) => Some(hash.to_owned()),
        32 => base32(hash).map(|bytes| hex(&bytes)),
        _ => None,
    }
}

/// RFC 4648 without padding, for a length that needs none, in lower case.
fn base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for digit in text.bytes() {
        let value = match digit {
            b'a'..=b'z' => digit - b'a',
            b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5 | u32::from(value)) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a";

    fn ids(link: &str) -> Vec<String> {
        let payload = read(link);
        payload.iter().flat_map(|p| &p.ids).map(ToString::to_string).collect()
    }

    #[test]
    fn one_hash_in_all_its_spellings() {
        for hash in [HEX, &HEX.to_uppercase(), "YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK"] {
            let link = format!("Magnet:?dn=Heat+1995&xt=urn:BTIH:{hash}&tr=http%3A%2F%2Ft&xl=7");
            let payload = read(&link).unwrap();
            assert_eq!((payload.key.as_str(), payload.name.as_str()), (HEX, "Heat 1995"));
            assert_eq!(payload.size_bytes, Some(7));
        }
    }

    #[test]
    fn both_versions_are_read() {
        let v2 = "ab".repeat(32);
        let link = format!("magnet:?xt.1=urn:btmh:1220{v2}&xt.2=urn:btih:{HEX}");
        assert_eq!(ids(&link), [HEX, &v2[..40]]);
        assert_eq!(ids(&format!("magnet:?xt=urn:btmh:1220{v2}")), [&v2[..40]]);
    }

    #[test]
    fn a_magnet_without_a_hash_is_none() {
        for link in [
            "magnet:?dn=Heat",
            "magnet:",
            "magnet:?xt=urn:btih:",
            "magnet:?xt=urn:btih:c12fe1c0",
            "magnet:?xt=urn:btih:g12fe1c06bba254a9dc9f519b335aa7c1367a88a",
            "magnet:?xt=urn:btih:1EX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK",
            "magnet:?xt=urn:btmh:1114ab",
            "magnet:?xt=urn:sha1:c12fe1c06bba254a9dc9f519b335aa7c1367a88a",
            "http://h/?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a",
            "é",
        ] {
            assert_eq!(read(link), None, "{link}");
        }
        let long = format!("magnet:?xt=urn:btih:{HEX}&dn={}", "x".repeat(MAX_BYTES));
        assert_eq!(read(&long), None);
    }
}
