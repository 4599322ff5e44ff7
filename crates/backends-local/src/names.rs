//! What names mean to the users of Plex, Jellyfin and Kodi: which folders hold bonus videos, which
//! are parts of a disc, what is hidden or set aside. Names only; no file system.

use shelfread_domain::release::{ReleaseName, season_folder};

/// Folders of systems and programs, never media.
const JUNK: [&str; 8] = [
    "@eadir",
    "#recycle",
    "@recycle",
    "#snapshot",
    "$recycle.bin",
    "lost+found",
    "system volume information",
    "recycler",
];

/// Whether a name is hidden or belongs to the system.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || JUNK.contains(&name.to_lowercase().as_str())
}

const EXTRAS: [&str; 20] = [
    "extras",
    "extra",
    "trailers",
    "trailer",
    "samples",
    "sample",
    "featurettes",
    "featurette",
    "behind the scenes",
    "deleted scenes",
    "interviews",
    "bonus",
    "backdrops",
    "theme-music",
    "extrafanart",
    "proof",
    "screens",
    "subs",
    "subtitles",
    "artwork",
];

/// Whether a folder *below* a film or show holds bonus videos by its name. At the top of a library
/// the same names can be titles (the series `Extras`).
pub(crate) fn is_extras(name: &str) -> bool {
    EXTRAS.contains(&name.to_lowercase().as_str())
}

/// The names that are extras only beside the video they belong to; elsewhere they are categories.
pub(crate) fn is_extras_beside_video(name: &str) -> bool {
    ["shorts", "scenes", "clips", "other", "others"].contains(&name.to_lowercase().as_str())
}

/// `CD1`, `Disc 2`, `DVD 1`: a folder whose videos are parts of the film above.
pub(crate) fn is_disc(name: &str) -> bool {
    let name = name.to_lowercase();
    let number = ["cd", "disc", "disk", "dvd", "part"].iter().find_map(|w| name.strip_prefix(w));
    let digits = number.map(|n| n.trim_start_matches([' ', '_', '-', '.']));
    digits.is_some_and(|d| (1..=2).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()))
}

/// `Season 01`, `Staffel 2`: a folder of episodes that says so and nothing else, so that the folder
/// it lies in is a show. (`24` and `1923` are seasons only below a show.)
pub(crate) fn is_plain_season(name: &str) -> bool {
    let spelled = name.contains(char::is_alphabetic) && name.len() > 3;
    let bare = || ReleaseName::parse(name).title.is_none();
    spelled && season_folder(name).is_some_and(|season| season == 0 || bare())
}

const COMPANIONS: [&str; 16] = [
    "nfo", "srt", "sub", "idx", "ass", "ssa", "sup", "vtt", "smi", "jpg", "jpeg", "png", "tbn",
    "txt", "edl", "bif",
];

/// Whether a file is a companion of a video: description, subtitles, picture.
pub(crate) fn is_companion(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| COMPANIONS.contains(&extension.as_str()))
}

/// What `.ignore` and `.plexignore` set aside within their folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ignore {
    /// The folder with all that is in it.
    Everything,
    /// Names that fit one of these patterns (`*` and `?`), in lower case.
    Patterns(Vec<String>),
}

impl Ignore {
    /// Reads such a file: one pattern per line. One that holds none sets the whole folder aside.
    pub fn parse(text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let patterns: Vec<String> = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| line.trim_matches('/').trim_end_matches("/*").to_lowercase())
            .take(1_000)
            .collect();
        if patterns.iter().all(|p| p == "*") { Self::Everything } else { Self::Patterns(patterns) }
    }

    /// Whether a name is set aside.
    pub fn hits(&self, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Patterns(patterns) => {
                let name = name.to_lowercase();
                patterns.iter().any(|pattern| fits(pattern.as_bytes(), name.as_bytes()))
            }
        }
    }
}

/// Whether a name fits a pattern of `*` and `?`, in time bounded by their product.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => {
                let Some((after, from)) = retry else { return false };
                retry = Some((after, from + 1));
                (p, n) = (after, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, hit) in [
            ("*.avi", "a.avi", true),
            ("*.avi", "a.avi.mkv", false),
            ("a?c*", "abcdef", true),
            ("*a*b*c*", "xxaxxbxxc", true),
            ("*a*b*c*", "xxaxxcxxb", false),
            ("", "", true),
            ("Heat", "heat", true),
            ("trailers/", "Trailers", true),
            ("/Old/*", "old", true),
        ] {
            assert_eq!(
                Ignore::Patterns(match Ignore::parse(pattern) {
                    Ignore::Patterns(p) => p,
                    Ignore::Everything => vec![String::new()],
                })
                .hits(name),
                hit,
                "{pattern} / {name}"
            );
        }
        assert_eq!(Ignore::parse("# nothing\n\n"), Ignore::Everything);
        assert_eq!(Ignore::parse("*"), Ignore::Everything);
        assert!(!fits(&b"*a".repeat(200), &b"a".repeat(199)));
    }

    #[test]
    fn folders() {
        for name in ["CD1", "cd 2", "Disc 1", "disk-2", "DVD1", "Part 1"] {
            assert!(is_disc(name), "{name}");
        }
        for name in ["CD", "Disco", "Discovery 1", "Part One", "DVD 1995"] {
            assert!(!is_disc(name), "{name}");
        }
        for name in ["Season 01", "Staffel 2", "Specials", "Season 0"] {
            assert!(is_plain_season(name), "{name}");
        }
        for name in ["24", "1923", "S01", "The Wire Season 1", "Dark"] {
            assert!(!is_plain_season(name), "{name}");
        }
    }
}
