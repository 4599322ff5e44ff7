//! Plans and changes. The plan is a value: the same type is the dry run, the log, the journal, the
//! JSON of the API and the snapshot of a test, and what the store applies.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::id::ItemId;
use crate::item::ItemKind;
use crate::record::{
    ExternalIdRecord, ItemRecord, ListingRecord, MatchBasis, OverrideRecord, ProgressRecord,
    SettingsRecord,
};
use crate::run::{Counts, words};

words! {
    /// What a change does.
    Op {
        /// A row is new.
        Add = "add",
        /// A row has other values.
        Update = "update",
        /// A listing has another remote id and is the same listing.
        Relink = "relink",
        /// A listing is no longer listed by its source and is kept.
        Missing = "missing",
        /// A listing that was missing is listed again.
        Return = "return",
        /// A row goes.
        Remove = "remove",
        /// A listing has no place or a contested one, and waits for a person.
        Quarantine = "quarantine",
    }
}

/// One row of the catalogue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "entity", rename_all = "snake_case")]
pub enum Row {
    /// Table `items`.
    Item(Box<ItemRecord>),
    /// Table `listings`.
    Listing(Box<ListingRecord>),
    /// Table `external_ids`.
    ExternalId(ExternalIdRecord),
    /// Table `progress`.
    Progress(ProgressRecord),
    /// Table `item_settings`. Only a revert plans it, never a sync.
    Settings(Box<SettingsRecord>),
    /// Table `overrides`. Only a revert plans it, never a sync.
    Override(OverrideRecord),
}

impl Row {
    /// The text that the journal uses for the table.
    pub const fn entity(&self) -> &'static str {
        match self {
            Self::Item(_) => "item",
            Self::Listing(_) => "listing",
            Self::ExternalId(_) => "external_id",
            Self::Progress(_) => "progress",
            Self::Settings(_) => "settings",
            Self::Override(_) => "override",
        }
    }

    /// The item that the row is, or belongs to; `None` for a listing without an item.
    pub const fn item_id(&self) -> Option<ItemId> {
        match self {
            Self::Item(r) => Some(r.id),
            Self::Listing(r) => r.item_id,
            Self::ExternalId(r) => Some(r.item_id),
            Self::Progress(r) => Some(r.item_id),
            Self::Settings(r) => Some(r.item_id),
            Self::Override(r) => Some(r.item_id),
        }
    }
}

macro_rules! row_from {
    ($($record:ident => $row:ident($r:ident -> $value:expr);)+) => {$(
        impl From<$record> for Row {
            fn from($r: $record) -> Self {
                Self::$row($value)
            }
        }
    )+};
}

row_from! {
    ItemRecord => Item(r -> Box::new(r));
    ListingRecord => Listing(r -> Box::new(r));
    ExternalIdRecord => ExternalId(r -> r);
    ProgressRecord => Progress(r -> r);
    SettingsRecord => Settings(r -> Box::new(r));
    OverrideRecord => Override(r -> r);
}

/// One step of a plan: a row before and after. `before` alone is a removal, `after` alone an
/// addition, both an update; at least one is there, and both are of the same table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// What it does.
    pub op: Op,
    /// The kind of the item that it is about.
    pub kind: ItemKind,
    /// How a person would call that item.
    pub label: String,
    /// The row that must be there.
    pub before: Option<Row>,
    /// The row that will be there.
    pub after: Option<Row>,
    /// Why.
    pub reason: Cow<'static, str>,
    /// By which rule, where one matched.
    pub basis: Option<MatchBasis>,
}

impl Change {
    /// The row that the change is about.
    pub const fn row(&self) -> Option<&Row> {
        match (&self.after, &self.before) {
            (Some(row), _) | (None, Some(row)) => Some(row),
            (None, None) => None,
        }
    }
}

/// What a run will do with one batch: changes in the order in which they must be applied (parents
/// before children, additions before what refers to them), and what they amount to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The steps.
    pub changes: Vec<Change>,
    /// What they amount to.
    pub counts: Counts,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Puts `other` behind this plan.
    pub fn extend(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.counts += other.counts;
    }
}
