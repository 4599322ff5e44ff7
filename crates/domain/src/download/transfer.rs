//! What a client says of one transfer, in one vocabulary for all clients.

use std::fmt;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use crate::id::DownloadId;
use crate::port::{Problem, SourceError};
use crate::run::words;
use crate::text::{MAX_PATH, MAX_TITLE, bounded, is_bounded};

words! {
    /// The download programs that we speak with.
    ClientKind {
        /// Transmission, 3.0 and newer.
        Transmission = "transmission",
        /// qBittorrent, 4.2 and newer.
        Qbittorrent = "qbittorrent",
        /// Deluge 2 through its web server.
        Deluge = "deluge",
        /// `SABnzbd`, 3 and newer.
        Sabnzbd = "sabnzbd",
        /// `NZBGet`, 18 and newer.
        Nzbget = "nzbget",
    }
}

impl ClientKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Transmission, Self::Qbittorrent, Self::Deluge, Self::Sabnzbd, Self::Nzbget];

    /// Whether it takes NZB files; the others take torrents and magnets.
    pub const fn is_usenet(self) -> bool {
        matches!(self, Self::Sabnzbd | Self::Nzbget)
    }
}

/// The client's own stable id of a transfer: the info-hash of a torrent, the id of an NZB job.
/// Never a number that a client gives away anew after a restart.
///
/// ```
/// use shelfread_domain::download::TransferId;
///
/// let hash = "DBC6A19A11FC1584000912F2F5031106A6FE2537";
/// assert_eq!(TransferId::new(hash), TransferId::new(&hash.to_lowercase()));
/// assert_eq!(TransferId::new(" "), None);
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransferId(String);

impl TransferId {
    const MAX: usize = 128;
    const PLACEHOLDER: &str = "pending:";

    /// Normalizes an id: trimmed, hashes (40 or 64 hex digits) in lower case. `None` for a text
    /// that is no id: empty, longer than 128 bytes, or with control characters.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > Self::MAX || text.contains(char::is_control) {
            return None;
        }
        let is_hash = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        Some(Self(if is_hash { text.to_ascii_lowercase() } else { text.to_owned() }))
    }

    /// What stands for the id of a transfer that the client has not named yet.
    pub fn placeholder(id: DownloadId) -> Self {
        Self(format!("{}{id}", Self::PLACEHOLDER))
    }

    /// Whether the client has not named it yet.
    pub fn is_placeholder(&self) -> bool {
        self.0.starts_with(Self::PLACEHOLDER)
    }

    /// The text in normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a transfer does right now.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum TransferState {
    /// Waits for its turn.
    Queued,
    /// Learns what it is: a magnet without its torrent, an NZB that is still fetched.
    Metadata,
    /// Verifies data that is there.
    Checking,
    /// Receives, or looks for someone to receive from.
    Downloading,
    /// Would receive, but nobody sends.
    Stalled,
    /// Stopped by a person before it was finished.
    Paused,
    /// Verifies, repairs, unpacks or moves what it received.
    Processing,
    /// Finished, and gives to others or waits for its turn to do so.
    Seeding,
    /// Finished and at rest.
    Completed,
    /// Cannot go on by itself.
    Failed,
    /// A state that did not exist when this was written, in the client's own words.
    Unknown(String),
}

impl TransferState {
    const WORDS: [(Self, &str); 10] = [
        (Self::Queued, "queued"),
        (Self::Metadata, "metadata"),
        (Self::Checking, "checking"),
        (Self::Downloading, "downloading"),
        (Self::Stalled, "stalled"),
        (Self::Paused, "paused"),
        (Self::Processing, "processing"),
        (Self::Seeding, "seeding"),
        (Self::Completed, "completed"),
        (Self::Failed, "failed"),
    ];

    /// A state that has no word here; what the client calls it is kept within 64 bytes.
    pub fn unknown(text: &str) -> Self {
        Self::Unknown(bounded(text, 64).unwrap_or_default())
    }

    /// Reads the text that [`fmt::Display`] writes (`unknown:…` for a state without a word).
    pub fn parse(text: &str) -> Self {
        let word = Self::WORDS.into_iter().find(|(_, word)| *word == text);
        word.map_or_else(
            || Self::unknown(text.strip_prefix("unknown:").unwrap_or(text)),
            |(state, _)| state,
        )
    }

    /// Whether bytes are wanted and nothing but time is needed.
    pub const fn is_active(&self) -> bool {
        matches!(
            self,
            Self::Metadata | Self::Checking | Self::Downloading | Self::Stalled | Self::Processing
        )
    }

    /// Whether going from one to the other is worth a line of history. A torrent changes between
    /// receiving and waiting for someone to send all day long.
    pub fn differs_for_history(&self, other: &Self) -> bool {
        let flow = |s: &Self| matches!(s, Self::Downloading | Self::Stalled);
        self != other && !(flow(self) && flow(other))
    }
}

impl fmt::Display for TransferState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, Self::WORDS.iter().find(|(state, _)| state == self)) {
            (Self::Unknown(text), _) => write!(f, "unknown:{text}"),
            (_, word) => f.write_str(word.map_or("", |(_, word)| word)),
        }
    }
}

impl From<TransferState> for String {
    fn from(state: TransferState) -> Self {
        state.to_string()
    }
}

impl From<String> for TransferState {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

/// How much of a transfer is there, in thousandths rounded down: only what is whole is 1.
///
/// ```
/// use shelfread_domain::download::Progress;
///
/// assert_eq!(Progress::from(0.99999).fraction(), 0.999);
/// assert_eq!(Progress::from(f64::NAN), Progress::NONE);
/// assert_eq!(Progress::from(7.0), Progress::ALL);
/// ```
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(into = "f64", from = "f64")]
pub struct Progress(u16);

impl Progress {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self(1000);

    /// The share of `left` bytes that are missing of `size`; nothing for a size of 0.
    pub fn of(size: u64, left: u64) -> Self {
        match (size, left) {
            (0, _) => Self::NONE,
            (_, 0) => Self::ALL,
            _ => Self::from(size.saturating_sub(left) as f64 / size as f64).min(Self(999)),
        }
    }

    /// From 0 to 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl From<f64> for Progress {
    /// What is no number is nothing; the rest is kept between 0 and 1.
    fn from(fraction: f64) -> Self {
        if fraction >= 1.0 {
            return Self::ALL;
        }
        // A millionth of a thousandth up, so that 0.007 is 7 thousandths and not 6.
        Self((fraction.max(0.0) * 1000.0 + 1e-6) as u16).min(Self(999))
    }
}

impl From<Progress> for f64 {
    fn from(progress: Progress) -> Self {
        progress.fraction()
    }
}

/// Where a client keeps a transfer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Place {
    /// Among what it works on; every torrent is here.
    #[default]
    Queue,
    /// In its list of what is over. Known rows find their end here; what ended before we looked
    /// is not adopted.
    History,
}

/// One transfer as its client shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Transfer {
    /// The client's own stable id.
    pub id: TransferId,
    /// Its name there.
    pub name: String,
    /// What it does.
    pub state: TransferState,
    /// Whether everything that was wanted is there and usable.
    pub finished: bool,
    /// Where the client keeps it.
    pub place: Place,
    /// How much is there.
    pub progress: Progress,
    /// Bytes wanted in all.
    pub size_bytes: Option<u64>,
    /// Bytes still missing.
    pub left_bytes: Option<u64>,
    /// Bytes per second received.
    pub down_speed: Option<u64>,
    /// Bytes per second sent.
    pub up_speed: Option<u64>,
    /// Seconds until it is finished, as the client guesses.
    pub eta_seconds: Option<u64>,
    /// Bytes sent for each byte received.
    pub ratio: Option<f64>,
    /// Label, category or first tag.
    pub label: Option<String>,
    /// The folder in which the client puts it, as the client sees the disk.
    pub save_path: Option<String>,
    /// The file or folder that it is or will be, as the client sees the disk.
    pub content_path: Option<String>,
    /// What is wrong, in the client's words.
    pub error: Option<String>,
    /// When the client got it.
    pub added_at: Option<DateTime<Utc>>,
    /// When it was finished.
    pub completed_at: Option<DateTime<Utc>>,
}

impl Transfer {
    /// A transfer of which nothing but this is known.
    pub fn new(id: TransferId, name: &str, state: TransferState) -> Self {
        Self {
            name: bounded(name, MAX_TITLE).unwrap_or_else(|| id.as_str().to_owned()),
            id,
            state,
            finished: false,
            place: Place::Queue,
            progress: Progress::NONE,
            size_bytes: None,
            left_bytes: None,
            down_speed: None,
            up_speed: None,
            eta_seconds: None,
            ratio: None,
            label: None,
            save_path: None,
            content_path: None,
            error: None,
            added_at: None,
            completed_at: None,
        }
    }

    /// Whether it gives to others.
    pub fn is_seeding(&self) -> bool {
        self.state == TransferState::Seeding
    }

    /// Brings texts and numbers within their bounds. Adapters may pass on what they got.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        let bound = |text: &mut Option<String>, max| {
            if text.as_ref().is_some_and(|t| !is_bounded(t, max)) {
                *text = text.take().and_then(|t| bounded(&t, max));
            }
        };
        bound(&mut self.label, 256);
        bound(&mut self.save_path, MAX_PATH);
        bound(&mut self.content_path, MAX_PATH);
        bound(&mut self.error, MAX_TITLE);
        self.ratio = self.ratio.filter(|r| (0.0..=1e6).contains(r));
        // No database keeps larger numbers or finer times, and what is compared with a row must
        // be what the row can hold.
        let most = i64::MAX.unsigned_abs();
        for size in [&mut self.size_bytes, &mut self.left_bytes] {
            *size = size.map(|bytes| bytes.min(most));
        }
        for time in [&mut self.added_at, &mut self.completed_at] {
            *time = time.map(|time| time.trunc_subsecs(6));
        }
        self
    }
}

/// A file of a transfer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TransferFile {
    /// Path below the transfer's folder; `/` separates.
    pub path: String,
    /// Size in bytes.
    pub size_bytes: Option<u64>,
}

/// What one client said when it was asked for its transfers.
#[derive(Clone, PartialEq, Debug)]
pub enum ClientAnswer {
    /// It answered, whole and well-formed: these are all that it has.
    Answered(Vec<Transfer>),
    /// Nobody answered, or nothing that could be read. Nothing is known.
    Unreachable(String),
    /// It answered that we may not ask. Nothing is known.
    Refused(String),
    /// A person switched it off here; it was not asked.
    Disabled,
}

impl From<Result<Vec<Transfer>, SourceError>> for ClientAnswer {
    fn from(result: Result<Vec<Transfer>, SourceError>) -> Self {
        match result {
            Ok(transfers) => Self::Answered(transfers),
            Err(e) if matches!(e.problem, Problem::Unauthorized | Problem::Forbidden) => {
                Self::Refused(e.to_string())
            }
            Err(e) => Self::Unreachable(e.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_read_back_as_written() {
        for (state, _) in TransferState::WORDS {
            assert_eq!(TransferState::parse(&state.to_string()), state);
        }
        let new = TransferState::unknown("quantum\u{0}");
        assert_eq!(new.to_string(), "unknown:quantum");
        assert_eq!(TransferState::parse("unknown:quantum"), new);
        assert_eq!(TransferState::parse("quantum"), new);
    }

    #[test]
    fn only_what_is_whole_is_all() {
        assert_eq!(Progress::of(1_000_000, 1), Progress(999));
        assert_eq!(Progress::of(10, 3), Progress(700));
        assert_eq!(Progress::from(0.999_999_999_9), Progress(999));
        assert_eq!(Progress::of(10, 30), Progress::NONE);
        assert_eq!(Progress::of(u64::MAX, 1), Progress(999));
        assert_eq!(Progress::of(u64::MAX, 0), Progress::ALL);
        for n in 0..=1000 {
            assert_eq!(Progress::from(Progress(n).fraction()), Progress(n));
        }
        for absurd in [-1.0, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(Progress::from(absurd), Progress::NONE);
        }
    }

    #[test]
    fn ids_have_one_form() {
        let id = |text: &str| TransferId::new(text);
        assert_eq!(id(&"Ab".repeat(32)), id(&"aB".repeat(32)));
        assert_ne!(id("SABnzbd_nzo_Ab"), id("SABnzbd_nzo_ab"));
        for text in ["", "a\u{0}b", "x".repeat(129).as_str()] {
            assert_eq!(id(text), None);
        }
    }

    #[test]
    fn only_an_answer_says_what_is_there() {
        let answer = |problem| ClientAnswer::from(Err(SourceError::new("GET x", problem)));
        for refused in [Problem::Unauthorized, Problem::Forbidden] {
            assert!(matches!(answer(refused), ClientAnswer::Refused(_)));
        }
        for unknown in [Problem::Timeout(5), Problem::Status(500), Problem::Malformed("".into())] {
            assert!(matches!(answer(unknown), ClientAnswer::Unreachable(_)));
        }
    }
}
