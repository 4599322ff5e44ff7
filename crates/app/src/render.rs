//! Changes as a person reads them: item, field, before → after, why. The same view is the diff of
//! a dry run, of a run's record and of the API.

use serde::Serialize;
use serde_json::{Map, Value};
use shelfread_domain::{Change, Row};
use shelfread_store::RunChange;
use utoipa::ToSchema;

/// One change, as shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ChangeView {
    /// What it does: `add`, `update`, `relink`, `missing`, `return`, `remove`, `quarantine`.
    pub op: String,
    /// The table that it touches.
    pub entity: String,
    /// The kind of the item.
    pub kind: String,
    /// How a person would call the item.
    pub label: String,
    /// The item's id, if it has one.
    pub item: Option<String>,
    /// The values that change, before.
    pub before: Option<Value>,
    /// The same values, after.
    pub after: Option<Value>,
    /// Why.
    pub reason: String,
    /// By which rule.
    pub basis: Option<String>,
}

impl ChangeView {
    /// The view of a planned change.
    pub fn of(change: &Change) -> Self {
        let (before, after) =
            differing(values(change.before.as_ref()), values(change.after.as_ref()));
        let row = change.row();
        Self {
            op: change.op.to_string(),
            entity: row.map_or("", Row::entity).to_owned(),
            kind: change.kind.to_string(),
            label: change.label.clone(),
            item: row.and_then(item_id),
            before,
            after,
            reason: change.reason.clone().into_owned(),
            basis: change.basis.map(|b| b.to_string()),
        }
    }

    /// The view of a change as a run recorded it.
    pub fn of_record(record: &RunChange) -> Self {
        let (before, after) = differing(told(record.before.as_ref()), told(record.after.as_ref()));
        Self {
            op: record.op.to_string(),
            entity: record.entity.clone(),
            kind: record.kind.to_string(),
            label: record.label.clone(),
            item: record.item_id.map(|id| id.to_string()),
            before,
            after,
            reason: record.reason.clone(),
            basis: record.basis.map(|b| b.to_string()),
        }
    }

    /// One or more lines for a terminal.
    pub fn lines(&self) -> Vec<String> {
        let sign = match self.op.as_str() {
            "add" => '+',
            "remove" => '-',
            "relink" => '>',
            "missing" => '?',
            "return" => '<',
            "quarantine" => '!',
            _ => '~',
        };
        let what = if self.entity == "item" {
            format!("{sign} {} {}", self.kind, self.label)
        } else {
            format!("{sign} {} {}: {}", self.kind, self.label, self.entity.replace('_', " "))
        };
        let mut lines = vec![format!("{what}  ({})", self.reason)];
        let both = (self.before.as_ref().and_then(Value::as_object), self.after.as_ref());
        if let (Some(before), Some(Value::Object(after))) = both {
            for (field, value) in after {
                let old = before.get(field).unwrap_or(&Value::Null);
                lines.push(format!("    {field}: {} → {}", short(old), short(value)));
            }
        }
        lines
    }
}

fn item_id(row: &Row) -> Option<String> {
    let id = match row {
        Row::Item(item) => item.id,
        Row::Listing(listing) => listing.item_id?,
        Row::ExternalId(record) => record.item_id,
        Row::Progress(record) => record.item_id,
        Row::Settings(record) => record.item_id,
        Row::Override(record) => record.item_id,
    };
    Some(id.to_string())
}

/// The values of a row that mean something to a person.
fn values(row: Option<&Row>) -> Option<Map<String, Value>> {
    told(Some(&serde_json::to_value(row?).unwrap_or_default()))
}

fn told(value: Option<&Value>) -> Option<Map<String, Value>> {
    const INTERNAL: [&str; 10] = [
        "entity",
        "id",
        "library_id",
        "item_id",
        "fingerprint",
        "file_key",
        "moved_key",
        "title_key",
        "created_run_id",
        "viewer_id",
    ];
    let mut map = value?.as_object()?.clone();
    map.retain(|key, _| !INTERNAL.contains(&key.as_str()));
    if let Some(Value::Object(facts)) = map.remove("facts") {
        map.extend(facts);
    }
    map.retain(|_, value| !value.is_null());
    Some(map)
}

/// Of two rows only what differs; of one row all.
fn differing(
    before: Option<Map<String, Value>>,
    after: Option<Map<String, Value>>,
) -> (Option<Value>, Option<Value>) {
    let (Some(mut old), Some(mut new)) = (before.clone(), after.clone()) else {
        return (before.map(Value::Object), after.map(Value::Object));
    };
    old.retain(|key, value| new.get(key) != Some(value));
    new.retain(|key, value| before.as_ref().and_then(|b| b.get(key)) != Some(value));
    for key in old.keys() {
        new.entry(key.clone()).or_insert(Value::Null);
    }
    (Some(Value::Object(old)), Some(Value::Object(new)))
}

/// A value that fits on a line.
fn short(value: &Value) -> String {
    const MOST: usize = 80;
    let text = match value {
        Value::Null => return "–".to_owned(),
        other => other.to_string(),
    };
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(MOST).collect();
    if chars.next().is_some() { format!("{start}…") } else { start }
}
