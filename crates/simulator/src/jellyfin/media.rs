//! The files of an object as the servers write them.

use serde::Serialize;

use super::user_data::TICKS;
use crate::world::{Object, mix};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MediaSource<'a> {
    protocol: &'static str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(rename = "Type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    name: &'a str,
    is_remote: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_time_ticks: Option<i64>,
    supports_transcoding: bool,
    supports_direct_stream: bool,
    supports_direct_play: bool,
    media_streams: &'static [MediaStream],
    #[serde(skip_serializing_if = "Option::is_none")]
    bitrate: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MediaStream {
    codec: &'static str,
    display_title: &'static str,
    #[serde(rename = "Type")]
    kind: &'static str,
    index: u8,
    is_default: bool,
}

const STREAMS: [MediaStream; 2] = [
    MediaStream {
        codec: "hevc",
        display_title: "1080p HEVC SDR",
        kind: "Video",
        index: 0,
        is_default: true,
    },
    MediaStream {
        codec: "eac3",
        display_title: "English - Dolby Digital+ - 5.1",
        kind: "Audio",
        index: 1,
        is_default: true,
    },
];

/// The versions; of an episode that is not on disk a placeholder without a path.
pub(crate) fn sources<'a>(o: &'a Object, id: &str) -> Vec<MediaSource<'a>> {
    let source = |n: usize, path: Option<&'a str>, size: Option<u64>| MediaSource {
        protocol: "File",
        id: if n == 0 { id.to_owned() } else { alternate(o, n) },
        path,
        kind: if path.is_some() { "Default" } else { "Placeholder" },
        container: path.map(|_| "mkv"),
        size,
        name: path.map_or(o.title.as_str(), stem),
        is_remote: false,
        run_time_ticks: o.runtime_seconds.map(|s| i64::from(s) * TICKS),
        supports_transcoding: true,
        supports_direct_stream: true,
        supports_direct_play: true,
        media_streams: if path.is_some() { &STREAMS } else { &[] },
        bitrate: size.zip(o.runtime_seconds).map(|(b, s)| b * 8 / u64::from(s.max(1))),
    };
    if o.versions.is_empty() {
        return vec![source(0, None, None)];
    }
    let versions = o.versions.iter().enumerate();
    versions.map(|(n, v)| source(n, Some(&v.path), Some(v.size))).collect()
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn alternate(o: &Object, n: usize) -> String {
    let number = mix(u64::from(o.id.0) << 16 | n as u64);
    format!("{number:016x}{:016x}", mix(number))
}
