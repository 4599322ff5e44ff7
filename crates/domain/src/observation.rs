//! One remote item as an adapter read it, before it is matched.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::facts::Facts;
use crate::file::FileRef;
use crate::id::RemoteId;
use crate::item::ItemKind;
use crate::text::{MAX_PATH, is_bounded};

/// Play state of an item for the viewer whose state the source reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlayState {
    /// Where the viewer stopped, in seconds; 0 at the start or the end.
    pub position_seconds: i64,
    /// Whether the viewer has seen it.
    pub played: bool,
    /// How often.
    pub play_count: i32,
    /// When last; `None` for never or unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_played_at: Option<DateTime<Utc>>,
    /// The source no longer says it: it was rebuilt under new ids and forgot. Such a state stays
    /// until the source says another one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carried: bool,
}

impl PlayState {
    /// Whether nothing was ever played.
    pub const fn is_blank(&self) -> bool {
        self.position_seconds == 0
            && !self.played
            && self.play_count == 0
            && self.last_played_at.is_none()
    }

    /// Of two states of one item the one to believe: the newer; at equal times the further one.
    #[must_use]
    pub fn newer(self, other: Self) -> Self {
        let rank = |s: &Self| (s.last_played_at, s.played, s.play_count, s.position_seconds);
        if rank(&other) > rank(&self) { other } else { self }
    }
}

/// One remote item as an adapter read it.
///
/// A file that holds several episodes is several observations with one `remote_id` and the parts
/// `0..n`. Two versions that the source itself groups are one observation with two files.
/// Observations of shows come before those of their seasons and episodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observation {
    /// The source's name for it.
    pub remote_id: RemoteId,
    /// 0, or the place within a file that holds several episodes.
    pub part: u16,
    /// What it is.
    pub kind: ItemKind,
    /// The remote id of its show; seasons and episodes only.
    pub parent: Option<RemoteId>,
    /// What the source says of it.
    pub facts: Facts,
    /// What the viewer did with it; `None` when the source knows no viewer or nothing was played.
    pub play: Option<PlayState>,
    /// A file that tells this item again after its folder was renamed (for a show: a file of its
    /// first episode). Only folders have one.
    pub anchor: Option<FileRef>,
}

impl Observation {
    /// An observation without facts.
    pub fn new(remote_id: impl Into<RemoteId>, kind: ItemKind) -> Self {
        Self {
            remote_id: remote_id.into(),
            part: 0,
            kind,
            parent: None,
            facts: Facts::default(),
            play: None,
            anchor: None,
        }
    }

    /// Brings all values within their bounds; see [`Facts::normalize`].
    ///
    /// # Errors
    /// When there is no usable remote id, or a season or episode that names no show: nothing can
    /// be recorded of it.
    pub fn normalize(mut self) -> Result<Self, Unusable> {
        self.facts.normalize();
        if !is_bounded(self.remote_id.as_str(), MAX_PATH) {
            return Err(Unusable::RemoteId(self.label()));
        }
        if !self.kind.is_top() && self.parent.is_none() {
            return Err(Unusable::NoShow(self.label()));
        }
        self.play = self.play.filter(|p| !p.is_blank()).map(|p| PlayState {
            position_seconds: p.position_seconds.clamp(0, 7 * 24 * 3600),
            play_count: p.play_count.clamp(0, 1_000_000),
            // As fine as the fingerprint: databases keep less than some servers say.
            last_played_at: p.last_played_at.map(|t| t.trunc_subsecs(3)),
            ..p
        });
        Ok(self)
    }

    /// The key by which a renamed folder is recognized; see [`FileRef::moved_key`].
    pub fn moved_key(&self) -> Option<i64> {
        self.anchor.as_ref().and_then(FileRef::moved_key)
    }

    /// How a person would call it, for messages: title, numbers, and the remote id when there is
    /// nothing better.
    pub fn label(&self) -> String {
        let title = self.facts.title.as_deref().unwrap_or(self.remote_id.as_str());
        match (self.kind, self.facts.season_number, self.facts.episode_number) {
            (ItemKind::Episode, Some(s), Some(e)) => format!("S{s:02}E{e:02} {title}"),
            (ItemKind::Season, Some(s), _) => format!("season {s}"),
            _ => title.to_owned(),
        }
    }

    /// Equal for equal observations of the same viewer; what is stored to tell in the next run
    /// that nothing changed. `viewer` is the remote user whose play state this is.
    pub fn fingerprint(&self, viewer: Option<&str>) -> i64 {
        let mut digest = Digest::new();
        digest.text(self.kind.as_str());
        digest.opt_text(self.parent.as_ref().map(RemoteId::as_str));
        self.digest_facts(&mut digest);
        digest.opt_text(viewer);
        digest.opt(self.play.as_ref(), |d, p| {
            d.number(p.position_seconds);
            d.number(i64::from(p.played));
            d.number(i64::from(p.play_count));
            d.opt_number(p.last_played_at.map(|t| t.timestamp_millis()));
        });
        digest.opt(self.anchor.as_ref(), Digest::file);
        digest.finish()
    }

    fn digest_facts(&self, d: &mut Digest) {
        let f = &self.facts;
        for text in [&f.title, &f.sort_title, &f.overview, &f.poster_url, &f.slug] {
            d.opt_text(text.as_deref());
        }
        for number in [f.year, f.season_number, f.episode_number, f.absolute_number] {
            d.opt_number(number.map(i64::from));
        }
        d.opt_number(f.air_date.map(|date| i64::from(chrono::Datelike::num_days_from_ce(&date))));
        d.opt_number(f.runtime_seconds);
        d.opt_number(f.monitored.map(i64::from));
        d.opt_number(f.added_at.map(|t| t.timestamp_millis()));
        // Said only when it is so: it was added when fingerprints had been stored already.
        if f.trashed {
            d.number(-1);
        }
        d.number(f.external_ids.len() as i64);
        for id in &f.external_ids {
            d.text(id.provider.as_str());
            d.text(id.value());
        }
        d.number(f.files.len() as i64);
        for file in &f.files {
            d.file(file);
        }
    }
}

/// Nothing can be recorded of such an observation.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unusable {
    /// Empty, too long, or with control characters.
    #[error("'{0}' has no usable id")]
    RemoteId(String),
    /// A season or episode without a show.
    #[error("'{0}' names no show")]
    NoShow(String),
}

/// Feeds values to a hash so that no two different sequences read the same. Written out, because
/// the derived `Hash` of the standard library may change between compilers and this is stored.
struct Digest(Vec<u8>);

impl Digest {
    /// With room for what most observations say.
    fn new() -> Self {
        Self(Vec::with_capacity(2_048))
    }

    fn number(&mut self, n: i64) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as i64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn opt<T>(&mut self, value: Option<T>, feed: impl FnOnce(&mut Self, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            feed(self, value);
        }
    }

    fn opt_number(&mut self, n: Option<i64>) {
        self.opt(n, Self::number);
    }

    fn opt_text(&mut self, text: Option<&str>) {
        self.opt(text, Self::text);
    }

    fn file(&mut self, file: &FileRef) {
        self.text(&file.path);
        self.opt_number(file.size.map(|s| s as i64));
        self.opt_number(file.modified.and_then(|t| t.timestamp_nanos_opt()));
    }

    fn finish(&self) -> i64 {
        XxHash3_64::oneshot(&self.0) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_sees_every_field() {
        let base = Observation::new("1", ItemKind::Movie);
        let change = |f: fn(&mut Observation)| {
            let mut o = base.clone();
            f(&mut o);
            o.fingerprint(Some("anna"))
        };
        let prints = [
            base.fingerprint(Some("anna")),
            base.fingerprint(None),
            change(|o| o.kind = ItemKind::Show),
            change(|o| o.parent = Some("p".into())),
            change(|o| o.facts.title = Some("a".into())),
            change(|o| o.facts.sort_title = Some("a".into())),
            change(|o| o.facts.overview = Some("a".into())),
            change(|o| o.facts.poster_url = Some("a".into())),
            change(|o| o.facts.slug = Some("a".into())),
            change(|o| o.facts.year = Some(1)),
            change(|o| o.facts.season_number = Some(1)),
            change(|o| o.facts.episode_number = Some(1)),
            change(|o| o.facts.absolute_number = Some(1)),
            change(|o| o.facts.air_date = NaiveDate::from_ymd_opt(2000, 1, 1)),
            change(|o| o.facts.runtime_seconds = Some(1)),
            change(|o| o.facts.monitored = Some(false)),
            change(|o| o.facts.added_at = Some(DateTime::UNIX_EPOCH)),
            change(|o| o.facts.trashed = true),
            change(|o| o.facts.files = vec![FileRef::new("a", None)]),
            change(|o| o.facts.files = vec![FileRef::new("a", Some(1))]),
            change(|o| o.facts.external_ids.extend(crate::ExternalId::parse("tmdb", "1"))),
            change(|o| o.play = Some(PlayState { played: true, ..PlayState::default() })),
            change(|o| o.anchor = Some(FileRef::new("a", None))),
        ];
        let mut unique = prints.to_vec();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), prints.len());
    }

    use chrono::NaiveDate;

    #[test]
    fn what_nobody_can_record_is_refused() {
        assert!(Observation::new("", ItemKind::Movie).normalize().is_err());
        assert!(Observation::new("a\u{0}", ItemKind::Movie).normalize().is_err());
        assert!(Observation::new("e", ItemKind::Episode).normalize().is_err());
        assert!(Observation::new("m", ItemKind::Movie).normalize().is_ok());
    }
}
