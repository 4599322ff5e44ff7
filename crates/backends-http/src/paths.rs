//! Path mapping: the same file has another path in every container, and a source's paths are
//! brought to how they read here. Pure text; looks at no disk.

use std::collections::BTreeMap;

/// Prefixes of a source's paths and what stands in their place here (`/data` → `/media`).
///
/// ```
/// use shelfread_backends_http::PathMap;
///
/// let map = PathMap::new([("/data", "/media"), (r"D:\Films", "/media/films")]);
/// assert_eq!(map.apply("/data/Heat/Heat.mkv"), "/media/Heat/Heat.mkv");
/// assert_eq!(map.apply("/database/x.mkv"), "/database/x.mkv");
/// assert_eq!(map.apply(r"D:\Films\Heat\Heat.mkv"), "/media/films/Heat/Heat.mkv");
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PathMap(Vec<(String, String)>);

impl PathMap {
    /// A map of these prefixes; the longest that fits wins, whatever their order. A prefix fits
    /// whole parts of a path only.
    pub fn new<F: Into<String>, T: Into<String>>(pairs: impl IntoIterator<Item = (F, T)>) -> Self {
        let trimmed = |text: String| text.trim_end_matches(SEPARATORS).to_owned();
        let mut pairs: Vec<_> = pairs
            .into_iter()
            .map(|(from, to)| (trimmed(from.into()), trimmed(to.into())))
            .collect();
        pairs.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        Self(pairs)
    }

    /// The path as it reads here.
    pub fn apply(&self, path: &str) -> String {
        let fit = self.0.iter().find_map(|(from, to)| {
            let rest = path.strip_prefix(from.as_str())?;
            (rest.is_empty() || rest.starts_with(SEPARATORS)).then_some((to, rest))
        });
        match fit {
            Some((to, rest)) if to.contains('\\') => format!("{to}{}", rest.replace('/', "\\")),
            Some((to, rest)) => format!("{to}{}", rest.replace('\\', "/")),
            None => path.to_owned(),
        }
    }
}

impl From<BTreeMap<String, String>> for PathMap {
    fn from(pairs: BTreeMap<String, String>) -> Self {
        Self::new(pairs)
    }
}

const SEPARATORS: [char; 2] = ['/', '\\'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_parts_are_replaced_and_the_longest_prefix_wins() {
        let map = PathMap::new([("/a", "/x"), ("/a/b/", "/y"), ("/c", "")]);
        for (path, here) in [
            ("/a/f", "/x/f"),
            ("/a/b/f", "/y/f"),
            ("/a/bc/f", "/x/bc/f"),
            ("/a b/f", "/a b/f"),
            ("/a", "/x"),
            ("/c/f", "/f"),
            ("f", "f"),
        ] {
            assert_eq!(map.apply(path), here, "{path}");
        }
        assert_eq!(PathMap::default().apply(r"D:\f"), r"D:\f");
        assert_eq!(PathMap::new([("/a", r"D:\x")]).apply("/a/b/f"), r"D:\x\b\f");
    }
}
