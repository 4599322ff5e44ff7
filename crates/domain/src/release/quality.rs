//! Words that speak of the copy and not of the work: resolution, source, codec, edition, extras.
//!
//! A *strong* word is never part of a title and ends it. A *weak* one (`Proper`, `German`, `Web`)
//! could be; it counts only behind the end of the title or directly before a strong one.

use super::words::{Gap, Word, digits};

/// What a word says of the copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    Resolution(String),
    Source(&'static str),
    Codec(&'static str),
    /// Audio, language, release flags: known, but of no use to us.
    Other,
}

/// A mark with the number of words that it takes and its strength.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Marked {
    pub mark: Mark,
    pub words: usize,
    pub strong: bool,
}

const RESOLUTIONS: [&str; 13] = [
    "4320p", "2160p", "2160i", "1440p", "1080p", "1080i", "720p", "576p", "576i", "540p", "480p",
    "480i", "360p",
];

const PAIRS: [(&str, &str, Mark); 14] = [
    ("blu", "ray", Mark::Source("BluRay")),
    ("web", "dl", Mark::Source("WEB-DL")),
    ("web", "rip", Mark::Source("WEBRip")),
    ("dvd", "rip", Mark::Source("DVDRip")),
    ("bd", "rip", Mark::Source("BluRay")),
    ("bd", "remux", Mark::Source("Remux")),
    ("hd", "tv", Mark::Source("HDTV")),
    ("hd", "dvd", Mark::Source("HD-DVD")),
    ("h", "264", Mark::Codec("H.264")),
    ("h", "265", Mark::Codec("H.265")),
    ("x", "264", Mark::Codec("H.264")),
    ("x", "265", Mark::Codec("H.265")),
    ("vc", "1", Mark::Codec("VC-1")),
    ("dts", "hd", Mark::Other),
];

const STRONG: [(&str, Mark); 46] = [
    ("bluray", Mark::Source("BluRay")),
    ("bdrip", Mark::Source("BluRay")),
    ("brrip", Mark::Source("BluRay")),
    ("bdmv", Mark::Source("BluRay")),
    ("uhdrip", Mark::Source("BluRay")),
    ("bdremux", Mark::Source("Remux")),
    ("remux", Mark::Source("Remux")),
    ("webdl", Mark::Source("WEB-DL")),
    ("webrip", Mark::Source("WEBRip")),
    ("webhd", Mark::Source("WEB-DL")),
    ("hdtv", Mark::Source("HDTV")),
    ("hdtvrip", Mark::Source("HDTV")),
    ("pdtv", Mark::Source("HDTV")),
    ("dvbrip", Mark::Source("HDTV")),
    ("satrip", Mark::Source("HDTV")),
    ("tvrip", Mark::Source("HDTV")),
    ("hdrip", Mark::Source("HDRip")),
    ("dvdrip", Mark::Source("DVDRip")),
    ("dvd5", Mark::Source("DVD")),
    ("dvd9", Mark::Source("DVD")),
    ("dvdr", Mark::Source("DVD")),
    ("hddvd", Mark::Source("HD-DVD")),
    ("dvdscr", Mark::Source("Screener")),
    ("bdscr", Mark::Source("Screener")),
    ("hdcam", Mark::Source("CAM")),
    ("camrip", Mark::Source("CAM")),
    ("hdts", Mark::Source("Telesync")),
    ("telesync", Mark::Source("Telesync")),
    ("telecine", Mark::Source("Telecine")),
    ("vhsrip", Mark::Source("VHS")),
    ("vodrip", Mark::Source("WEBRip")),
    ("ppvrip", Mark::Source("WEBRip")),
    ("x264", Mark::Codec("H.264")),
    ("h264", Mark::Codec("H.264")),
    ("avc", Mark::Codec("H.264")),
    ("x265", Mark::Codec("H.265")),
    ("h265", Mark::Codec("H.265")),
    ("hevc", Mark::Codec("H.265")),
    ("av1", Mark::Codec("AV1")),
    ("vp9", Mark::Codec("VP9")),
    ("xvid", Mark::Codec("XviD")),
    ("divx", Mark::Codec("DivX")),
    ("mpeg2", Mark::Codec("MPEG-2")),
    ("vc1", Mark::Codec("VC-1")),
    ("10bit", Mark::Other),
    ("8bit", Mark::Other),
];

const WEAK: [(&str, Mark); 7] = [
    ("web", Mark::Source("WEB-DL")),
    ("bd", Mark::Source("BluRay")),
    ("dvd", Mark::Source("DVD")),
    ("cam", Mark::Source("CAM")),
    ("ts", Mark::Source("Telesync")),
    ("scr", Mark::Source("Screener")),
    ("screener", Mark::Source("Screener")),
];

/// Audio, languages and flags, sorted.
const WEAK_OTHER: [&str; 119] = [
    "10bits",
    "3d",
    "aac",
    "aac2",
    "ac3",
    "amzn",
    "atmos",
    "atvp",
    "audio",
    "batch",
    "cantonese",
    "castellano",
    "chinese",
    "complete",
    "danish",
    "dd",
    "dd2",
    "dd5",
    "dd7",
    "ddp",
    "ddp2",
    "ddp5",
    "ddp7",
    "ddpa5",
    "deutsch",
    "dirfix",
    "dl",
    "dovi",
    "dsnp",
    "dts",
    "dtshd",
    "dtsx",
    "dual",
    "dub",
    "dubbed",
    "dublado",
    "dutch",
    "dv",
    "eac3",
    "eng",
    "english",
    "esp",
    "fhd",
    "flac",
    "fre",
    "french",
    "fs",
    "ger",
    "german",
    "hd",
    "hdr",
    "hdr10",
    "hdr10p",
    "hdr10plus",
    "hi10p",
    "hindi",
    "hlg",
    "hmax",
    "hou",
    "hsbs",
    "hulu",
    "hybrid",
    "internal",
    "ita",
    "italian",
    "itunes",
    "jap",
    "japanese",
    "jpn",
    "kor",
    "korean",
    "latino",
    "legendado",
    "limited",
    "lpcm",
    "ma",
    "mandarin",
    "max",
    "ml",
    "mp3",
    "multi",
    "netflix",
    "nf",
    "nfofix",
    "nordic",
    "norwegian",
    "opus",
    "pcm",
    "pcok",
    "pldub",
    "pmtp",
    "polish",
    "portuguese",
    "proper",
    "readnfo",
    "real",
    "repack",
    "repack2",
    "rerip",
    "retail",
    "rus",
    "russian",
    "sbs",
    "sdr",
    "spanish",
    "sub",
    "subbed",
    "subs",
    "swedish",
    "truefrench",
    "truehd",
    "turkish",
    "uhd",
    "uncensored",
    "vf",
    "vff",
    "vfq",
    "vostfr",
    "ws",
];

/// What the words from `at` on say of the copy; `None` for a word that we do not know.
pub(super) fn mark(words: &[Word<'_>], at: usize) -> Option<Marked> {
    let low = words.get(at)?.low.as_str();
    let found = |mark, words, strong| Some(Marked { mark, words, strong });
    if let Some(next) = words.get(at + 1).filter(|w| !matches!(w.gap, Gap::Dash | Gap::Bracket))
        && let Some((.., mark)) = PAIRS.iter().find(|(a, b, _)| *a == low && *b == next.low)
    {
        return found(mark.clone(), 2, true);
    }
    if let Some(resolution) = resolution(low) {
        return found(Mark::Resolution(resolution), 1, true);
    }
    if let Some((_, mark)) = STRONG.iter().find(|(text, _)| *text == low) {
        return found(mark.clone(), 1, true);
    }
    if let Some((_, mark)) = WEAK.iter().find(|(text, _)| *text == low) {
        return found(mark.clone(), 1, false);
    }
    let known = WEAK_OTHER.binary_search(&low).is_ok();
    known.then_some(Marked { mark: Mark::Other, words: 1, strong: false })
}

fn resolution(low: &str) -> Option<String> {
    match low {
        "4k" | "2160" => return Some("2160p".into()),
        "8k" => return Some("4320p".into()),
        _ => {}
    }
    if RESOLUTIONS.contains(&low) {
        return Some(low.to_owned());
    }
    let (width, height) = low.split_once('x')?;
    let (_, height) = (digits(width, 4).filter(|w| *w >= 320)?, digits(height, 4)?);
    (height >= 200).then(|| format!("{height}p"))
}

const EDITIONS: [(&[&str], &str); 33] = [
    (&["directors", "cut"], "Director's Cut"),
    (&["dc"], "Director's Cut"),
    (&["final", "cut"], "Final Cut"),
    (&["extended", "cut"], "Extended"),
    (&["extended", "edition"], "Extended"),
    (&["extended", "version"], "Extended"),
    (&["extended"], "Extended"),
    (&["unrated", "cut"], "Unrated"),
    (&["unrated", "edition"], "Unrated"),
    (&["unrated"], "Unrated"),
    (&["uncut"], "Uncut"),
    (&["theatrical", "cut"], "Theatrical"),
    (&["theatrical", "edition"], "Theatrical"),
    (&["theatrical", "version"], "Theatrical"),
    (&["theatrical"], "Theatrical"),
    (&["remastered"], "Remastered"),
    (&["special", "edition"], "Special Edition"),
    (&["ultimate", "edition"], "Ultimate Edition"),
    (&["ultimate", "cut"], "Ultimate Cut"),
    (&["collectors", "edition"], "Collector's Edition"),
    (&["limited", "edition"], "Limited Edition"),
    (&["definitive", "edition"], "Definitive Edition"),
    (&["anniversary", "edition"], "Anniversary Edition"),
    (&["criterion", "collection"], "Criterion"),
    (&["criterion", "edition"], "Criterion"),
    (&["criterion"], "Criterion"),
    (&["imax", "edition"], "IMAX"),
    (&["imax"], "IMAX"),
    (&["open", "matte"], "Open Matte"),
    (&["alternate", "cut"], "Alternate Cut"),
    (&["international", "cut"], "International Cut"),
    (&["assembly", "cut"], "Assembly Cut"),
    (&["redux"], "Redux"),
];

/// The edition that the words from `at` on name, and how many words that takes.
pub(super) fn edition(words: &[Word<'_>], at: usize) -> Option<(&'static str, usize)> {
    let names = |phrase: &[&str]| {
        let tail = words.get(at..at + phrase.len());
        tail.is_some_and(|tail| tail.iter().zip(phrase).all(|(w, p)| w.low == *p))
    };
    EDITIONS.iter().find(|(phrase, _)| names(phrase)).map(|(phrase, name)| (*name, phrase.len()))
}

/// What a bonus video is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Extra {
    /// A trailer or teaser.
    Trailer,
    /// A sample of a release.
    Sample,
    /// Behind the scenes, a making of.
    BehindTheScenes,
    /// A deleted scene.
    Deleted,
    /// A featurette.
    Featurette,
    /// An interview.
    Interview,
    /// A scene or clip.
    Scene,
    /// A short film that belongs to a film.
    Short,
    /// An opening or ending without credits.
    Credits,
    /// Anything else that is not the work itself.
    Other,
}

/// The extra that a word names.
pub(super) fn extra(low: &str) -> Option<Extra> {
    Some(match low {
        "trailer" | "teaser" => Extra::Trailer,
        "sample" => Extra::Sample,
        "behindthescenes" => Extra::BehindTheScenes,
        "deleted" | "deletedscene" => Extra::Deleted,
        "featurette" => Extra::Featurette,
        "interview" => Extra::Interview,
        "scene" | "clip" => Extra::Scene,
        "short" => Extra::Short,
        low if low.starts_with("ncop") || low.starts_with("nced") => Extra::Credits,
        "extra" | "other" => Extra::Other,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_that_is_searched_by_halves_is_sorted() {
        assert!(WEAK_OTHER.is_sorted());
    }
}
