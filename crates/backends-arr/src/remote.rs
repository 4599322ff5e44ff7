//! Remote ids. Series, seasons and episodes of Sonarr have numbers of their own that overlap, and
//! seasons have none, so an id says what it is: `7` is a series (or a movie), `7#2` its second
//! season, `7/311` one of its episodes.

use shelfread_domain::RemoteId;

/// What a remote id names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remote {
    /// A series or a movie.
    Top(i64),
    /// A series and the number of its season.
    Season(i64, i64),
    /// A series and one of its episodes.
    Episode(i64, i64),
}

impl Remote {
    /// Reads an id; `None` when it is none of ours.
    pub fn parse(id: &RemoteId) -> Option<Self> {
        let number = |text: &str| text.parse().ok().filter(|n: &i64| *n >= 0);
        let pair = |(top, part): (&str, &str)| Some((number(top)?, number(part)?));
        let id = id.as_str();
        if let Some(parts) = id.split_once('#') {
            pair(parts).map(|(top, season)| Self::Season(top, season))
        } else if let Some(parts) = id.split_once('/') {
            pair(parts).map(|(top, episode)| Self::Episode(top, episode))
        } else {
            number(id).map(Self::Top)
        }
    }

    /// The series or movie that it is, or belongs to.
    pub const fn top(self) -> i64 {
        match self {
            Self::Top(top) | Self::Season(top, _) | Self::Episode(top, _) => top,
        }
    }

    /// The id as text.
    pub fn id(self) -> RemoteId {
        RemoteId(match self {
            Self::Top(top) => top.to_string(),
            Self::Season(top, season) => format!("{top}#{season}"),
            Self::Episode(top, episode) => format!("{top}/{episode}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_as_written() {
        for remote in [Remote::Top(7), Remote::Season(7, 0), Remote::Episode(7, 311)] {
            assert_eq!(Remote::parse(&remote.id()), Some(remote));
            assert_eq!(remote.top(), 7);
        }
        for odd in ["", "x", "-7", "7#", "#7", "7/", "7/x", "7#1#2", "7/1/2"] {
            assert_eq!(Remote::parse(&odd.into()), None, "{odd}");
        }
    }
}
