//! Lists some items: shows with what hangs on them, seasons and episodes with their show before
//! them.

use std::collections::BTreeSet;

use shelfread_domain::port::SourceError;
use shelfread_domain::{Coverage, ItemKind, Observation, RemoteId};

use crate::reader::Reader;

/// Items that one request names.
const NAMED: usize = 50;

pub async fn only(mut reader: Reader<'_>, ids: &[RemoteId]) -> Result<Coverage, SourceError> {
    let named = named(&mut reader, ids).await?;
    let (tops, mut parts): (Vec<_>, Vec<_>) = named.into_iter().partition(|o| o.kind.is_top());
    let shows: BTreeSet<_> =
        tops.iter().filter(|o| o.kind == ItemKind::Show).map(|o| o.remote_id.clone()).collect();
    parts.retain(|o| o.parent.as_ref().is_none_or(|show| !shows.contains(show)));
    parts.sort_by(|a, b| (a.kind, &a.parent).cmp(&(b.kind, &b.parent)));
    let parents: BTreeSet<_> = parts.iter().filter_map(|o| o.parent.clone()).collect();
    let parents = self::named(&mut reader, &Vec::from_iter(parents)).await?;
    reader.page([tops, parents, parts].concat()).await;
    for show in shows {
        below(&mut reader, &show, ItemKind::Season, "children").await?;
        below(&mut reader, &show, ItemKind::Episode, "allLeaves").await?;
    }
    Ok(reader.partial("only some items were asked for"))
}

async fn named(reader: &mut Reader<'_>, ids: &[RemoteId]) -> Result<Vec<Observation>, SourceError> {
    let mut all = Vec::new();
    for ids in ids.chunks(NAMED) {
        let keys: Vec<_> = ids.iter().map(RemoteId::as_str).collect();
        let items = reader.plex.api.metadata(&keys).await?;
        all.extend(reader.read(None, items).await);
    }
    Ok(all)
}

async fn below(
    reader: &mut Reader<'_>,
    show: &RemoteId,
    kind: ItemKind,
    what: &str,
) -> Result<(), SourceError> {
    let (mut start, size) = (0, reader.plex.page_size);
    loop {
        let items = reader.plex.api.below(show.as_str(), what, start..start + size).await?;
        let (came, total) = (items.items.len() as u64, items.total.unwrap_or(0));
        let mut observations = reader.read(Some(kind), items).await;
        observations.retain(|o| o.kind == kind);
        reader.page(observations).await;
        start += came;
        if came == 0 || start >= total {
            return Ok(());
        }
    }
}
