//! Which bytes are a picture that a browser may be shown. A picture that can hold a script (SVG) is
//! none.

/// A picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its media type, told from the bytes.
    pub kind: &'static str,
    /// Another one for every other content.
    pub tag: String,
}

impl Picture {
    /// The picture of these bytes, if they are one.
    pub(super) fn of(bytes: Vec<u8>) -> Option<Self> {
        let kind = kind_of(&bytes)?;
        let tag = format!("{:016x}", twox_hash::XxHash3_64::oneshot(&bytes));
        Some(Self { bytes, kind, tag })
    }
}

/// The media type that the first bytes prove.
pub(super) fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ if webp => Some("image/webp"),
        _ if bytes.get(4..12) == Some(b"ftypavif") => Some("image/avif"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::kind_of;

    #[test]
    fn only_pictures_without_scripts_are_pictures() {
        let kinds: [(&[u8], Option<&str>); 9] = [
            (b"\xff\xd8\xff\xe0...", Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n...", Some("image/png")),
            (b"GIF89a...", Some("image/gif")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"\0\0\0\x1cftypavif", Some("image/avif")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
            (b"<!doctype html><script>alert(1)</script>", None),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"", None),
        ];
        for (bytes, kind) in kinds {
            assert_eq!(kind_of(bytes), kind);
        }
    }
}
