//! The journal: what a run did to which row, and from what to what, so that it can be shown and
//! reverted.
//!
//! - A removal has the whole row as `before`; what depends on an item (external ids, progress,
//!   settings, overrides) has whole rows always.
//! - An update of an item or listing has only the members that differ (of a listing's `facts`,
//!   only the facts that differ); `null` means absent. See [`patched`].
//! - New items and listings are not journalled: `created_run_id` tells them. Nor is what is new
//!   along with a new item.

mod patch;

use std::collections::HashSet;

use sea_orm::{QueryResult, Value as Cellular};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use shelfread_domain::{ItemId, ItemKind, MatchBasis, Op, Plan, Row, RunId};
use uuid::Uuid;

use crate::apply::{Net, Sorted, net};
use crate::batch::Batch;
use crate::bulk;
use crate::cell::{Cell, from_json, word};
use crate::error::{Result, StoreError};
use crate::sql::{Column, Rows, Ty, cell};
use patch::{FACTS, images};

/// How a journalled change stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeState {
    /// Done.
    Applied,
    /// Waits for a person.
    Held,
    /// A person let it happen: the run of the approval did it.
    Approved,
    /// A person decided against it.
    Discarded,
    /// It no longer fitted when a person approved it.
    Stale,
    /// A later run held other removals of the same library, or none.
    Superseded,
    /// Done and taken back.
    Reverted,
}

impl ChangeState {
    /// The text that the database uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Held => "held",
            Self::Approved => "approved",
            Self::Discarded => "discarded",
            Self::Stale => "stale",
            Self::Superseded => "superseded",
            Self::Reverted => "reverted",
        }
    }

    /// Reads that text back.
    pub fn parse(text: &str) -> Option<Self> {
        let waited = [Self::Held, Self::Approved, Self::Discarded, Self::Stale, Self::Superseded];
        [Self::Applied, Self::Reverted]
            .into_iter()
            .chain(waited)
            .find(|state| state.as_str() == text)
    }
}

/// One line of the journal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RunChange {
    /// Its place within the run, from 1.
    pub seq: i64,
    /// What was done.
    pub op: Op,
    /// To which kind of row, as in [`Row::entity`].
    pub entity: String,
    /// The item that it is about; it may be gone.
    pub item_id: Option<ItemId>,
    /// The item or listing that was changed; `None` for rows that have no id of their own.
    pub entity_id: Option<Uuid>,
    /// The kind of the item.
    pub kind: ItemKind,
    /// How a person would call it.
    pub label: String,
    /// See the module.
    pub before: Option<Value>,
    /// See the module.
    pub after: Option<Value>,
    /// Why.
    pub reason: String,
    /// By which rule, where one matched.
    pub basis: Option<MatchBasis>,
    /// How it stands.
    pub state: ChangeState,
}

impl RunChange {
    /// The row as it was, where the journal has it whole: of removals, and of rows without an id.
    ///
    /// # Errors
    /// When the stored row cannot be read.
    pub fn whole_before(&self) -> Result<Option<Row>> {
        self.whole(self.before.as_ref(), self.after.is_some())
    }

    /// The row as it became, where the journal has it whole.
    ///
    /// # Errors
    /// When the stored row cannot be read.
    pub fn whole_after(&self) -> Result<Option<Row>> {
        self.whole(self.after.as_ref(), self.before.is_some())
    }

    fn whole(&self, value: Option<&Value>, is_update: bool) -> Result<Option<Row>> {
        let is_patch = is_update && matches!(self.entity.as_str(), "item" | "listing");
        match value {
            Some(value) if !is_patch => row(&self.entity, value.clone()).map(Some),
            _ => Ok(None),
        }
    }
}

/// A row with what the journal has of it put in: with `before` the row as it was, with `after` as
/// it became.
///
/// # Errors
/// When the result is no row.
pub fn patched(current: &Row, patch: &Value) -> Result<Row> {
    let mut value = match current {
        Row::Item(r) => serde_json::to_value(r),
        Row::Listing(r) => serde_json::to_value(r),
        Row::ExternalId(r) => serde_json::to_value(r),
        Row::Progress(r) => serde_json::to_value(r),
        Row::Settings(r) => serde_json::to_value(r),
        Row::Override(r) => serde_json::to_value(r),
    }
    .map_err(|e| StoreError::corrupt(e.to_string(), "a row"))?;
    if let (Value::Object(value), Value::Object(patch)) = (&mut value, patch) {
        merge(value, patch);
    }
    row(current.entity(), value)
}

fn merge(object: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, new) in patch {
        match (object.get_mut(key), new) {
            (_, Value::Null) => drop(object.remove(key)),
            (Some(Value::Object(facts)), Value::Object(new)) if key == FACTS => merge(facts, new),
            _ => drop(object.insert(key.clone(), new.clone())),
        }
    }
}

fn row(entity: &str, value: Value) -> Result<Row> {
    fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
        serde_json::from_value(value).map_err(|e| StoreError::corrupt(e.to_string(), "run_changes"))
    }
    Ok(match entity {
        "item" => Row::Item(read(value)?),
        "listing" => Row::Listing(read(value)?),
        "external_id" => Row::ExternalId(read(value)?),
        "progress" => Row::Progress(read(value)?),
        "settings" => Row::Settings(read(value)?),
        "override" => Row::Override(read(value)?),
        other => {
            return Err(StoreError::corrupt(format!("unknown entity '{other}'"), "run_changes"));
        }
    })
}

const fn own_id(row: &Row) -> Option<Uuid> {
    match row {
        Row::Item(r) => Some(r.id.0),
        Row::Listing(r) => Some(r.id.0),
        _ => None,
    }
}

fn is_made_by(row: &Row, run: RunId) -> bool {
    match row {
        Row::Item(r) => r.created_run_id == Some(run),
        Row::Listing(r) => r.created_run_id == Some(run),
        _ => false,
    }
}

const COLUMNS: [Column; 13] = [
    ("run_id", Ty::Uuid),
    ("seq", Ty::Big),
    ("op", Ty::Text),
    ("entity", Ty::Text),
    ("item_id", Ty::Uuid),
    ("entity_id", Ty::Uuid),
    ("kind", Ty::Text),
    ("label", Ty::Text),
    ("before", Ty::Json),
    ("after", Ty::Json),
    ("reason", Ty::Text),
    ("basis", Ty::Text),
    ("state", Ty::Text),
];

impl Batch {
    /// Records a plan that was not applied: removals that wait for a person.
    ///
    /// # Errors
    /// What the database says.
    pub async fn journal(&mut self, run: RunId, plan: &Plan, state: ChangeState) -> Result<()> {
        self.check()?;
        let all = net(&plan.changes);
        let written = self.journal_all(all.iter(), run, state).await;
        self.guard(written)
    }

    pub(crate) async fn journal_applied(
        &mut self,
        net: &[Net<'_>],
        sorted: &Sorted<'_>,
        run: RunId,
    ) -> Result<()> {
        let new: HashSet<_> = sorted.items.insert.iter().map(|item| item.id).collect();
        let told = |net: &&Net<'_>| match (net.before, net.after) {
            (None, Some(Row::Item(_) | Row::Listing(_))) => false,
            (None, Some(row)) => row.item_id().is_none_or(|item| !new.contains(&item)),
            (Some(before), Some(_)) => !is_made_by(before, run),
            _ => true,
        };
        self.journal_all(net.iter().filter(told), run, ChangeState::Applied).await
    }

    async fn journal_all<'a>(
        &mut self,
        all: impl Iterator<Item = &'a Net<'a>>,
        run: RunId,
        state: ChangeState,
    ) -> Result<()> {
        let mut rows = Rows::new(COLUMNS.len(), 0);
        for net in all {
            push(&mut rows.cells, net, run, state);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let first = self.take_seq(run, rows.len()).await?;
        for (seq, row) in (first..).zip(rows.cells.chunks_mut(COLUMNS.len())) {
            row[1] = seq.into();
        }
        bulk::insert(&self.session, "run_changes", &COLUMNS, rows).await
    }
}

fn push(cells: &mut Vec<Cellular>, net: &Net<'_>, run: RunId, state: ChangeState) {
    let change = net.change;
    let row = net.before.or(net.after);
    let (before, after) = images(net.before, net.after);
    cells.extend([
        run.to_cell(),
        Cellular::BigInt(None),
        change.op.to_cell(),
        row.map(Row::entity).to_cell(),
        row.and_then(Row::item_id).to_cell(),
        row.and_then(own_id).to_cell(),
        change.kind.to_cell(),
        change.label.to_cell(),
        before.to_cell(),
        after.to_cell(),
        change.reason.as_ref().to_cell(),
        change.basis.to_cell(),
        state.as_str().to_cell(),
    ]);
}

/// The columns that [`run_change`] reads.
pub(crate) const RUN_CHANGE: &str = "seq, op, entity, item_id, entity_id, kind, label, \
    CAST(before AS text), CAST(after AS text), reason, basis, state";

/// Reads a row of [`RUN_CHANGE`].
pub(crate) fn run_change(row: &QueryResult) -> Result<RunChange> {
    let text = |index| cell::<String>(row, index);
    let image = |index| {
        cell::<Option<String>>(row, index)?.map(|text| from_json(&text, "run_changes")).transpose()
    };
    let basis: Option<String> = cell(row, 10)?;
    Ok(RunChange {
        seq: cell(row, 0)?,
        op: word(Op::parse(&text(1)?), &text(1)?, "run_changes.op")?,
        entity: text(2)?,
        item_id: cell::<Option<_>>(row, 3)?.map(ItemId),
        entity_id: cell(row, 4)?,
        kind: word(text(5)?.parse().ok(), &text(5)?, "run_changes.kind")?,
        label: text(6)?,
        before: image(7)?,
        after: image(8)?,
        reason: text(9)?,
        basis: basis
            .map(|text| word(MatchBasis::parse(&text), &text, "run_changes.basis"))
            .transpose()?,
        state: word(ChangeState::parse(&text(11)?), &text(11)?, "run_changes.state")?,
    })
}
