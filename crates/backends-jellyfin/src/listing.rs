//! The listing of one library, from the first question to the certificate.

use std::collections::HashSet;
use std::future::ready;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::try_join_all;
use futures::stream::{self, BoxStream, StreamExt};
use shelfread_domain::port::{Listed, RemoteLibrary, Scope, SourceError};
use shelfread_domain::{Coverage, ItemKind, Observation, RemoteId};
use tokio::sync::mpsc;

use crate::Jellyfin;
use crate::config::Flavour;
use crate::order::Order;
use crate::page::{Content, Reader, changed};
use crate::query::{Pass, Query, early};

/// How many pages are under way at once; more gain nothing.
const PAGES_IN_FLIGHT: usize = 4;
/// How many ids go into one request; addresses have a length.
const IDS_PER_REQUEST: usize = 40;

type Out = mpsc::Sender<Result<Listed, SourceError>>;

/// The steps of a listing. The work is done while the stream is polled, but for the pages under
/// way, which have tasks of their own that end with the stream.
pub(crate) fn stream<'a>(
    jellyfin: &'a Jellyfin,
    library: &'a RemoteLibrary,
    scope: Scope,
) -> BoxStream<'a, Result<Listed, SourceError>> {
    let (out, mut steps) = mpsc::channel(1);
    let work = async move {
        if let Err(error) = run(jellyfin, library, scope, &out).await {
            // Nobody listens any more: nobody misses it.
            let _ = out.send(Err(error)).await;
        }
    };
    let work = stream::once(work.boxed()).filter_map(|()| ready(None));
    stream::select(work, stream::poll_fn(move |cx| steps.poll_recv(cx))).boxed()
}

async fn run(
    jellyfin: &Jellyfin,
    library: &RemoteLibrary,
    scope: Scope,
    out: &Out,
) -> Result<(), SourceError> {
    let mut listing = Listing {
        reader: jellyfin.reader().await?,
        library: &library.remote_id,
        page_size: u64::from(jellyfin.config.page_size.max(1)),
        out,
        order: Order::default(),
        expected: None,
        received: 0,
        lost: 0,
        doubts: Vec::new(),
    };
    let limited = match scope {
        Scope::Full => {
            listing.passes(Pass::ALL.map(|pass| listing.query(pass))).await?;
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
    listing.end(limited).await;
    Ok(())
}

/// The pages of a list in their order, some of them under way at once; the first is there.
fn pages(
    reader: Arc<Reader>,
    query: Arc<Query>,
    first: Content,
    size: u64,
) -> BoxStream<'static, Result<Content, SourceError>> {
    let count = first.total.unwrap_or(0).div_ceil(size);
    let rest = (1..count).map(move |n| reader.spawn(&query, n * size, size));
    let all = std::iter::once(ready(Ok(first)).boxed()).chain(rest);
    stream::iter(all).buffered(PAGES_IN_FLIGHT).boxed()
}

struct Listing<'a> {
    reader: Arc<Reader>,
    library: &'a str,
    page_size: u64,
    out: &'a Out,
    order: Order,
    /// How many items the server says there are; `None` when it does not say.
    expected: Option<u64>,
    /// How many items came.
    received: u64,
    /// Items of which not even the id is known.
    lost: u64,
    doubts: Vec<String>,
}

impl Listing<'_> {
    fn query(&self, pass: Pass) -> Query {
        Query::new(&self.reader.session, self.library, pass)
    }

    /// Reads these lists, one after the other; their first pages at once, so that the total of
    /// all is known from the beginning.
    async fn passes(
        &mut self,
        queries: impl IntoIterator<Item = Query>,
    ) -> Result<(), SourceError> {
        let queries: Vec<_> = queries.into_iter().map(Arc::new).collect();
        let mut firsts = Vec::new();
        for query in &queries {
            firsts.push(self.reader.spawn(query, 0, self.page_size));
        }
        let firsts = try_join_all(firsts).await?;
        self.expect(firsts.iter().map(|first| first.total).sum()).await;
        for (query, first) in queries.into_iter().zip(firsts) {
            self.pass(query, first).await?;
        }
        Ok(())
    }

    async fn pass(&mut self, query: Arc<Query>, first: Content) -> Result<(), SourceError> {
        let total = first.total;
        let mut pages = pages(Arc::clone(&self.reader), query, first, self.page_size);
        while let Some(content) = pages.next().await {
            let content = content?;
            self.doubt(changed(total, content.total));
            // Nothing more comes, whatever the total says; the count will tell.
            let is_empty = content.received == 0 && content.failures.is_empty();
            self.take(content).await;
            if is_empty {
                break;
            }
        }
        Ok(())
    }

    /// What was saved since then, and what the user played since then. Play state is no part of
    /// an item, so that saving it saves no item.
    async fn changed_since(&mut self, since: DateTime<Utc>) -> Result<(), SourceError> {
        let session = Arc::clone(&self.reader.session);
        let saved = Pass::ALL.map(|pass| self.query(pass).saved_since(&session, since));
        self.passes(saved).await?;
        match session.flavour {
            Flavour::Emby => self.passes([self.query(Pass::Playable).used_since(since)]).await,
            Flavour::Jellyfin => self.played_since(early(since)).await,
        }
    }

    /// Jellyfin cannot be asked for it, but it can sort by it.
    async fn played_since(&mut self, since: DateTime<Utc>) -> Result<(), SourceError> {
        let query = self.query(Pass::Playable).last_played_first();
        let is_recent = |o: &Observation| {
            o.play.is_some_and(|play| play.last_played_at.is_some_and(|at| at >= since))
        };
        let size = self.page_size.min(100);
        let mut found = Vec::new();
        for page in 0.. {
            let mut content = self.reader.read(&query, page * size, size).await?;
            let read = content.observations.len();
            content.observations.retain(is_recent);
            let is_last = content.observations.len() < read || content.received < size;
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
        let unknown: Vec<_> = parents.difference(&asked).cloned().collect();
        tops.extend(self.fetch(&unknown).await?);

        let seasons = below.iter().filter(|o| o.kind == ItemKind::Season);
        let mut whole: Vec<_> = seasons.filter_map(|o| o.parent.clone()).collect();
        let shows = tops.iter().filter(|o| o.kind == ItemKind::Show).map(|o| &o.remote_id);
        whole.extend(shows.filter(|id| asked.contains(id)).cloned());
        whole.sort_unstable();
        whole.dedup();

        self.send(tops).await;
        for show in whole {
            let session = &self.reader.session;
            let below = [Pass::Seasons, Pass::Episodes];
            let below = below.map(|pass| Query::new(session, show.as_str(), pass));
            self.passes(below).await?;
        }
        self.send_sorted(below).await;
        Ok(())
    }

    /// The objects of these ids. A server that does not understand an id may answer with
    /// anything, so what was not asked for is left out.
    async fn fetch(&mut self, ids: &[RemoteId]) -> Result<Vec<Observation>, SourceError> {
        let plain = |id: &RemoteId| id.as_str().replace('-', "").to_ascii_lowercase();
        let mut found = Vec::new();
        for ids in ids.chunks(IDS_PER_REQUEST) {
            let asked: HashSet<String> = ids.iter().map(plain).collect();
            let query = Query::only(&self.reader.session, self.library, ids);
            let mut content = self.reader.read(&query, 0, ids.len() as u64).await?;
            content.observations.retain(|o| asked.contains(&plain(&o.remote_id)));
            found.append(&mut content.observations);
            self.take(content).await;
        }
        Ok(found)
    }

    async fn expect(&mut self, total: Option<u64>) {
        self.expected = total;
        if let Some(total) = total {
            self.step(Listed::Expected(total)).await;
        }
    }

    async fn take(&mut self, content: Content) {
        self.received += content.received;
        for doubt in content.doubts {
            self.doubt(Some(doubt));
        }
        for failure in content.failures {
            self.lost += u64::from(failure.remote_id.is_none());
            self.step(Listed::Failed(failure)).await;
        }
        self.send(content.observations).await;
    }

    /// Few doubts tell as much as many.
    fn doubt(&mut self, doubt: Option<String>) {
        if self.doubts.len() < 3 {
            self.doubts.extend(doubt);
        }
    }

    async fn send(&mut self, observations: Vec<Observation>) {
        let page = self.order.admit(observations);
        if !page.is_empty() {
            self.step(Listed::Page(page)).await;
        }
    }

    async fn send_sorted(&mut self, mut observations: Vec<Observation>) {
        observations.sort_by(|a, b| (&a.parent, a.kind).cmp(&(&b.parent, b.kind)));
        self.send(observations).await;
    }

    async fn step(&self, step: Listed) {
        // Nobody listens any more: this future is about to be dropped too.
        let _ = self.out.send(Ok(step)).await;
    }

    async fn end(mut self, limited: Option<&str>) {
        for page in self.order.release() {
            self.step(Listed::Page(page)).await;
        }
        let reason = limited.map(str::to_owned).or_else(|| self.reason());
        let coverage = match reason {
            Some(reason) => Coverage::partial(self.expected, self.received, reason),
            None => Coverage::complete(self.expected, self.received),
        };
        self.step(Listed::End(coverage)).await;
    }

    /// Why the listing is not complete.
    fn reason(&self) -> Option<String> {
        let mut reasons = Vec::new();
        match self.expected {
            None => reasons.push("the server did not say how much it has".to_owned()),
            Some(expected) if expected != self.received => {
                reasons.push(format!("the server has {expected}, {} came", self.received));
            }
            Some(_) => {}
        }
        if self.lost > 0 {
            reasons.push(format!("{} could not be read", self.lost));
        }
        if self.order.doubles > 0 {
            reasons.push(format!("{} came more than once", self.order.doubles));
        }
        reasons.extend(self.doubts.iter().cloned());
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}
