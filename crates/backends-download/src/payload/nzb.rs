//! NZB files: that they are ones, how much they name, and the hash of what they name. Two NZBs
//! with the same articles in the same order are the same thing, whatever their comments say.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use sha1::{Digest, Sha1};
use shelfread_domain::download::{Content, Payload};
use shelfread_domain::text::{MAX_TITLE, bounded};

use crate::hex::hex;

/// The largest NZB file that is looked into, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// Reads an NZB file that came under `file_name`. `None` for what is no NZB or names no article.
pub(super) fn read(file_name: &str, bytes: Vec<u8>) -> Option<Payload> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    // The articles' ids are ASCII; subjects come in any encoding.
    let text = String::from_utf8_lossy(&bytes);
    let mut xml = Reader::from_str(&text);
    let (mut articles, mut size, mut root) = (Sha1::new(), 0_u64, false);
    let (mut in_segment, mut any) = (false, false);
    loop {
        match xml.read_event().ok()? {
            Event::Start(tag) if !root => {
                root = tag.local_name().as_ref() == "nzb";
                if !root {
                    return None;
                }
            }
            Event::Start(tag) => {
                in_segment = tag.local_name().as_ref() == "segment";
                if in_segment {
                    size = size.saturating_add(bytes_of(&tag));
                }
            }
            Event::Text(text) if in_segment => {
                let id = text.trim();
                any |= !id.is_empty();
                articles.update(id);
                articles.update(b"\n");
            }
            Event::End(_) => in_segment = false,
            Event::Eof => break,
            _ => {}
        }
    }
    if !any {
        return None;
    }
    let key = hex(&articles.finalize());
    let stem = file_name.strip_suffix(".nzb").unwrap_or(file_name);
    let name = bounded(&stem.replace(['/', '\\'], "_"), MAX_TITLE).unwrap_or_else(|| key.clone());
    let size_bytes = Some(size).filter(|size| *size > 0);
    Some(Payload { name, key, ids: Vec::new(), size_bytes, content: Content::Nzb(bytes) })
}

fn bytes_of(segment: &BytesStart<'_>) -> u64 {
    let attribute = segment.try_get_attribute("bytes").ok().flatten();
    attribute.and_then(|bytes| bytes.value.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nzb(comment: &str, ids: &[&str]) -> Vec<u8> {
        let segments: String = ids
            .iter()
            .map(|id| format!(r#"<segment bytes="10" number="1">{id}</segment>"#))
            .collect();
        format!(
            r#"<?xml version="1.0"?><!DOCTYPE nzb PUBLIC "x" "http://x/nzb-1.1.dtd"><!--{comment}-->
               <nzb xmlns="http://www.newzbin.com/DTD/2003/nzb"><file subject="a">
               <segments>{segments}</segments></file></nzb>"#
        )
        .into_bytes()
    }

    #[test]
    fn the_same_articles_are_the_same_thing() {
        let a = read("Heat.1995.nzb", nzb("one", &["a@x", "b@x"])).unwrap();
        let b = read("other", nzb("two", &["a@x", "b@x"])).unwrap();
        let c = read("other", nzb("two", &["ab@x"])).unwrap();
        assert_eq!((a.name.as_str(), a.size_bytes, a.ids.len()), ("Heat.1995", Some(20), 0));
        assert_eq!(a.key, b.key);
        assert_ne!(a.key, c.key);
    }

    #[test]
    fn what_is_no_nzb_is_none() {
        let bad: [&[u8]; 5] = [
            b"",
            b"<html><body>Login</body></html>",
            b"<nzb></nzb>",
            b"<nzb><segment>",
            b"d4:info",
        ];
        for bytes in bad {
            assert_eq!(read("x", bytes.to_vec()), None, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(read("x", nzb("", &[" "])), None);
        let mut long = nzb("", &["a@x"]);
        long.resize(MAX_BYTES, b' ');
        assert!(read("x", long.clone()).is_some());
        long.push(b' ');
        assert_eq!(read("x", long), None);
    }
}
