//! What is given to a client: enough of torrent files and magnet links to know hash, name and size.

use sha1::{Digest, Sha1};

/// What is known of a torrent when it comes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Metainfo {
    pub hash: String,
    pub name: String,
    /// A magnet does not say it.
    pub size: Option<u64>,
}

/// Reads the file of a torrent of one file.
pub(super) fn of_file(bytes: &[u8]) -> Option<Metainfo> {
    let key = b"4:info";
    let at = bytes.windows(key.len()).position(|window| window == key)? + key.len();
    let info = &bytes[at..at + length(&bytes[at..])?];
    let size = std::str::from_utf8(&field(info, b"length")?[1..]).ok()?;
    let name = string(field(info, b"name")?)?;
    string(field(info, b"pieces")?)?;
    Some(Metainfo {
        hash: hash(info),
        name: String::from_utf8_lossy(name).into_owned(),
        size: Some(size.trim_end_matches('e').parse().ok()?),
    })
}

/// Reads a magnet link with a hash in hex.
pub(super) fn of_magnet(link: &str) -> Option<Metainfo> {
    let query = link.strip_prefix("magnet:?")?;
    let pairs = || url::form_urlencoded::parse(query.as_bytes());
    let topic = pairs().find(|(key, _)| key == "xt")?.1;
    let hash = topic.strip_prefix("urn:btih:").filter(|hash| hash.len() == 40)?.to_lowercase();
    let name = pairs().find(|(key, _)| key == "dn").map(|(_, name)| name.into_owned());
    Some(Metainfo { name: name.unwrap_or_else(|| hash.clone()), hash, size: None })
}

/// The hash of these bytes, as text.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value of a key of a dictionary, as it is written.
fn field<'a>(dictionary: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut rest = dictionary.strip_prefix(b"d")?;
    while !rest.starts_with(b"e") {
        let (name, value) = rest.split_at(length(rest)?);
        let (value, more) = value.split_at(length(value)?);
        if string(name)? == key {
            return Some(value);
        }
        rest = more;
    }
    None
}

/// The text of a string that is written with its length.
fn string(value: &[u8]) -> Option<&[u8]> {
    let colon = value.iter().position(|byte| *byte == b':')?;
    value[..colon].iter().all(u8::is_ascii_digit).then(|| &value[colon + 1..])
}

/// How many bytes the value at the head takes.
fn length(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'i' => Some(bytes.iter().position(|byte| *byte == b'e')? + 1),
        b'd' | b'l' => {
            let mut at = 1;
            while *bytes.get(at)? != b'e' {
                at += length(&bytes[at..])?;
            }
            Some(at + 1)
        }
        _ => {
            let colon = bytes.iter().take(20).position(|byte| *byte == b':')?;
            let size: usize = std::str::from_utf8(&bytes[..colon]).ok()?.parse().ok()?;
            (colon + 1).checked_add(size).filter(|end| *end <= bytes.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_magnets_are_read() {
        let info = b"d6:lengthi3e4:name4:Heat12:piece lengthi16384e6:pieces0:e";
        let file = [b"d8:announce9:http://t/4:info".as_slice(), info, b"e"].concat();
        let read = of_file(&file).unwrap();
        assert_eq!(read.hash, "96d3990d8acfbcd4c5585be50a6736d0dad70244");
        assert_eq!((read.name.as_str(), read.size), ("Heat", Some(3)));
        let magnet = of_magnet(&format!("magnet:?xt=urn:btih:{}&dn=He+at", read.hash)).unwrap();
        assert_eq!((magnet.hash, magnet.name.as_str()), (read.hash, "He at"));
    }

    #[test]
    fn what_is_none_is_none() {
        for bytes in [&b""[..], b"4:info", b"d4:infod1:xi1eee", b"d4:infod6:lengthi3eee", b"<html>"]
        {
            assert_eq!(of_file(bytes), None, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(of_magnet("magnet:?dn=x"), None);
    }
}
