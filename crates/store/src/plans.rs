//! In which steps SQLite answers, for tests of what must never read a whole table. It decides by the
//! text of a statement and the indices that there are, so an empty database is enough.

use sea_orm::Value;
use tempfile::TempDir;

use crate::Store;
use crate::sql::{Session, cell};

/// An empty database that can be asked how it would answer.
pub struct Plans {
    store: Store,
    _folder: TempDir,
}

/// A fresh one.
pub async fn empty() -> Plans {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite://{}/x.db", folder.path().display())).await.unwrap();
    store.migrate().await.unwrap();
    Plans { store, _folder: folder }
}

impl Plans {
    /// The steps of an answer.
    pub async fn steps(&self, sql: &str, values: Vec<Value>) -> Vec<String> {
        let session = Session::new(self.store.read.clone());
        let rows = session.query(&format!("EXPLAIN QUERY PLAN {sql}"), values).await.unwrap();
        rows.iter().map(|row| cell(row, 3).unwrap()).collect()
    }
}
