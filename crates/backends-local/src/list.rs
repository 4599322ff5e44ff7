//! Listing: the walk on a thread for blocking work, its items in pages on a stream.

use std::path::Path;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use shelfread_domain::Observation;
use shelfread_domain::port::{ItemFailure, LibraryKind, Listed, Scope, SourceError};
use tokio::sync::mpsc::{Sender, channel};

use crate::Place;
use crate::select::Select;
use crate::walk::{Halt, Item, Out, Walk, Walked};

/// Observations in a page, at most.
const PAGE: usize = 500;
/// Pages that wait for a slow reader, at most.
const WAITING: usize = 4;

/// Lists a library. The walk begins when the stream is first asked and ends when it is dropped.
pub(crate) fn stream(
    place: Arc<Place>,
    scope: Scope,
) -> BoxStream<'static, Result<Listed, SourceError>> {
    let begin = async move {
        let (sender, receiver) = channel(WAITING);
        tokio::task::spawn_blocking(move || run(&place, scope, sender));
        stream::unfold(receiver, |mut r| async move { r.recv().await.map(|step| (step, r)) })
    };
    stream::once(begin).flatten().boxed()
}

fn run(place: &Place, scope: Scope, sender: Sender<Result<Listed, SourceError>>) {
    let mut pages = Pages { sender, page: Vec::new() };
    let last = match walk(place, scope, &mut pages) {
        Ok(end) => pages.flush().map(|()| Ok(end)),
        Err(Halt::Failed(error)) => pages.flush().map(|()| Err(error)),
        Err(Halt::Stopped) => return,
    };
    if let Ok(last) = last {
        // Nobody may be left to hear it, and then nobody needs to.
        let _ = pages.sender.blocking_send(last);
    }
}

fn walk(place: &Place, scope: Scope, out: &mut dyn Out) -> Walked<Listed> {
    let (select, refused) = Select::of(scope);
    for (id, why) in refused {
        let failure = ItemFailure {
            label: id.to_string(),
            remote_id: None,
            message: format!("{why}: refused"),
        };
        out.failed(failure)?;
    }
    let mut walk = Walk::begin(place, select, out)?;
    all(&mut walk, place.media)?;
    Ok(Listed::End(walk.end()))
}

/// Walks over a whole library.
pub(crate) fn all(walk: &mut Walk<'_>, media: LibraryKind) -> Walked<()> {
    match media {
        LibraryKind::Shows => walk.library_of_shows(),
        _ => walk.films(Path::new(""), None),
    }
}

/// Fills pages and sends them.
struct Pages {
    sender: Sender<Result<Listed, SourceError>>,
    page: Vec<Observation>,
}

impl Pages {
    fn flush(&mut self) -> Walked<()> {
        if self.page.is_empty() {
            return Ok(());
        }
        let page = std::mem::take(&mut self.page);
        self.send(Listed::Page(page))
    }

    fn send(&self, listed: Listed) -> Walked<()> {
        self.sender.blocking_send(Ok(listed)).map_err(|_| Halt::Stopped)
    }
}

impl Out for Pages {
    fn item(&mut self, item: Item) -> Walked<()> {
        self.page.push(item.observation);
        if self.page.len() < PAGE { Ok(()) } else { self.flush() }
    }

    fn failed(&mut self, failure: ItemFailure) -> Walked<()> {
        self.send(Listed::Failed(failure))
    }

    fn is_stopped(&self) -> bool {
        self.sender.is_closed()
    }
}
