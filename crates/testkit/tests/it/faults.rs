//! Faults around a source in memory do what their names say.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use shelfread_domain::port::{
    LibraryKind, Listed, MediaSource, Problem, RemoteLibrary, Scope, SourceError,
};
use shelfread_domain::{Coverage, SourceKind};
use shelfread_testkit::faults::{Fault, Faulty, Gate};
use shelfread_testkit::fixtures::ScriptedSource;
use shelfread_testkit::notation::observations;
use shelfread_testkit::until;

fn error() -> SourceError {
    SourceError::new("list den", Problem::Timeout(30))
}

/// Three pages of one film each, complete.
async fn source() -> (Faulty<ScriptedSource>, RemoteLibrary) {
    let source = ScriptedSource::new(SourceKind::Emby);
    let page = |line| Ok(Listed::Page(observations(line)));
    let end = Ok(Listed::End(Coverage::complete(Some(3), 3)));
    let script = vec![page("movie a"), page("movie b"), page("movie c"), end];
    source.scripts("1", LibraryKind::Movies, script);
    let library = source.libraries().await.unwrap().remove(0);
    (Faulty::new(source), library)
}

/// The steps as a line of text: ids of films, `!` an error, `=n` complete, `~n` partial.
async fn told(source: &impl MediaSource, library: &RemoteLibrary, scope: Scope) -> String {
    let steps = source.list(library, scope).map(|step| match step {
        Ok(Listed::Page(page)) => page.iter().map(|o| o.remote_id.to_string()).collect(),
        Ok(Listed::End(c)) if c.complete => format!("={}", c.received),
        Ok(Listed::End(c)) => format!("~{}", c.received),
        Ok(_) => String::new(),
        Err(_) => "!".to_owned(),
    });
    steps.collect::<Vec<_>>().await.concat()
}

#[tokio::test]
async fn listings_break_lie_and_doubt() {
    let (source, library) = source().await;
    for (fault, expected) in [
        (None, "abc=3"),
        (Some(Fault::FailAfter(0, error())), "!"),
        (Some(Fault::FailAfter(2, error())), "ab!"),
        (Some(Fault::FailAfter(9, error())), "abc!"),
        (Some(Fault::EndAfter(1)), "a"),
        (Some(Fault::LieAfter(1)), "a=1"),
        (Some(Fault::Partial("moved".into())), "abc~3"),
        (Some(Fault::Slow(Duration::from_millis(1))), "abc=3"),
    ] {
        source.set(fault);
        assert_eq!(told(&source, &library, Scope::Full).await, expected);
    }
    source.set([Fault::Identify(error()), Fault::Libraries(error())]);
    assert_eq!(source.identify().await, Err(error()));
    assert_eq!(source.libraries().await, Err(error()));
}

#[tokio::test]
async fn a_gate_holds_each_step_until_the_test_lets_it_pass() {
    let (source, library) = source().await;
    let (gate, steps) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    source.set([Fault::Gate(gate.clone())]);
    let count = Arc::clone(&steps);
    let reader = tokio::spawn(async move {
        let listing = source.list(&library, Scope::Full);
        listing.for_each(async |_| _ = count.fetch_add(1, Ordering::SeqCst)).await;
    });
    let passed = async |n| {
        until(Duration::from_secs(10), async || steps.load(Ordering::SeqCst) == n).await;
    };
    gate.pass(2);
    passed(2).await;
    gate.open();
    passed(4).await;
    reader.await.unwrap();
}

#[tokio::test]
async fn less_than_everything_is_never_complete() {
    let (source, library) = source().await;
    let only = Scope::Only(vec!["b".into(), "x".into()]);
    assert_eq!(told(&source, &library, only.clone()).await, "b~1");
    let since = Scope::ChangedSince(chrono::DateTime::UNIX_EPOCH);
    assert_eq!(told(&source, &library, since.clone()).await, "~0");
    source.inner().changed("1", "movie c");
    assert_eq!(told(&source, &library, since.clone()).await, "c~1");
    let asked: Vec<_> = source.inner().asked().into_iter().map(|(_, scope)| scope).collect();
    assert_eq!(asked, [only, since.clone(), since]);
    source.inner().drops("1");
    assert_eq!(told(&source, &library, Scope::Full).await, "!");
}
