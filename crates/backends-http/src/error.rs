//! What went wrong on the way to an answer, in the words of the domain.

use std::error::Error as StdError;
use std::io;

use reqwest::Error;
use shelfread_domain::port::Problem;

/// A try that brought no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) problem: Problem,
    /// Whether another try may bring one.
    pub(crate) transient: bool,
}

impl Failure {
    pub(crate) const fn lasting(problem: Problem) -> Self {
        Self { problem, transient: false }
    }

    pub(crate) const fn transient(problem: Problem) -> Self {
        Self { problem, transient: true }
    }

    /// Reads a `reqwest` error. `waited` is the timeout, in seconds, that applied to the step.
    pub(crate) fn of(error: &Error, waited: u64) -> Self {
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::lasting(Problem::Tls(tls.to_string()));
        }
        if error.is_timeout() {
            return Self::transient(Problem::Timeout(waited));
        }
        if error.is_dns() {
            return Self::transient(Problem::Unreachable("the host name is unknown".into()));
        }
        if error.is_connect() {
            return Self::transient(Problem::Unreachable(root(error)));
        }
        if error.is_builder() {
            return Self::lasting(Problem::Configuration(root(error)));
        }
        Self::transient(Problem::Malformed(root(error)))
    }
}

/// The cause of this type, wherever in the chain it hides; `io::Error` hides its own cause.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// The innermost cause, which says most; the outer ones would repeat the address with its query.
fn root(error: &Error) -> String {
    let mut cause: &dyn StdError = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if cause.is::<Error>() {
        return "the connection failed".to_owned();
    }
    cause.to_string().to_lowercase()
}
