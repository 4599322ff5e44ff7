//! The tags that people put into names for their media server: `{tmdb-78}`, `[imdbid-tt0083658]`,
//! `[tvdbid=81189]`, `{edition-Final Cut}`. They are taken out before anything is guessed.

use crate::external_id::{ExternalId, Provider};

/// What the tags of a name say, and the name without them.
#[derive(Debug, Default)]
pub(super) struct Tags {
    /// The name with each tag replaced by a space.
    pub rest: String,
    /// The ids, sorted.
    pub ids: Vec<ExternalId>,
    /// The edition.
    pub edition: Option<String>,
}

/// Takes the tags out of a name.
pub(super) fn take(name: &str) -> Tags {
    let mut tags = Tags::default();
    let mut rest = name;
    while let Some(open) = rest.find(['{', '[', '(']) {
        let (before, from) = rest.split_at(open);
        tags.rest.push_str(before);
        let inner = &from[1..];
        let close = inner.find([']', '}', ')']).filter(|at| tags.read(&inner[..*at]));
        rest = match close {
            Some(at) => {
                tags.rest.push(' ');
                &inner[at + 1..]
            }
            None => {
                tags.rest.push_str(&from[..1]);
                inner
            }
        };
    }
    tags.rest.push_str(rest);
    tags.ids.sort();
    tags.ids.dedup();
    tags
}

impl Tags {
    /// Reads the inside of a bracket; `false` when it is no tag. A placeholder (`tmdb-0`) is one.
    fn read(&mut self, inner: &str) -> bool {
        let Some((key, value)) = inner.split_once(['-', '=', ' ', ':']) else {
            return false;
        };
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        if key == "edition" && !value.is_empty() {
            self.edition = Some(value.to_owned());
            return true;
        }
        let provider = Provider::parse(key.strip_suffix("id").unwrap_or(&key));
        self.ids.extend(provider.clone().and_then(|p| ExternalId::new(p, value)));
        provider.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(name: &str) -> Vec<String> {
        take(name).ids.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_spelling_of_an_id() {
        for name in ["{tmdb-78}", "[tmdbid=78]", "[tmdbid-78]", "{tmdbid 78}", "(tmdb-78)"] {
            assert_eq!(ids(name), ["tmdb 78"], "{name}");
        }
        assert_eq!(ids("A {imdb-tt0083658} [tvdbid-5]"), ["imdb tt0083658", "tvdb 5"]);
    }

    #[test]
    fn what_is_no_tag_stays() {
        for name in ["Heat (1995) [1080p]", "{edition-}", "[[[", "a{tmdb-", "(a-b)"] {
            let tags = take(name);
            assert_eq!((tags.rest.as_str(), tags.ids.len()), (name, 0));
        }
        assert_eq!(take("A {edition-Final Cut} B").rest, "A   B");
        assert_eq!(take("A [tmdbid-0]").rest, "A  ", "a placeholder is a tag without an id");
    }
}
