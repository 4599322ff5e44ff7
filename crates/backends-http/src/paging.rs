//! Pages of a long list: a page that fails is halved until the failing item stands alone, so that
//! one bad item costs itself and not its neighbours. Knows no product.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::stream::{self, Stream, StreamExt};
use shelfread_domain::port::{Problem, SourceError};

/// Pages in flight at once: more bring nothing, less wait for the network.
pub const IN_FLIGHT: usize = 4;

/// How many requests of one listing may still fail before the server is at fault and not an item.
#[derive(Debug)]
pub struct Patience(AtomicU32);

impl Patience {
    /// Enough for about ten bad items on pages of 500.
    const REQUESTS: u32 = 100;

    fn is_left(&self) -> bool {
        let spend = |left: u32| left.checked_sub(1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok()
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self(AtomicU32::new(Self::REQUESTS))
    }
}

/// What became of a place in the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece<P> {
    /// A page, or a part of one.
    Page(P),
    /// The item at this place cannot be read.
    Hole(u64, SourceError),
}

/// Fetches the places from 0 by pages of `size`, in order, several at once. `fetch` reads the items
/// at some places. The last page reaches beyond `total`, so that it shows when there are more.
///
/// # Errors
/// What a single item cannot be the cause of, and too many failures.
pub fn pages<'a, P, F, Fut>(
    total: u64,
    size: u64,
    fetch: F,
) -> impl Stream<Item = Result<Vec<Piece<P>>, SourceError>> + 'a
where
    P: 'a,
    F: Fn(Range<u64>) -> Fut + 'a,
    Fut: Future<Output = Result<P, SourceError>> + 'a,
{
    let size = size.max(1);
    let starts = (0..=total / size).map(move |n| n * size);
    let shared = Arc::new((Patience::default(), fetch));
    let page = move |start: u64| {
        let shared = Arc::clone(&shared);
        async move { pieces(start..start + size, &shared.0, &shared.1).await }
    };
    stream::iter(starts).map(page).buffered(IN_FLIGHT)
}

/// Fetches one page, and its halves when it cannot be had as a whole. `fetch` reads the items at
/// some places.
///
/// # Errors
/// As [`pages`].
pub async fn pieces<P, Fut: Future<Output = Result<P, SourceError>>>(
    whole: Range<u64>,
    patience: &Patience,
    fetch: &impl Fn(Range<u64>) -> Fut,
) -> Result<Vec<Piece<P>>, SourceError> {
    let (mut todo, mut pieces) = (vec![whole], Vec::new());
    while let Some(places) = todo.pop() {
        match fetch(places.clone()).await {
            Ok(page) => pieces.push(Piece::Page(page)),
            Err(error) if !may_be_one_item(&error) || !patience.is_left() => return Err(error),
            Err(error) if places.end - places.start <= 1 => {
                pieces.push(Piece::Hole(places.start, error));
            }
            Err(_) => {
                let middle = places.start.midpoint(places.end);
                todo.extend([middle..places.end, places.start..middle]);
            }
        }
    }
    Ok(pieces)
}

/// Whether one bad item can be the cause: the server stumbles over it, or what it says cannot be
/// read.
const fn may_be_one_item(error: &SourceError) -> bool {
    match error.problem {
        Problem::Status(status) => status >= 500,
        Problem::Malformed(_) | Problem::TooLarge(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures::TryStreamExt;

    use super::*;

    /// A list of 12, said to have 10, that cannot say what is at the bad places: how it reads, and
    /// the requests made.
    async fn read(bad: &[u64], problem: Problem) -> (Result<String, SourceError>, usize) {
        let requests = AtomicUsize::new(0);
        let fetch = |places: Range<u64>| {
            requests.fetch_add(1, Ordering::Relaxed);
            let fails = bad.iter().any(|b| places.contains(b));
            let error = SourceError::new("reading", problem.clone());
            let items = (places.start..places.end.min(12)).collect::<Vec<_>>();
            std::future::ready(if fails { Err(error) } else { Ok(items) })
        };
        let pieces = pages(10, 4, fetch).try_collect::<Vec<_>>().await.map(|pieces| {
            let text = |piece: &Piece<Vec<u64>>| match piece {
                Piece::Page(items) => format!("{items:?}"),
                Piece::Hole(at, _) => format!("!{at}"),
            };
            pieces.iter().flatten().map(text).collect::<Vec<_>>().join(" ")
        });
        (pieces, requests.into_inner())
    }

    #[tokio::test]
    async fn a_bad_item_costs_itself() {
        let (pieces, requests) = read(&[], Problem::Status(500)).await;
        assert_eq!(
            (pieces.unwrap().as_str(), requests),
            ("[0, 1, 2, 3] [4, 5, 6, 7] [8, 9, 10, 11]", 3)
        );
        let (pieces, requests) = read(&[5, 9], Problem::Status(500)).await;
        assert_eq!(pieces.unwrap(), "[0, 1, 2, 3] [4] !5 [6, 7] [8] !9 [10, 11]");
        assert_eq!(requests, 11);
    }

    #[tokio::test]
    async fn what_is_no_items_fault_ends_the_listing() {
        for problem in [Problem::Unauthorized, Problem::Timeout(1), Problem::Status(418)] {
            let (pieces, requests) = read(&[0], problem.clone()).await;
            assert_eq!(pieces.unwrap_err().problem, problem);
            assert!(requests <= 3, "the pages in flight and no more");
        }
    }

    #[tokio::test]
    async fn patience_ends() {
        let requests = AtomicUsize::new(0);
        let fetch = |_| {
            requests.fetch_add(1, Ordering::Relaxed);
            let error = SourceError::new("reading", Problem::Status(500));
            std::future::ready(Err::<(), _>(error))
        };
        let pieces: Result<Vec<_>, _> = pages(1_000_000, 100, fetch).try_collect().await;
        assert_eq!(pieces.unwrap_err().problem, Problem::Status(500));
        assert!(requests.into_inner() <= Patience::REQUESTS as usize + IN_FLIGHT);
    }
}
