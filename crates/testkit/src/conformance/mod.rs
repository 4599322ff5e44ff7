//! The suite that every adapter passes: whatever the network and the server do, it errs or doubts,
//! and never takes a part for the whole.
//!
//! It knows HTTP and JSON and the port [`MediaSource`], and deliberately no product: an honest
//! server stands behind a proxy that meddles with what passes through. The server may be one of the
//! simulator or a few canned answers on [`wire`](crate::wire). Lies about lists need a server that
//! knows what a list is: [`check_lies`] takes one of the simulator.
//!
//! What is checked, in this order:
//! 1. the honest server is read completely, twice, with equal results (`honest`);
//! 2. less than everything is never complete (`scopes`);
//! 3. harmless oddities change nothing: unknown fields, gzip, a slow network (`harmless`);
//! 4. each fault on each request, once and from then on, ends in the truth, a doubt or an error
//!    (`faults`);
//! 5. errors say what it was (`errors`), and a token goes nowhere else (`redirects`);
//! 6. values of the wrong type, fields that are missing and texts that nobody knows are survived
//!    (`nonsense`);
//! 7. dropping the stream ends what it does (`cancellation`).
//!
//! ```no_run
//! # async fn f(make: impl Fn(url::Url, secrecy::SecretString)
//! #     -> std::sync::Arc<dyn shelfread_domain::port::MediaSource>) {
//! use shelfread_simulator::{Jellyfin, Size, World};
//! use shelfread_testkit::conformance::{Subject, check, check_lies};
//!
//! let world = World::generate(1, Size { films: 6, shows: 2, episodes: 12 });
//! let server = Jellyfin::new(&world).start().await.unwrap();
//! // `make` sets short timeouts (300 ms) and pauses (1 ms), a small limit of bodies, small pages.
//! let subject = Subject { make: &make, url: server.url(), token: server.token().to_owned() };
//! check(&subject).await;
//! check_lies(&subject, &server).await;
//! # }
//! ```

mod laws;
mod lies;
mod meddler;
mod nonsense;
mod reading;

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use futures::stream::{self, StreamExt};
use secrecy::SecretString;
use shelfread_domain::port::{MediaSource, Problem, RemoteLibrary, Scope};
use url::Url;

pub use lies::check_lies;

use crate::until;
use laws::Violations;
use meddler::{Meddle, Meddler, When};
use reading::{Reading, read};

/// The longest time that anything may take here, whatever the timeouts of the adapter.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Most cases wait most of the time.
const CASES_AT_ONCE: usize = 6;

/// An adapter, and an honest server for it with at least two libraries, a show with episodes and
/// enough of everything for several pages.
pub struct Subject<'a> {
    /// Makes the adapter for an address and a token, with short timeouts and pauses, a limit of at
    /// most 1 MiB for a body, and small pages.
    pub make: &'a dyn Fn(Url, SecretString) -> Arc<dyn MediaSource>,
    /// Where the honest server is.
    pub url: Url,
    /// Its token: at least eight characters that occur nowhere else.
    pub token: String,
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Subject<'_> {
    fn at(&self, url: Url) -> Arc<dyn MediaSource> {
        (self.make)(url, self.token.clone().into())
    }
}

/// Checks everything that needs no knowledge of the product; see the [module](self).
///
/// # Panics
/// With all violations of the contract.
pub async fn check(subject: &Subject<'_>) {
    let mut violations = Violations::new(subject);
    let proxy = Meddler::start(subject.url.clone()).await;
    let reference = honest(subject, &proxy, &mut violations).await;
    scopes(subject, &reference, &mut violations).await;
    harmless(subject, &proxy, &reference, &mut violations).await;
    faults(subject, &reference, &mut violations).await;
    errors(subject, &proxy, &mut violations).await;
    redirects(subject, &proxy, &reference, &mut violations).await;
    nonsense::survived(subject, &reference, &mut violations).await;
    violations.report();
    cancellation(subject, &proxy, &reference).await;
}

/// The honest server, read twice. What it says is the truth for all that follows.
async fn honest(subject: &Subject<'_>, proxy: &Meddler, violations: &mut Violations) -> Reading {
    let source = subject.at(proxy.url());
    let mut reference = read(&*source).await;
    reference.requests = proxy.requests();
    violations.honest("an honest server", &reference);
    let again = read(&*source).await;
    violations.equal("an honest server, read twice", &reference, &again);
    reference
}

/// Neither what changed nor what was named is ever all there is; what was named comes with what
/// hangs on it.
async fn scopes(subject: &Subject<'_>, reference: &Reading, violations: &mut Violations) {
    let source = subject.at(subject.url.clone());
    for (library, listing) in reference.listings() {
        let since = Scope::ChangedSince(DateTime::UNIX_EPOCH);
        let since = reading::list(&*source, library, since).await;
        violations.partial("what changed since 1970", library, &since);
        let Some(first) = listing.observations.first() else { continue };
        let only = Scope::Only(vec![first.remote_id.clone(), "no-such-id".into()]);
        let only = reading::list(&*source, library, only).await;
        violations.partial("one object and one that is not there", library, &only);
        violations.family(library, first, listing, &only);
    }
}

/// What a real network and a newer server do all the time.
async fn harmless(
    subject: &Subject<'_>,
    proxy: &Meddler,
    reference: &Reading,
    violations: &mut Violations,
) {
    for meddle in [Meddle::UnknownFields, Meddle::Gzip, Meddle::Slow] {
        proxy.meddle(meddle, When::From(0));
        let reading = read(&*subject.at(proxy.url())).await;
        violations.equal(&format!("{meddle:?}"), reference, &reading);
    }
}

/// Each fault on each request.
async fn faults(subject: &Subject<'_>, reference: &Reading, violations: &mut Violations) {
    let all = Meddle::DESTRUCTIVE.into_iter();
    let of =
        |meddle: Meddle| meddle.cases(reference.requests).into_iter().map(move |w| (meddle, w));
    let cases = all.flat_map(of).collect();
    for (case, reading) in readings(subject, cases).await {
        violations.never_a_part(&case, reference, &reading);
    }
}

/// Everything that is told in each of these cases, several at once.
async fn readings(subject: &Subject<'_>, cases: Vec<(Meddle, When)>) -> Vec<(String, Reading)> {
    let reading = async |(meddle, when)| {
        let proxy = Meddler::start(subject.url.clone()).await;
        proxy.meddle(meddle, when);
        (format!("{meddle:?} {when:?}"), read(&*subject.at(proxy.url())).await)
    };
    stream::iter(cases).map(reading).buffered(CASES_AT_ONCE).collect().await
}

/// What goes wrong is told as what it is.
async fn errors(subject: &Subject<'_>, proxy: &Meddler, violations: &mut Violations) {
    for meddle in Meddle::DESTRUCTIVE {
        proxy.meddle(meddle, When::From(0));
        let identity = subject.at(proxy.url()).identify().await;
        violations.told(&format!("{meddle:?}"), identity, |p| meddle.is_told_by(p));
    }
    let nobody = Url::parse("http://127.0.0.1:9/").expect("a URL");
    let identity = subject.at(nobody).identify().await;
    violations.told("nobody there", identity, |p| matches!(p, Problem::Unreachable(_)));
}

/// Another host gets no token, whatever the server says.
async fn redirects(
    subject: &Subject<'_>,
    proxy: &Meddler,
    reference: &Reading,
    violations: &mut Violations,
) {
    let spy = Meddler::start(subject.url.clone()).await;
    proxy.redirect_to(spy.url());
    for request in 0..reference.requests.min(6) {
        proxy.meddle(Meddle::Redirect, When::From(request));
        let reading = read(&*subject.at(proxy.url())).await;
        violations.never_a_part(&format!("a redirect from {request} on"), reference, &reading);
    }
    if spy.saw(&subject.token) {
        violations.add("a redirect", "the token followed to another host");
    }
}

/// A dropped stream leaves no request under way.
async fn cancellation(subject: &Subject<'_>, proxy: &Meddler, reference: &Reading) {
    for (library, _) in reference.listings() {
        proxy.be_honest();
        let source = subject.at(proxy.url());
        source.identify().await.expect("an honest server");
        proxy.meddle(Meddle::Silence, When::From(0));
        let mut steps = source.list(library, Scope::Full);
        let waits = async || proxy.waiting() > 0;
        tokio::select! {
            () = until(PATIENCE, waits) => {}
            // The adapter's own timeout may be faster than a busy machine.
            _ = steps.next() => {}
        }
        drop(steps);
        until(PATIENCE, async || proxy.waiting() == 0).await;
    }
}

fn name(library: &RemoteLibrary) -> &str {
    &library.name
}

fn lines(all: &[String]) -> String {
    all.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "- {line}");
        text
    })
}
