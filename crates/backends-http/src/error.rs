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
        if let Some(tls) = causes(error).find_map(|e| e.downcast_ref::<rustls::Error>()) {
            return Self::lasting(Problem::Tls(tls.to_string()));
        }
        if error.is_connect() && causes(error).any(is_end) {
            // Nothing is read while a plain connection is made: this was a handshake.
            return Self::transient(Problem::Tls(root(error)));
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

/// The error and its causes; `io::Error` hides its own.
fn causes<'a>(error: &'a Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    })
}

fn is_end(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof)
}

/// The innermost cause, which says most; the outer ones would repeat the address with its query.
fn root(error: &Error) -> String {
    match causes(error).last() {
        Some(cause) if !cause.is::<Error>() => cause.to_string().to_lowercase(),
        _ => "the connection failed".to_owned(),
    }
}
