//! How the paths of a source read here: the same disk has another name in every container.

/// Replaces the beginning of paths. The longest beginning that fits wins, and it fits only at a
/// boundary: `/data` is no beginning of `/database`.
///
/// ```
/// use shelfread_domain::PathMap;
///
/// let map = PathMap::new([("/data", "/media"), (r"D:\Films", "/films")]);
/// assert_eq!(map.apply("/data/Heat/Heat.mkv".into()), "/media/Heat/Heat.mkv");
/// assert_eq!(map.apply(r"D:\Films\Heat\Heat.mkv".into()), "/films/Heat/Heat.mkv");
/// assert_eq!(map.apply("/database/x".into()), "/database/x");
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PathMap {
    /// (theirs, ours), without separators at the end, longest of theirs first.
    pairs: Vec<(String, String)>,
}

const SEPARATORS: [char; 2] = ['/', '\\'];

impl PathMap {
    /// A map of (beginning there, beginning here).
    pub fn new<T: Into<String>, O: Into<String>>(pairs: impl IntoIterator<Item = (T, O)>) -> Self {
        let bare = |text: String| text.trim_end_matches(SEPARATORS).to_owned();
        let mut pairs: Vec<_> = pairs
            .into_iter()
            .map(|(theirs, ours)| (bare(theirs.into()), bare(ours.into())))
            .collect();
        pairs.sort_by_key(|(theirs, _)| std::cmp::Reverse(theirs.len()));
        Self { pairs }
    }

    /// The path as it reads here; unchanged when no beginning fits. Backslashes become slashes
    /// when the path moves from a place that has them to one that has not.
    pub fn apply(&self, path: String) -> String {
        for (theirs, ours) in &self.pairs {
            let Some(rest) = path.strip_prefix(theirs.as_str()) else { continue };
            if rest.is_empty() || rest.starts_with(SEPARATORS) {
                let slashes = is_windows(theirs) && !is_windows(ours);
                let rest = if slashes { rest.replace('\\', "/") } else { rest.to_owned() };
                return format!("{ours}{rest}");
            }
        }
        path
    }
}

fn is_windows(path: &str) -> bool {
    path.contains(['\\', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_wins_at_boundaries_only() {
        let map = PathMap::new([("/a", "/1"), ("/a/b/", "/2/"), ("/", "/root")]);
        for (theirs, ours) in [
            ("/a", "/1"),
            ("/a/x", "/1/x"),
            ("/a/b/x", "/2/x"),
            ("/a/bc", "/1/bc"),
            ("/a b/x", "/root/a b/x"),
            ("relative/a/x", "relative/a/x"),
        ] {
            assert_eq!(map.apply(theirs.into()), ours);
        }
        assert_eq!(PathMap::default().apply("/a".into()), "/a");
    }

    #[test]
    fn separators_follow_the_place() {
        let map = PathMap::new([(r"\\nas\films", "/films"), ("/tv", r"T:\tv")]);
        assert_eq!(map.apply(r"\\nas\films\A\b.mkv".into()), "/films/A/b.mkv");
        assert_eq!(map.apply("/tv/A/b.mkv".into()), r"T:\tv/A/b.mkv");
        let odd = PathMap::new([("/a", "/b")]);
        assert_eq!(odd.apply(r"/a/c\d".into()), r"/b/c\d");
        let root = PathMap::new([("/", "/root"), (r"D:\", "/d")]);
        assert_eq!(root.apply(r"/c\d".into()), r"/root/c\d");
        assert_eq!(root.apply(r"D:\c\d".into()), "/d/c/d");
    }
}
