//! One request and its answer: what the server would say, what the faults make of it, and how that
//! goes over the wire.

use std::convert::Infallible;
use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream::{self, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::Response;
use hyper::body::Frame;

use super::faults::{Effect, Fault};
use super::message::Answer;

/// The body of an answer on its way.
pub(crate) type Out = UnsyncBoxBody<Bytes, io::Error>;

/// The connection closes without an answer.
#[derive(Debug)]
pub(crate) struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed by a fault")
    }
}

impl std::error::Error for Closed {}

/// What a server made of a request.
pub(crate) struct Outcome {
    pub answer: Answer,
    /// Whether the body is compressed already.
    pub packed: bool,
    /// Whether the client takes compressed bodies.
    pub may_pack: bool,
    pub faults: Vec<Fault>,
}

impl Outcome {
    fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.faults.iter().map(|f| &f.effect)
    }

    /// Sends it, with all that goes wrong on the way.
    pub async fn send(mut self) -> Result<Response<Out>, Closed> {
        for effect in self.effects().cloned().collect::<Vec<_>>() {
            match effect {
                Effect::Delay(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Effect::Reset => return Err(Closed),
                Effect::Silence => std::future::pending().await,
                Effect::Status { code, retry_after } => return Ok(refused(code, retry_after)),
                Effect::Redirect(to) => return Ok(redirect(&to)),
                effect => self.spoil(&effect),
            }
        }
        if self.may_pack && !self.packed && self.answer.body.len() > 1_000 {
            self.answer.body = gzip(&self.answer.body);
            self.packed = true;
        }
        Ok(self.response())
    }

    /// Puts another body in the place of the right one.
    fn spoil(&mut self, effect: &Effect) {
        match effect {
            Effect::Html => {
                let page = "<!DOCTYPE html><html><title>Welcome</title><p>It works!</p></html>";
                self.answer = Answer { content_type: "text/html", ..Answer::text(200, page) };
            }
            Effect::BadJson => {
                self.answer.body.truncate(self.answer.body.len() / 2);
            }
            Effect::Oversized(mib) => {
                let space = vec![b' '; mib << 20];
                self.answer.body = [&space[..], &self.answer.body[..]].concat().into();
            }
            _ => {}
        }
    }

    fn response(self) -> Response<Out> {
        let length = self.answer.body.len();
        let body = self.effects().fold(None, |body, effect| match effect {
            Effect::CutOff(n) => Some(cut_off(self.answer.body.slice(..length.min(*n)))),
            Effect::Stall(n) => Some(stall(self.answer.body.slice(..length.min(*n)))),
            _ => body,
        });
        let body = body.unwrap_or_else(|| whole(self.answer.body));
        let response = Response::builder()
            .status(self.answer.status)
            .header("content-type", self.answer.content_type)
            .header("content-length", length);
        let headers = self.answer.headers.iter();
        let response =
            headers.fold(response, |response, (name, value)| response.header(*name, value));
        let response =
            if self.packed { response.header("content-encoding", "gzip") } else { response };
        response.body(body).unwrap_or_default()
    }
}

fn refused(code: u16, retry_after: Option<u64>) -> Response<Out> {
    let response = Response::builder().status(code);
    let response = match retry_after {
        Some(seconds) => response.header("retry-after", seconds),
        None => response,
    };
    response.body(Out::default()).unwrap_or_default()
}

fn redirect(to: &str) -> Response<Out> {
    let response = Response::builder().status(302).header("location", to);
    response.body(Out::default()).unwrap_or_default()
}

fn whole(bytes: Bytes) -> Out {
    Full::new(bytes).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// An error in the middle of a body makes the server close the connection; a little later, so that
/// what came before it is on the wire.
fn cut_off(bytes: Bytes) -> Out {
    let error = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        Err(io::Error::other("cut off by a fault"))
    };
    let frames = stream::iter([Ok(Frame::data(bytes))]).chain(stream::once(error));
    StreamBody::new(frames).boxed_unsync()
}

fn stall(bytes: Bytes) -> Out {
    let frames = stream::iter([Ok(Frame::data(bytes))]).chain(stream::pending());
    StreamBody::new(frames).boxed_unsync()
}

/// Compresses as quickly as servers do.
pub(crate) fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::fast());
    // Writing to memory does not fail.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default().into()
}
