//! Which column of which table holds what of a record, for the tables that plans write.
//!
//! Columns that change together form a group, and an update sets only the groups that differ: a
//! listing with a new remote id does not rewrite its facts. This module knows the rows of the
//! domain and how they are stored; it does not know why they change.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Value};
use shelfread_domain::{
    ExternalId, ExternalIdRecord, Field, Fields, ItemId, ItemKind, ItemRecord, ItemStatus,
    LibraryId, ListingId, ListingRecord, MatchBasis, OverrideRecord, PlayState, ProgressRecord,
    RemoteId, RunId, SettingsRecord, Standing, ViewerId,
};

use crate::bulk;
use crate::cell::{Cell, from_json, word};
use crate::error::Result;
use crate::line::Line;
use crate::sql::{Column, Rows, Session, Ty, cell};

/// Some columns of a table and how to fill them.
pub struct Group<R: 'static> {
    pub columns: &'static [Column],
    pub push: fn(&R, &mut Vec<Value>),
    pub differ: fn(&R, &R) -> bool,
}

macro_rules! group {
    ($record:ty, $r:ident { $($column:ident: $ty:ident = $value:expr),+ $(,)? }) => {
        $crate::mapping::Group::<$record> {
            columns: &[$((stringify!($column), $crate::sql::Ty::$ty)),+],
            push: |$r, cells| { $(cells.push($value.to_cell());)+ },
            differ: |a, b| {
                $({
                    let $r = a;
                    let old = &$value;
                    let $r = b;
                    if *old != $value {
                        return true;
                    }
                })+
                false
            },
        }
    };
}

pub(crate) use group;

/// A table and the record that it holds.
pub struct Mapping<R: 'static> {
    pub table: &'static str,
    pub key: Group<R>,
    pub groups: &'static [Group<R>],
    /// Whether new rows say which run made them.
    pub by_run: bool,
    /// Whether rows say when they were last changed.
    pub updated: bool,
}

/// Which run writes, and when.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    pub run: RunId,
    pub now: DateTime<Utc>,
}

impl<R> Mapping<R> {
    /// The columns of the primary key.
    pub const fn key_columns(&self) -> &'static [Column] {
        self.key.columns
    }

    /// The keys of these records.
    pub fn keys<'a>(&self, records: impl IntoIterator<Item = &'a R>) -> Rows {
        let mut rows = Rows::new(self.key.columns.len(), 0);
        records.into_iter().for_each(|record| (self.key.push)(record, &mut rows.cells));
        rows
    }

    /// Inserts new rows.
    pub async fn insert<C: ConnectionTrait>(
        &self,
        session: &Session<C>,
        records: &[&R],
        stamp: Stamp,
    ) -> Result<()> {
        let mut columns = self.key.columns.to_vec();
        self.groups.iter().for_each(|group| columns.extend(group.columns));
        let mut stamps = Vec::new();
        if self.by_run {
            columns.push(("created_run_id", Ty::Uuid));
            stamps.push(stamp.run.to_cell());
        }
        columns.push(("created_at", Ty::Time));
        stamps.push(stamp.now.to_cell());
        if self.updated {
            columns.push(("updated_at", Ty::Time));
            stamps.push(stamp.now.to_cell());
        }
        let mut rows = Rows::new(columns.len(), records.len());
        for record in records {
            (self.key.push)(record, &mut rows.cells);
            self.groups.iter().for_each(|group| (group.push)(record, &mut rows.cells));
            rows.cells.extend(stamps.iter().cloned());
        }
        bulk::insert(session, self.table, &columns, rows).await
    }

    /// Brings rows from what they were to what they shall be.
    pub async fn update<C: ConnectionTrait>(
        &self,
        session: &Session<C>,
        changes: &[(&R, &R)],
        stamp: Stamp,
    ) -> Result<()> {
        let mask = |(before, after): &(&R, &R)| {
            let differ = self.groups.iter().map(|group| (group.differ)(before, after));
            differ.enumerate().fold(0_u32, |mask, (i, d)| mask | u32::from(d) << i)
        };
        let mut masked: Vec<_> = changes.iter().map(|change| (mask(change), change.1)).collect();
        masked.sort_by_key(|(mask, _)| *mask);
        for same in masked.chunk_by(|a, b| a.0 == b.0).filter(|same| same[0].0 != 0) {
            self.update_groups(session, same[0].0, same, stamp).await?;
        }
        Ok(())
    }

    async fn update_groups<C: ConnectionTrait>(
        &self,
        session: &Session<C>,
        mask: u32,
        records: &[(u32, &R)],
        stamp: Stamp,
    ) -> Result<()> {
        let groups = || self.groups.iter().enumerate().filter(|(i, _)| mask & (1 << i) != 0);
        let mut columns = self.key.columns.to_vec();
        groups().for_each(|(_, group)| columns.extend(group.columns));
        if self.updated {
            columns.push(("updated_at", Ty::Time));
        }
        let mut rows = Rows::new(columns.len(), records.len());
        for (_, record) in records {
            (self.key.push)(record, &mut rows.cells);
            groups().for_each(|(_, group)| (group.push)(record, &mut rows.cells));
            if self.updated {
                rows.cells.push(stamp.now.to_cell());
            }
        }
        bulk::update(session, self.table, self.key.columns.len(), &columns, rows).await
    }

    /// Deletes rows.
    pub async fn delete<C: ConnectionTrait>(
        &self,
        session: &Session<C>,
        records: &[&R],
    ) -> Result<()> {
        let keys = self.keys(records.iter().copied());
        bulk::delete(session, self.table, self.key.columns, &keys).await
    }
}

/// Table `items`.
pub const ITEMS: Mapping<ItemRecord> = Mapping {
    table: "items",
    key: group!(ItemRecord, r { id: Uuid = r.id }),
    groups: &[
        // What the unique indices are made of: set to NULL together while rows change places.
        group!(
            ItemRecord,
            r {
                kind: Text = r.kind,
                parent_id: Uuid = r.parent_id,
                season_number: Int = r.season_number,
                episode_number: Int = r.episode_number,
                air_date: Date = r.fields.air_date,
            }
        ),
        group!(
            ItemRecord,
            r {
                title: Text = r.fields.title,
                sort_title: Text = r.fields.sort_title.as_deref().unwrap_or_default(),
                title_key: Text = r.title_key,
                year: Int = r.fields.year,
            }
        ),
        group!(
            ItemRecord,
            r {
                absolute_number: Int = r.absolute_number,
                runtime_seconds: Big = r.fields.runtime_seconds,
                overview: Text = r.fields.overview,
            }
        ),
        group!(ItemRecord, r { poster_url: Text = r.fields.poster_url }),
        // New items come with a listing that says they are there, most of the time. What does not
        // is set right when the listings are written; from then on the database keeps it.
        group!(ItemRecord, _r { presence: Text = ItemStatus::Available.as_str() }),
    ],
    by_run: true,
    updated: true,
};

/// The columns that [`item`] reads, of a table with this alias.
pub const ITEM: &str = "i.id, i.kind, i.parent_id, i.season_number, i.episode_number, \
    i.absolute_number, i.title, i.sort_title, i.overview, i.year, i.air_date, i.runtime_seconds, \
    i.poster_url, i.title_key, i.created_run_id";

/// Reads a row of [`ITEM`].
pub fn item(row: &impl Line) -> Result<ItemRecord> {
    let kind: String = cell(row, 1)?;
    let sort_title: String = cell(row, 7)?;
    Ok(ItemRecord {
        id: ItemId(cell(row, 0)?),
        kind: word(kind.parse().ok(), &kind, "items.kind")?,
        parent_id: cell::<Option<_>>(row, 2)?.map(ItemId),
        season_number: cell(row, 3)?,
        episode_number: cell(row, 4)?,
        absolute_number: cell(row, 5)?,
        fields: Fields {
            title: Some(cell(row, 6)?),
            sort_title: Some(sort_title).filter(|text| !text.is_empty()),
            overview: cell(row, 8)?,
            year: cell(row, 9)?,
            air_date: cell(row, 10)?,
            runtime_seconds: cell(row, 11)?,
            poster_url: cell(row, 12)?,
        },
        title_key: cell(row, 13)?,
        created_run_id: cell::<Option<_>>(row, 14)?.map(RunId),
    })
}

/// Table `listings`.
pub const LISTINGS: Mapping<ListingRecord> = Mapping {
    table: "listings",
    key: group!(ListingRecord, r { id: Uuid = r.id }),
    groups: &[
        // What foreign keys and triggers watch stays apart from what every relink changes: SQLite
        // would keep a copy of every page that such an update touches.
        group!(ListingRecord, r { library_id: Uuid = r.library_id }),
        // A listing that makes room for another one is parked under another part, so all of its
        // place is written whatever of it changes.
        Group {
            differ: |a, b| {
                (a.library_id, &a.remote_id, a.part) != (b.library_id, &b.remote_id, b.part)
            },
            ..group!(ListingRecord, r { remote_id: Text = r.remote_id, part: Int = r.part })
        },
        group!(
            ListingRecord,
            r { kind: Text = r.kind, item_id: Uuid = r.item_id, review: Json = r.review }
        ),
        group!(ListingRecord, r { match_basis: Text = r.match_basis }),
        group!(ListingRecord, r { fingerprint: Big = r.fingerprint }),
        group!(ListingRecord, r { parent_remote_id: Text = r.parent_remote_id }),
        group!(ListingRecord, r { file_key: Big = r.file_key, moved_key: Big = r.moved_key }),
        group!(
            ListingRecord,
            r { missing_since: Time = r.missing_since, kept_since: Time = r.kept_since }
        ),
        group!(ListingRecord, r { standing: Int = standing(r.standing()) }),
        group!(ListingRecord, r { play: Json = r.play }),
        group!(ListingRecord, r { facts: Json = *r.facts }),
    ],
    by_run: true,
    updated: true,
};

/// The columns that [`listing`] reads.
pub const LISTING: &str = "l.id, l.library_id, l.remote_id, l.part, l.kind, l.parent_remote_id, \
    l.item_id, CAST(l.facts AS text), CAST(l.play AS text), l.fingerprint, l.file_key, \
    l.moved_key, l.match_basis, CAST(l.review AS text), l.missing_since, l.kept_since, \
    l.created_run_id";

/// Reads a row of [`LISTING`].
pub fn listing(row: &impl Line) -> Result<ListingRecord> {
    let kind: String = cell(row, 4)?;
    let basis: String = cell(row, 12)?;
    let facts: String = cell(row, 7)?;
    let play: Option<String> = cell(row, 8)?;
    let review: Option<String> = cell(row, 13)?;
    Ok(ListingRecord {
        id: ListingId(cell(row, 0)?),
        library_id: LibraryId(cell(row, 1)?),
        remote_id: RemoteId(cell(row, 2)?),
        part: part(cell(row, 3)?)?,
        kind: word(kind.parse().ok(), &kind, "listings.kind")?,
        parent_remote_id: cell::<Option<_>>(row, 5)?.map(RemoteId),
        item_id: cell::<Option<_>>(row, 6)?.map(ItemId),
        facts: Arc::new(from_json(&facts, "listings.facts")?),
        play: play.map(|text| from_json(&text, "listings.play")).transpose()?,
        fingerprint: cell(row, 9)?,
        file_key: cell(row, 10)?,
        moved_key: cell(row, 11)?,
        match_basis: word(MatchBasis::parse(&basis), &basis, "listings.match_basis")?,
        review: review.map(|text| from_json(&text, "listings.review")).transpose()?,
        missing_since: cell(row, 14)?,
        kept_since: cell(row, 15)?,
        created_run_id: cell::<Option<_>>(row, 16)?.map(RunId),
    })
}

/// The number that the database has for what a listing proves.
pub const fn standing(standing: Standing) -> i32 {
    match standing {
        Standing::Absent => 0,
        Standing::Unmonitored => 1,
        Standing::Wanted => 2,
        Standing::There => 3,
    }
}

/// Reads a part.
pub fn part(stored: i32) -> Result<u16> {
    word(u16::try_from(stored).ok(), &stored.to_string(), "listings.part")
}

/// Table `external_ids`.
pub const EXTERNAL_IDS: Mapping<ExternalIdRecord> = Mapping {
    table: "external_ids",
    key: group!(
        ExternalIdRecord,
        r {
            kind: Text = r.kind,
            provider: Text = r.id.provider.as_str(),
            value: Text = r.id.value(),
        }
    ),
    groups: &[group!(ExternalIdRecord, r { item_id: Uuid = r.item_id })],
    by_run: false,
    updated: false,
};

/// The columns that [`external_id`] reads.
pub const EXTERNAL_ID: &str = "e.item_id, e.kind, e.provider, e.value";

/// Reads a row of [`EXTERNAL_ID`].
pub fn external_id(row: &impl Line) -> Result<ExternalIdRecord> {
    let kind: String = cell(row, 1)?;
    let (provider, value): (String, String) = (cell(row, 2)?, cell(row, 3)?);
    let kind: ItemKind = word(kind.parse().ok(), &kind, "external_ids.kind")?;
    let id = word(ExternalId::parse(&provider, &value), &value, "external_ids.value")?;
    Ok(ExternalIdRecord { item_id: ItemId(cell(row, 0)?), kind, id })
}

/// Table `progress`.
pub const PROGRESS: Mapping<ProgressRecord> = Mapping {
    table: "progress",
    key: group!(ProgressRecord, r { item_id: Uuid = r.item_id, viewer_id: Uuid = r.viewer_id }),
    groups: &[group!(
        ProgressRecord,
        r {
            position_seconds: Big = r.state.position_seconds,
            played: Bool = r.state.played,
            play_count: Int = r.state.play_count,
            last_played_at: Time = r.state.last_played_at,
            carried: Bool = r.state.carried,
        }
    )],
    by_run: false,
    updated: true,
};

/// The columns that [`progress`] reads.
pub const PROGRESS_COLUMNS: &str = "p.item_id, p.viewer_id, p.position_seconds, p.played, \
    p.play_count, p.last_played_at, p.carried";

/// Reads a row of [`PROGRESS_COLUMNS`].
pub fn progress(row: &impl Line) -> Result<ProgressRecord> {
    Ok(ProgressRecord {
        item_id: ItemId(cell(row, 0)?),
        viewer_id: ViewerId(cell(row, 1)?),
        state: PlayState {
            position_seconds: cell(row, 2)?,
            played: cell(row, 3)?,
            play_count: cell(row, 4)?,
            last_played_at: cell(row, 5)?,
            carried: cell(row, 6)?,
        },
    })
}

/// The columns that [`override_`] reads.
pub const OVERRIDE: &str = "o.item_id, o.field, o.value";

/// Reads a row of [`OVERRIDE`].
pub fn override_(row: &impl Line) -> Result<OverrideRecord> {
    let field: String = cell(row, 1)?;
    let field: Field = word(field.parse().ok(), &field, "overrides.field")?;
    Ok(OverrideRecord { item_id: ItemId(cell(row, 0)?), field, value: cell(row, 2)? })
}

/// The columns that [`settings`] reads.
pub const SETTINGS: &str =
    "s.item_id, s.auto_download, s.status, s.downloaded_at, CAST(s.extra AS text)";

/// Reads a row of [`SETTINGS`].
pub fn settings(row: &impl Line) -> Result<SettingsRecord> {
    let extra: Option<String> = cell(row, 4)?;
    Ok(SettingsRecord {
        item_id: ItemId(cell(row, 0)?),
        auto_download: cell(row, 1)?,
        status: cell(row, 2)?,
        downloaded_at: cell(row, 3)?,
        extra: extra.map(|text| from_json(&text, "item_settings.extra")).transpose()?,
    })
}
