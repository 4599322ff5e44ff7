//! Remote ids: paths relative to the root, as text, and back. Nothing is lost: what is no UTF-8,
//! control characters and white space at the ends are written `%XX`, and `%XX` that is really in
//! a name as `%25XX`. Seasons without a folder and shows without one have ids of their own.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use shelfread_domain::RemoteId;
use shelfread_domain::text::{MAX_PATH, title_key};

const SEASON: &str = "#season ";
const SHOW: &str = "#show ";

/// The id of a file or folder by its path relative to the root; `.` is the root itself.
pub(crate) fn id(path: &Path) -> RemoteId {
    if path.as_os_str().is_empty() { RemoteId::from(".") } else { RemoteId(escape(path, true)) }
}

/// The id of a season that has no folder of its own.
pub(crate) fn season_id(show: &RemoteId, season: i32) -> RemoteId {
    RemoteId(format!("{show}{SEASON}{season}"))
}

/// The id of a show whose episodes lie loose in the root.
pub(crate) fn show_id(title: &str) -> RemoteId {
    let key = title_key(title);
    let key = key[..key.floor_char_boundary(MAX_PATH / 2)].trim();
    RemoteId(format!("{SHOW}{}", if key.is_empty() { "untitled" } else { key }))
}

/// A path as text for people and for facts: as it is when it is UTF-8.
pub(crate) fn path_text(path: &Path) -> String {
    path.to_str().map_or_else(|| escape(path, false), str::to_owned)
}

/// A name as text for titles. Bytes that are no UTF-8 are read as Latin-1, which they were most
/// of the time.
pub(crate) fn name_text(name: &std::ffi::OsStr) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        let latin = |b: &u8| if *b < 0xA0 { char::REPLACEMENT_CHARACTER } else { char::from(*b) };
        text.extend(chunk.invalid().iter().map(latin));
    }
    text
}

/// Why an id names nothing below the root.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadId {
    #[error("it is no path inside the folder")]
    Outside,
    #[error("it is no path at all")]
    Malformed,
}

/// The place that an id speaks of: the path of a file or folder relative to the root (for a season
/// without folder that of its show), or `None` for a show of loose episodes.
pub(crate) fn place(id: &RemoteId) -> Result<Option<PathBuf>, BadId> {
    let text = id.as_str();
    let text = text.rsplit_once(SEASON).map_or(text, |(show, _)| show);
    if text.starts_with(SHOW) {
        return Ok(None);
    }
    if text == "." {
        return Ok(Some(PathBuf::new()));
    }
    if text.is_empty() || text.len() > MAX_PATH {
        return Err(BadId::Malformed);
    }
    let path = PathBuf::from(OsString::from_vec(unescape(text)));
    let plain = |c: Component<'_>| matches!(c, Component::Normal(_));
    if path.as_os_str().as_bytes().contains(&0) {
        return Err(BadId::Malformed);
    }
    let clean: PathBuf = path.components().collect();
    let tidy = clean.as_os_str() == path.as_os_str();
    if tidy && path.components().all(plain) { Ok(Some(path)) } else { Err(BadId::Outside) }
}

/// Writes a path as text. `strictly` so that reading it back gives the same bytes and the text is
/// fit for an id.
fn escape(path: &Path, strictly: bool) -> String {
    let bytes = path.as_os_str().as_bytes();
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let edge = rest.len() == bytes.len() || rest.len() == c.len_utf8();
            let special = c.is_control()
                || c.is_whitespace() && edge
                || c == '%' && rest.get(1..3).is_some_and(|r| r.iter().all(u8::is_ascii_hexdigit))
                || c == '#' && [SEASON, SHOW].iter().any(|s| rest.starts_with(s.as_bytes()));
            if special && strictly {
                escape_bytes(&mut out, &rest[..c.len_utf8()]);
            } else {
                out.push(c);
            }
            rest = &rest[c.len_utf8()..];
        }
        escape_bytes(&mut out, chunk.invalid());
        rest = &rest[chunk.invalid().len()..];
    }
    out
}

fn escape_bytes(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push_str(&format!("%{byte:02X}"));
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|h| *first == b'%' && h.iter().all(u8::is_ascii_hexdigit));
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &tail[2..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(bytes: &[u8]) -> PathBuf {
        PathBuf::from(OsString::from_vec(bytes.to_vec()))
    }

    #[test]
    fn ids_read_like_paths() {
        for (bytes, text) in [
            (b"Heat (1995)/Heat.mkv".as_slice(), "Heat (1995)/Heat.mkv"),
            (b"", "."),
            (b"100% Wolf (2020)", "100% Wolf (2020)"),
            (b"%41", "%2541"),
            (b"Caf\xe9", "Caf%E9"),
            (b"a\nb", "a%0Ab"),
            (b" a / b ", "%20a / b%20"),
            (b"A#season 1", "A%23season 1"),
            (b"C# (2000)", "C# (2000)"),
        ] {
            assert_eq!(id(&path(bytes)).as_str(), text);
        }
        assert_eq!(name_text(path(b"Caf\xe9 \x85").as_os_str()), "Café \u{fffd}");
    }

    #[test]
    fn ids_that_leave_the_root_are_refused() {
        for text in
            ["..", "../x", "a/../../x", "/etc/passwd", "a//b", "./a", "a/", "%2e%2e/x", "%2Fetc"]
        {
            assert!(place(&text.into()).is_err(), "{text}");
        }
        assert_eq!(place(&"a%00".into()), Err(BadId::Malformed));
        assert_eq!(place(&"".into()), Err(BadId::Malformed));
        assert_eq!(place(&"A/B#season 2".into()), Ok(Some("A/B".into())));
        assert_eq!(place(&show_id("The Wire")), Ok(None));
    }

    proptest! {
        #[test]
        fn every_path_comes_back(bytes in "[a-z%#/ \\n\u{e9}\u{3000}]{0,12}", tail in prop::collection::vec(1u8.., 0..6)) {
            let path: PathBuf = path(&[bytes.as_bytes(), &tail].concat()).components()
                .filter(|c| matches!(c, Component::Normal(_))).collect();
            let text = id(&path);
            prop_assert_eq!(place(&text), Ok(Some(path)));
            prop_assert!(text.as_str().trim() == text.as_str());
            prop_assert!(!text.as_str().contains(char::is_control));
        }
    }
}
