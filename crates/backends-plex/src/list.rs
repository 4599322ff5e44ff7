//! Lists a library: everything, or what changed. Some items with what hangs on them are
//! [`only`](crate::only)'s part.

use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, TryStreamExt};
use shelfread_backends_http::paging::{Piece, pages};
use shelfread_backends_http::{Order, Sorted, Steps, Tally, listing};
use shelfread_domain::port::{
    ItemFailure, LibraryKind, Listed, Problem, RemoteLibrary, Scope, SourceError,
};
use shelfread_domain::{Coverage, ItemKind, Observation};

use crate::api::{Items, Moment, Query};
use crate::reader::Reader;
use crate::wire::Section;
use crate::{Plex, only};

/// How much further back than asked "what changed" looks: clocks and slow transactions.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

pub fn list<'a>(plex: &'a Plex, library: &'a RemoteLibrary, scope: Scope) -> Steps<'a> {
    listing(move |out| async move {
        let section = section(plex, library).await?;
        let reader = Reader { plex, section: &section, out, tally: Tally::default() };
        match scope {
            Scope::Full => full(reader, library).await,
            Scope::ChangedSince(moment) => changed(reader, library.kind, moment).await,
            Scope::Only(ids) => only::only(reader, &ids).await,
        }
    })
}

/// The section of a library as it is now: its key may change, its uuid stays.
async fn section(plex: &Plex, library: &RemoteLibrary) -> Result<Section, SourceError> {
    let sections = plex.api.sections().await?;
    let found = sections.into_iter().find(|s| s.uuid.as_ref() == Some(&library.remote_id));
    found.filter(|s| s.key.is_some()).ok_or_else(|| {
        let base = plex.api.http.base_url();
        let what = format!("looking for library '{}' at {base}", library.name);
        SourceError::new(what, Problem::NotFound)
    })
}

async fn full(mut reader: Reader<'_>, library: &RemoteLibrary) -> Result<Coverage, SourceError> {
    let mut counts = Vec::new();
    for kind in kinds(library.kind) {
        let query = query(reader.section, *kind);
        counts.push((query, reader.plex.api.count(query).await?));
    }
    let expected = counts.iter().map(|(_, count)| count).sum();
    reader.tally = Tally::new(Some(expected));
    reader.out.send(Listed::Expected(expected)).await;
    let mut order = Order::default();
    for (query, count) in counts {
        all(&mut reader, query, count, &mut order).await?;
    }
    let now = section(reader.plex, library).await?;
    if now.content_changed_at != reader.section.content_changed_at {
        reader.tally.doubt("the library changed while it was listed");
    }
    Ok(reader.tally.coverage())
}

/// What changed: metadata and files for all kinds, play states for what can be played. That
/// something was marked unplayed shows in no moment; only a full listing sees it.
async fn changed(
    mut reader: Reader<'_>,
    library: LibraryKind,
    moment: DateTime<Utc>,
) -> Result<Coverage, SourceError> {
    let since = moment - OVERLAP;
    for kind in kinds(library) {
        let played = matches!(kind, ItemKind::Movie | ItemKind::Episode);
        for asked in [Some(Moment::Updated), played.then_some(Moment::Viewed)] {
            let Some(asked) = asked else { continue };
            let query = Query { since: Some((asked, since)), ..query(reader.section, *kind) };
            let count = reader.plex.api.count(query).await?;
            if count > 0 {
                all(&mut reader, query, count, &mut Order::default()).await?;
            }
        }
    }
    Ok(reader.partial("only what changed was asked for"))
}

/// Parents before children.
const fn kinds(library: LibraryKind) -> &'static [ItemKind] {
    match library {
        LibraryKind::Movies => &[ItemKind::Movie],
        LibraryKind::Shows => &[ItemKind::Show, ItemKind::Season, ItemKind::Episode],
        LibraryKind::Mixed => {
            &[ItemKind::Movie, ItemKind::Show, ItemKind::Season, ItemKind::Episode]
        }
    }
}

fn query(section: &Section, kind: ItemKind) -> Query<'_> {
    Query { section: section.key.as_deref().unwrap_or_default(), kind, since: None }
}

/// All that a query finds, in the order that the contract wants.
async fn all(
    reader: &mut Reader<'_>,
    query: Query<'_>,
    count: u64,
    order: &mut Order,
) -> Result<(), SourceError> {
    let mut pages = std::pin::pin!(pieces(reader.plex, query, count));
    while let Some(pieces) = pages.try_next().await? {
        for piece in pieces {
            let observations = read(reader, query.kind, piece, count).await;
            hand_on(reader, order.sort(observations)).await;
        }
    }
    hand_on(reader, order.rest()).await;
    Ok(())
}

/// What comes too late for its place is not lost and not gone, but left for another time.
async fn hand_on(reader: &mut Reader<'_>, sorted: Sorted) {
    reader.page(sorted.ready).await;
    for late in sorted.late {
        reader.tally.doubt("the server does not keep the order that was asked for");
        let message = "it came apart from the other episodes of its show".to_owned();
        let (label, remote_id) = (late.label(), Some(late.remote_id));
        reader.fail(ItemFailure { label, remote_id, message }).await;
    }
}

fn pieces<'a>(
    plex: &'a Plex,
    query: Query<'a>,
    count: u64,
) -> impl Stream<Item = Result<Vec<Piece<Items>>, SourceError>> + 'a {
    pages(count, plex.page_size, move |places| plex.api.page(query, places))
}

/// What one answer brought.
async fn read(
    reader: &mut Reader<'_>,
    kind: ItemKind,
    piece: Piece<Items>,
    count: u64,
) -> Vec<Observation> {
    let items = match piece {
        Piece::Page(items) => items,
        Piece::Hole(place, error) => {
            let label = format!("{kind} number {}", place + 1);
            let message = error.problem.to_string();
            reader.fail(ItemFailure { label, remote_id: None, message }).await;
            return Vec::new();
        }
    };
    if items.total.is_some_and(|total| total != count) {
        reader.tally.doubt(format!("the number of {kind}s changed while they were listed"));
    }
    reader.read(Some(kind), items).await
}
