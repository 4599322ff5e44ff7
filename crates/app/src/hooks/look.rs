//! A look at what webhooks hinted at: the objects alone where their libraries are known, else
//! whatever changed. Neither can remove anything; what may be gone is proven by a full sync.

use std::collections::BTreeMap;

use shelfread_domain::hint::Named;
use shelfread_domain::port::LibraryKind;
use shelfread_domain::{ItemKind, LibraryId, RemoteId, Trigger};
use shelfread_store::{LibraryRow, SourceRow};

use super::hints::Wanted;
use crate::error::Result;
use crate::{App, SyncRequest};

impl App {
    /// What to ask a source for after hints; `None` when that is nothing.
    pub(crate) async fn look_request(
        &self,
        source: &SourceRow,
        wanted: &Wanted,
    ) -> Result<Option<SyncRequest>> {
        let request = SyncRequest {
            sources: vec![source.name.clone()],
            trigger: Trigger::Hook,
            ..SyncRequest::default()
        };
        let libraries = self.store.libraries(source.id).await?;
        let never_listed = libraries.iter().all(|library| library.last_complete_at.is_none());
        if wanted.gone {
            return Ok(Some(request));
        }
        if wanted.changed || never_listed {
            return Ok(Some(SyncRequest { quick: true, ..request }));
        }
        let only = self.hinted_places(libraries, wanted).await?;
        Ok((!only.is_empty()).then_some(SyncRequest { only, ..request }))
    }

    /// Which objects to ask for in which libraries: an object that is known, or whose show is,
    /// where it is listed; another one wherever it fits.
    async fn hinted_places(
        &self,
        mut libraries: Vec<LibraryRow>,
        wanted: &Wanted,
    ) -> Result<BTreeMap<LibraryId, Vec<RemoteId>>> {
        libraries.retain(|library| library.enabled);
        let ids = wanted.objects.iter().flat_map(|o| std::iter::once(&o.id).chain(&o.show));
        let ids: Vec<_> = ids.cloned().collect();
        let enabled: Vec<_> = libraries.iter().map(|library| library.id).collect();
        let known = self.store.listed_in(&enabled, &ids).await?;
        let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for object in &wanted.objects {
            let of = |id: &RemoteId| known.get(id).filter(|found| !found.is_empty());
            let found = of(&object.id).or_else(|| object.show.as_ref().and_then(of));
            let fitting = || libraries.iter().filter(|l| fits(l.kind, object)).map(|l| l.id);
            let found = found.map_or_else(|| fitting().collect(), Clone::clone);
            for library in found {
                places.entry(library).or_default().push(object.id.clone());
            }
        }
        Ok(places)
    }
}

const fn fits(library: LibraryKind, object: &Named) -> bool {
    match (library, object.kind) {
        (LibraryKind::Mixed, _) | (_, None) => true,
        (LibraryKind::Movies, Some(kind)) => matches!(kind, ItemKind::Movie),
        (LibraryKind::Shows, Some(kind)) => !matches!(kind, ItemKind::Movie),
    }
}
