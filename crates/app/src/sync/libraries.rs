//! Libraries: what the source has, and which of ours that is. A rebuilt server gives its libraries
//! new ids too; a library of the same kind and name that nothing else claims is the same one.

use shelfread_domain::port::RemoteLibrary;
use shelfread_domain::{LibraryId, LibraryRef};
use shelfread_store::LibraryRow;
use uuid::Uuid;

use super::run::Run;
use crate::error::{AppError, Result};

/// A library of the source and our row for it.
pub(super) struct Library {
    pub(super) remote: RemoteLibrary,
    pub(super) row: LibraryRow,
}

/// What the source has, and what we know of it that it no longer has.
pub(super) struct Libraries {
    pub(super) listed: Vec<Library>,
    pub(super) vanished: Vec<LibraryRow>,
}

impl Run<'_> {
    pub(super) async fn resolve_libraries(&mut self) -> Result<Libraries> {
        let named = |error| AppError::Source { name: self.source.name.clone(), error };
        let remote = self.open.media.libraries().await.map_err(named)?;
        let mut known = self.app.store.libraries(self.source.id).await?;
        let mut listed = Vec::new();
        let mut unknown = Vec::new();
        for remote in remote {
            match take(&mut known, |row| row.remote_id == remote.remote_id) {
                Some(row) => listed.push(Library { row, remote }),
                None => unknown.push(remote),
            }
        }
        for remote in unknown {
            let same = |row: &LibraryRow| row.kind == remote.kind && row.name == remote.name;
            let row = match take(&mut known, same) {
                Some(row) => self.relink_library(row, &remote).await?,
                None => self.add_library(&remote).await?,
            };
            listed.push(Library { row, remote });
        }
        Ok(self.wanted(Libraries { listed, vanished: known }))
    }

    async fn relink_library(&self, row: LibraryRow, remote: &RemoteLibrary) -> Result<LibraryRow> {
        if !self.request.dry_run {
            let (store, now) = (&self.app.store, self.app.clock.now());
            store.relink_library(row.id, &remote.remote_id, &remote.name, now).await?;
        }
        Ok(LibraryRow { remote_id: remote.remote_id.clone(), ..row })
    }

    async fn add_library(&self, remote: &RemoteLibrary) -> Result<LibraryRow> {
        let RemoteLibrary { remote_id, name, kind } = remote.clone();
        let (store, source, now) = (&self.app.store, self.source.id, self.app.clock.now());
        let id = match self.request.dry_run {
            true => LibraryId(Uuid::now_v7()),
            false => store.put_library(source, &remote_id, &name, kind, now).await?,
        };
        Ok(LibraryRow {
            id,
            source_id: source,
            remote_id,
            name,
            kind,
            enabled: true,
            last_complete_run_id: None,
            last_complete_at: None,
        })
    }

    /// Leaves out what is disabled or was not asked for. A library that is not asked for cannot
    /// vanish.
    fn wanted(&self, mut found: Libraries) -> Libraries {
        found.listed.retain(|l| l.row.enabled);
        if let Some(name) = &self.request.library {
            found.listed.retain(|l| l.row.name.eq_ignore_ascii_case(name));
            found.vanished.clear();
        }
        if !self.request.only.is_empty() {
            found.listed.retain(|l| self.request.only.contains_key(&l.row.id));
            found.vanished.clear();
        }
        found.vanished.retain(|row| row.enabled);
        if self.request.quick {
            found.vanished.clear();
        }
        found
    }

    /// What planning must know of a library.
    pub(super) fn library_ref(&self, row: &LibraryRow) -> LibraryRef {
        LibraryRef {
            id: row.id,
            source_id: self.source.id,
            source_name: self.source.name.clone(),
            priority: self.source.priority,
        }
    }
}

fn take(rows: &mut Vec<LibraryRow>, same: impl Fn(&LibraryRow) -> bool) -> Option<LibraryRow> {
    let at = rows.iter().position(same)?;
    Some(rows.remove(at))
}
