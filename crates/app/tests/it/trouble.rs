//! Absent is not unknown: whatever goes wrong with a source removes nothing and marks nothing.

use shelfread_domain::port::{LibraryKind, Listed, Problem, SourceError};
use shelfread_domain::{Coverage, RunStatus};
use shelfread_testkit::faults::Fault;
use shelfread_testkit::fixtures::complete;
use shelfread_testkit::notation::observations;

use crate::desk::{Desk, server};

crate::scenarios!(
    nothing_that_fails_removes,
    another_server_answers,
    a_listing_that_is_wrong_is_seen_through,
);

const SHELF: &str = "movie a \"Alpha\" 2001 tmdb=1\nmovie b \"Beta\" 2002 tmdb=2\n\
                     movie c \"Gamma\" 2003 tmdb=3";

async fn nothing_that_fails_removes(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, SHELF).await;
    let (shelf, memory) = (desk.shelf().await, desk.memory().await);
    den.scripts("1", LibraryKind::Movies, complete(observations("movie a \"Alpha\" 2001 tmdb=1")));
    let fail = |problem| SourceError::new("list films", problem);
    let faults = [
        Fault::Identify(fail(Problem::Unauthorized)),
        Fault::Identify(fail(Problem::Timeout(30))),
        Fault::Libraries(fail(Problem::Status(500))),
        Fault::FailAfter(0, fail(Problem::Malformed("html".to_owned()))),
        Fault::FailAfter(1, fail(Problem::Status(500))),
        Fault::EndAfter(1),
        Fault::Partial("the total is larger than what came".to_owned()),
    ];
    for fault in faults {
        desk.faulty("den").set([fault.clone()]);
        let report = desk.sync("den").await;
        let expected = [RunStatus::Failed, RunStatus::Partial];
        assert!(expected.contains(&report.status), "{fault:?}: {}", report.status);
        assert_eq!((report.counts.removed, report.counts.missing, report.counts.held), (0, 0, 0));
        let said = report.errors.len()
            + report.coverage.iter().filter(|c| c.coverage.reason.is_some()).count();
        assert!(said > 0, "{fault:?}: the run says why");
        assert_eq!(desk.shelf().await, shelf, "{fault:?}");
        assert_eq!(desk.memory().await, memory, "{fault:?}");
        desk.is_sound().await;
    }
}

async fn another_server_answers(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, SHELF).await;
    let memory = desk.memory().await;
    den.identifies(Ok(server("a-stranger")));
    den.lists(
        "1",
        LibraryKind::Movies,
        "movie a \"Alpha\" 2001 tmdb=1\nmovie b \"Beta\" 2002 tmdb=2",
    );
    for _ in 0..2 {
        let report = desk.sync("den").await;
        assert_eq!((report.status, report.counts.held), (RunStatus::Held, 1));
        assert!(report.errors.iter().any(|e| e.message.contains("another server")));
        assert_eq!(desk.memory().await, memory);
    }
    den.identifies(Ok(server("server-1")));
    den.lists("1", LibraryKind::Movies, SHELF);
    let report = desk.synced("den").await;
    assert_eq!((report.counts.added, report.counts.removed), (0, 0));
}

async fn a_listing_that_is_wrong_is_seen_through(desk: Desk) {
    let den = desk.den(LibraryKind::Movies, SHELF).await;
    let steps = vec![
        Ok(Listed::Page(observations("movie a \"Alpha\" 2001 tmdb=1"))),
        Ok(Listed::End(Coverage::partial(Some(3), 1, "3 were announced, 1 came"))),
    ];
    den.scripts("1", LibraryKind::Movies, steps);
    let report = desk.sync("den").await;
    assert_eq!(report.status, RunStatus::Partial);
    let coverage = &report.coverage[0].coverage;
    assert_eq!((coverage.complete, coverage.expected, coverage.received), (false, Some(3), 1));
    assert_eq!(desk.shelf().await.len(), 3);
}
