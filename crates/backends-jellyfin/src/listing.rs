//! The listing of one library, from the first question to the certificate.

use std::collections::HashSet;
use std::future::ready;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::try_join_all;
use futures::stream::{self, BoxStream, StreamExt};
use shelfread_backends_http::paging::IN_FLIGHT;
use shelfread_backends_http::{Order, Output, Tally};
use shelfread_domain::port::{Listed, RemoteLibrary, Scope, SourceError};
use shelfread_domain::{Coverage, ItemKind, Observation, RemoteId};

use crate::Jellyfin;
use crate::config::Flavour;
use crate::page::{Content, Reader, changed};
use crate::query::{Pass, Query, early};

/// How many ids go into one request; addresses have a length.
const IDS_PER_REQUEST: usize = 40;

/// Lists a library and certifies what came. The pages under way have tasks of their own, which
/// end when this future is dropped.
pub(crate) async fn run(
    jellyfin: &Jellyfin,
    library: &RemoteLibrary,
    scope: Scope,
    out: Output,
) -> Result<Coverage, SourceError> {
    let mut listing = Listing {
        reader: jellyfin.reader().await?,
        library: &library.remote_id,
        page_size: u64::from(jellyfin.config.page_size.max(1)),
        out,
        order: Order::default(),
        late: Vec::new(),
        tally: Tally::default(),
    };
    let limited = match scope {
        Scope::Full => {
            listing.full().await?;
            None
        }
        Scope::ChangedSince(since) => {
            listing.changed_since(since).await?;
            Some("only what changed was asked for")
        }
        Scope::Only(ids) => {
            listing.only(&ids).await?;
            Some("only some objects were asked for")
        }
    };
    Ok(listing.end(limited).await)
}

struct Listing<'a> {
    reader: Arc<Reader>,
    library: &'a str,
    page_size: u64,
    out: Output,
    order: Order,
    /// Episodes that came apart from the others of their show.
    late: Vec<Observation>,
    tally: Tally,
}

impl Listing<'_> {
    fn query(&self, pass: Pass) -> Query {
        Query::new(&self.reader.session, self.library, pass)
    }

    async fn full(&mut self) -> Result<(), SourceError> {
        let lists = self.begin(Pass::ALL.map(|pass| self.query(pass))).await?;
        let mut totals = lists.iter().map(|(_, first)| first.total);
        let total = totals.try_fold(0, |sum: u64, total| sum.checked_add(total?));
        self.tally = Tally::new(total);
        match total {
            Some(total) => self.out.send(Listed::Expected(total)).await,
            None => self.tally.doubt("the server did not say how much it has"),
        }
        self.finish(lists).await
    }

    /// What was saved since then, and what the user played since then. Play state is no part of
    /// an item, so that saving it saves no item.
    async fn changed_since(&mut self, since: DateTime<Utc>) -> Result<(), SourceError> {
        let session = Arc::clone(&self.reader.session);
        let saved = Pass::ALL.map(|pass| self.query(pass).saved_since(&session, since));
        let lists = self.begin(saved).await?;
        self.finish(lists).await?;
        if session.flavour == Flavour::Jellyfin {
            return self.played_since(early(since)).await;
        }
        let lists = self.begin([self.query(Pass::Playable).used_since(since)]).await?;
        self.finish(lists).await
    }

    /// Jellyfin cannot be asked for it, but it can sort by it.
    async fn played_since(&mut self, since: DateTime<Utc>) -> Result<(), SourceError> {
        let query = self.query(Pass::Playable).last_played_first();
        let size = self.page_size.min(100);
        let mut found = Vec::new();
        for page in 0.. {
            let mut content = self.reader.read(&query, page * size..(page + 1) * size).await?;
            let read = content.observations.len();
            content.observations.retain(|o| was_played_since(o, since));
            let is_last = content.observations.len() < read || content.came < size;
            found.append(&mut content.observations);
            self.take(content).await;
            if is_last {
                break;
            }
        }
        self.send_sorted(found).await;
        Ok(())
    }

    /// These objects; with a show or season all that hangs on the show; and the shows on which
    /// the others hang, so that each comes after its show.
    async fn only(&mut self, ids: &[RemoteId]) -> Result<(), SourceError> {
        let found = self.fetch(ids).await?;
        let (mut tops, below): (Vec<_>, Vec<_>) = found.into_iter().partition(|o| o.kind.is_top());
        let asked: HashSet<RemoteId> = tops.iter().map(|o| o.remote_id.clone()).collect();
        let parents: HashSet<RemoteId> = below.iter().filter_map(|o| o.parent.clone()).collect();
        let unasked: Vec<_> = parents.difference(&asked).cloned().collect();
        let whole = shows_asked_whole(&tops, &below);
        tops.extend(self.fetch(&unasked).await?);
        self.send(tops).await;
        for show in whole {
            let below = [Pass::Seasons, Pass::Episodes];
            let below = below.map(|pass| Query::new(&self.reader.session, show.as_str(), pass));
            let lists = self.begin(below).await?;
            self.finish(lists).await?;
        }
        self.send_sorted(below).await;
        Ok(())
    }

    /// The objects of these ids. A server that does not understand an id may answer with
    /// anything, so what was not asked for is left out.
    async fn fetch(&mut self, ids: &[RemoteId]) -> Result<Vec<Observation>, SourceError> {
        let mut found = Vec::new();
        for ids in ids.chunks(IDS_PER_REQUEST) {
            let asked: HashSet<String> = ids.iter().map(plain).collect();
            let query = Query::only(&self.reader.session, self.library, ids);
            let mut content = self.reader.read(&query, 0..ids.len() as u64).await?;
            content.observations.retain(|o| asked.contains(&plain(&o.remote_id)));
            found.append(&mut content.observations);
            self.take(content).await;
        }
        Ok(found)
    }

    /// The first pages of these lists, fetched at once: they tell how long the lists are.
    async fn begin(
        &self,
        queries: impl IntoIterator<Item = Query>,
    ) -> Result<Vec<(Arc<Query>, Content)>, SourceError> {
        let queries: Vec<_> = queries.into_iter().map(Arc::new).collect();
        let firsts: Vec<_> =
            queries.iter().map(|query| self.reader.spawn(query, 0..self.page_size)).collect();
        Ok(queries.into_iter().zip(try_join_all(firsts).await?).collect())
    }

    /// Reads these lists to their ends, one after the other.
    async fn finish(&mut self, lists: Vec<(Arc<Query>, Content)>) -> Result<(), SourceError> {
        for (query, first) in lists {
            let total = first.total;
            let mut pages = pages(Arc::clone(&self.reader), query, first, self.page_size);
            while let Some(content) = pages.next().await {
                let content = content?;
                if let Some(doubt) = changed(total, content.total) {
                    self.tally.doubt(doubt);
                }
                // Nothing more comes, whatever the total says; the tally will tell.
                let is_empty = content.came == 0 && content.failures.is_empty();
                self.take(content).await;
                if is_empty {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn take(&mut self, content: Content) {
        for doubt in content.doubts {
            self.tally.doubt(doubt);
        }
        for id in &content.skipped {
            self.tally.count_once(id);
        }
        for failure in content.failures {
            match &failure.remote_id {
                Some(id) => drop(self.tally.count_once(id)),
                None => self.tally.unreadable(),
            }
            self.out.send(Listed::Failed(failure)).await;
        }
        self.send(content.observations).await;
    }

    /// Hands on what did not come before.
    async fn send(&mut self, mut observations: Vec<Observation>) {
        let mut is_new = false;
        observations.retain(|observation| {
            // The other parts of an object follow its first one.
            if observation.part == 0 {
                is_new = self.tally.count_once(&observation.remote_id);
            }
            is_new
        });
        let sorted = self.order.sort(observations);
        self.late.extend(sorted.late);
        self.out.send(Listed::Page(sorted.ready)).await;
    }

    async fn send_sorted(&mut self, mut observations: Vec<Observation>) {
        observations.sort_by(|a, b| (&a.parent, a.kind).cmp(&(&b.parent, b.kind)));
        self.send(observations).await;
    }

    /// Hands on what was kept back, and certifies. A show that was renamed may have its episodes in
    /// two places, and they are all wanted; of a listing in disorder, which is not whole, the late
    /// ones are left to the next run.
    async fn end(mut self, limited: Option<&str>) -> Coverage {
        let coverage = match limited {
            None => self.tally.coverage(),
            Some(reason) => Coverage::partial(None, self.tally.received(), reason),
        };
        let mut rest = self.order.rest();
        self.late.append(&mut rest.late);
        self.out.send(Listed::Page(rest.ready)).await;
        if coverage.complete || limited.is_some() {
            self.late.sort_by(|a, b| a.parent.cmp(&b.parent));
            self.out.send(Listed::Page(self.late)).await;
        }
        coverage
    }
}

/// The pages of a list in their order, some of them under way at once; the first is there. The last
/// one reaches beyond the total, so that more than was said does not stay unseen.
fn pages(
    reader: Arc<Reader>,
    query: Arc<Query>,
    first: Content,
    size: u64,
) -> BoxStream<'static, Result<Content, SourceError>> {
    let last = first.total.unwrap_or(0) / size;
    let rest = (1..=last).map(move |n| reader.spawn(&query, n * size..(n + 1) * size));
    let all = std::iter::once(ready(Ok(first)).boxed()).chain(rest);
    stream::iter(all).buffered(IN_FLIGHT).boxed()
}

fn was_played_since(observation: &Observation, since: DateTime<Utc>) -> bool {
    observation.play.is_some_and(|play| play.last_played_at.is_some_and(|at| at >= since))
}

/// The shows that were asked for, and those of which a season was.
fn shows_asked_whole(tops: &[Observation], below: &[Observation]) -> Vec<RemoteId> {
    let shows = tops.iter().filter(|o| o.kind == ItemKind::Show).map(|o| o.remote_id.clone());
    let seasons = below.iter().filter(|o| o.kind == ItemKind::Season);
    let mut whole: Vec<_> = shows.chain(seasons.filter_map(|o| o.parent.clone())).collect();
    whole.sort_unstable();
    whole.dedup();
    whole
}

/// Jellyfin's ids in one form; webhooks and old versions write them with dashes.
fn plain(id: &RemoteId) -> String {
    id.as_str().replace('-', "").to_ascii_lowercase()
}
