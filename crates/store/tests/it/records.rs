//! Rows with as little in them as a test needs.

use shelfread_domain::{
    ExternalId, ExternalIdRecord, Facts, Field, Fields, FileRef, ItemId, ItemKind, ItemRecord,
    LibraryId, ListingId, ListingRecord, MatchBasis, OverrideRecord, PlayState, ProgressRecord,
    RemoteId, RunId, SettingsRecord, ViewerId,
};
use uuid::Uuid;

use crate::db::later;

pub fn item(kind: ItemKind, title: &str) -> ItemRecord {
    ItemRecord {
        id: ItemId(Uuid::now_v7()),
        kind,
        parent_id: None,
        season_number: None,
        episode_number: None,
        absolute_number: None,
        fields: Fields {
            title: Some(title.to_owned()),
            sort_title: Some(title.to_lowercase()),
            year: Some(1995),
            ..Fields::default()
        },
        title_key: Some(title.to_lowercase()).filter(|_| kind.is_top()),
        created_run_id: None,
    }
}

pub fn movie(title: &str) -> ItemRecord {
    item(ItemKind::Movie, title)
}

pub fn show(title: &str) -> ItemRecord {
    item(ItemKind::Show, title)
}

pub fn season(show: &ItemRecord, season: i32) -> ItemRecord {
    ItemRecord {
        parent_id: Some(show.id),
        season_number: Some(season),
        ..item(ItemKind::Season, &format!("Season {season}"))
    }
}

pub fn episode(show: &ItemRecord, season: i32, episode: i32) -> ItemRecord {
    ItemRecord {
        parent_id: Some(show.id),
        season_number: Some(season),
        episode_number: Some(episode),
        ..item(ItemKind::Episode, &format!("{season}x{episode}"))
    }
}

pub fn listing(library: LibraryId, remote_id: &str, item: &ItemRecord) -> ListingRecord {
    let facts = Facts {
        title: item.fields.title.clone(),
        files: vec![FileRef::new(format!("/data/{remote_id}/film.mkv"), Some(700))],
        ..Facts::default()
    };
    ListingRecord {
        id: ListingId(Uuid::now_v7()),
        library_id: library,
        remote_id: RemoteId(remote_id.to_owned()),
        part: 0,
        kind: item.kind,
        parent_remote_id: None,
        item_id: Some(item.id),
        file_key: facts.file_key(),
        facts: facts.into(),
        play: None,
        fingerprint: i64::MIN,
        moved_key: None,
        match_basis: MatchBasis::New,
        review: None,
        missing_since: None,
        kept_since: None,
        created_run_id: None,
    }
}

pub fn external(item: &ItemRecord, provider: &str, value: &str) -> ExternalIdRecord {
    let id = ExternalId::parse(provider, value).unwrap();
    ExternalIdRecord { item_id: item.id, kind: item.kind, id }
}

pub fn progress(item: &ItemRecord, viewer: ViewerId, position: i64) -> ProgressRecord {
    let state = PlayState {
        position_seconds: position,
        played: true,
        play_count: 2,
        last_played_at: Some(later(-60)),
        carried: false,
    };
    ProgressRecord { item_id: item.id, viewer_id: viewer, state }
}

pub fn settings(item: &ItemRecord) -> SettingsRecord {
    SettingsRecord {
        item_id: item.id,
        auto_download: true,
        status: Some("wanted".to_owned()),
        downloaded_at: Some(later(-5)),
        extra: Some(serde_json::json!({"quality": ["4K", "HDR"]})),
    }
}

pub fn corrected(item: &ItemRecord, field: Field, value: Option<&str>) -> OverrideRecord {
    OverrideRecord { item_id: item.id, field, value: value.map(str::to_owned) }
}

/// The same row after this run inserted it.
pub trait MadeBy {
    #[must_use]
    fn made_by(self, run: RunId) -> Self;
}

impl MadeBy for ItemRecord {
    fn made_by(self, run: RunId) -> Self {
        Self { created_run_id: Some(run), ..self }
    }
}

impl MadeBy for ListingRecord {
    fn made_by(self, run: RunId) -> Self {
        Self { created_run_id: Some(run), ..self }
    }
}
