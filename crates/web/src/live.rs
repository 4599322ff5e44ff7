//! Live: what happens, as it happens, as a stream of server-sent events.
//!
//! 1. The number of an event is its place in the table, so whoever was cut off goes on behind the
//!    last one that came (`Last-Event-ID`) and misses nothing.
//! 2. The table is the truth. Everybody first reads it to its end and then hears the same few bytes
//!    from one feed; whoever is too slow for the feed reads the table again from where they are.
//!    So a slow reader costs what any reader costs, and no event is written down twice.
//! 3. How far runs and transfers are comes between, without a number: it is not kept, and whoever
//!    misses it has the next one.
//!
//! It knows no subject of any event.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use shelfread_app::App;
use shelfread_app::events::Event;
use shelfread_app::live::Live;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::ask::Ask;
use crate::api::problems::{invalid, problem};
use crate::problem::{Answer, Problem};
use crate::state::Web;

/// Frames that wait for slow readers, shared by all.
const WAITING: usize = 512;
/// Events that a reader who catches up reads at once.
const PAGE: u64 = 200;
/// How long it may be silent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many may read at the same time.
const READERS: usize = 4_096;
/// How long a reader that was cut off waits before it comes again, in milliseconds.
const RETRY: u32 = 2_000;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(stream_events))
}

/// What all readers share.
#[derive(Clone)]
pub struct Feed {
    sender: broadcast::Sender<Frame>,
    pumped: Arc<OnceCell<()>>,
    places: Arc<Semaphore>,
    closing: CancellationToken,
}

/// Something that is sent, written once for all.
#[derive(Clone)]
enum Frame {
    /// The event of this number.
    Event(i64, Bytes),
    /// What has no number.
    Passing(Bytes),
    /// Something is missing: the table has it.
    Gap,
}

impl Feed {
    /// A feed whose streams end when the server does, so that nobody waits for them.
    pub fn new(closing: CancellationToken) -> Self {
        Self {
            sender: broadcast::channel(WAITING).0,
            pumped: Arc::default(),
            places: Arc::new(Semaphore::new(READERS)),
            closing,
        }
    }

    /// Everything from now on. The first to ask starts the pump.
    async fn listen(&self, app: &App) -> Answer<broadcast::Receiver<Frame>> {
        let start = async || {
            let (events, live) = (app.listen().await?, app.watch_live());
            let pump = pump(events, live, self.sender.clone());
            let closing = self.closing.clone();
            tokio::spawn(async move { closing.run_until_cancelled_owned(pump).await });
            Ok::<_, shelfread_app::AppError>(())
        };
        self.pumped.get_or_try_init(start).await?;
        Ok(self.sender.subscribe())
    }
}

/// Writes down what comes, once, for as long as anything can come.
async fn pump(
    mut events: broadcast::Receiver<Arc<Event>>,
    mut live: broadcast::Receiver<Arc<Live>>,
    feed: broadcast::Sender<Frame>,
) {
    loop {
        let frame = tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(event) => Frame::Event(event.seq, of_event(&event)),
                Err(RecvError::Lagged(_)) => Frame::Gap,
                Err(RecvError::Closed) => return,
            },
            message = live.recv() => match message {
                Ok(message) => Frame::Passing(of_live(&message)),
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            },
        };
        // Nobody reads just now.
        let _ = feed.send(frame);
    }
}

fn of_event(event: &Event) -> Bytes {
    frame(Some(event.seq), &event.event.kind, event)
}

fn of_live(live: &Live) -> Bytes {
    match live {
        Live::Run(run) => frame(None, "run.progress", run),
        Live::Downloads(downloads) => frame(None, "download.progress", downloads),
    }
}

fn frame(id: Option<i64>, kind: &str, data: &impl Serialize) -> Bytes {
    let mut text = BytesMut::with_capacity(512);
    if let Some(id) = id {
        text.put_slice(format!("id: {id}\n").as_bytes());
    }
    text.put_slice(b"event: ");
    // A line ends a field: a kind with one in it would be something else.
    text.extend(kind.bytes().filter(|byte| !byte.is_ascii_control()));
    text.put_slice(b"\ndata: ");
    // JSON in one line has no line ends.
    match serde_json::to_vec(data) {
        Ok(json) => text.put_slice(&json),
        Err(error) => tracing::error!(%error, "an event could not be written down"),
    }
    text.put_slice(b"\n\n");
    text.freeze()
}

/// One who reads.
struct Reader {
    app: App,
    feed: broadcast::Receiver<Frame>,
    /// The number of the last event that was sent.
    last: i64,
    /// Whether the table has more than the feed will tell.
    behind: bool,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    /// What to send next; `None` ends the stream, and its reader comes again.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.behind {
                match self.catch_up().await? {
                    Some(page) => return Some(page),
                    None => self.behind = false,
                }
            }
            let Ok(heard) = tokio::time::timeout(HEARTBEAT, self.feed.recv()).await else {
                return Some(Bytes::from_static(b":\n\n"));
            };
            match heard {
                Ok(Frame::Event(seq, _)) if seq <= self.last => {}
                Ok(Frame::Event(seq, bytes)) => {
                    self.last = seq;
                    return Some(bytes);
                }
                Ok(Frame::Passing(bytes)) => return Some(bytes),
                Ok(Frame::Gap) | Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// A page of the table; nothing inside when there is no more, and nothing at all when it
    /// cannot be read.
    async fn catch_up(&mut self) -> Option<Option<Bytes>> {
        match self.app.store().events_after(self.last, PAGE).await {
            Ok(page) => {
                let Some(newest) = page.last() else { return Some(None) };
                self.last = newest.seq;
                let mut all = BytesMut::new();
                page.iter().for_each(|event| all.extend(of_event(event)));
                Some(Some(all.freeze()))
            }
            Err(error) => {
                tracing::warn!(%error, "a reader of events could not go on");
                None
            }
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StreamQuery {
    /// Begin behind the event of this number; 0 for all that is remembered. `Last-Event-ID`, which
    /// browsers send by themselves when they come again, goes before.
    #[param(minimum = 0)]
    after: Option<i64>,
}

/// What happens, as it happens
///
/// Server-sent events. Each event of history has its number as `id`, its kind as `event` and the
/// same JSON as in the list as `data`. Between them come `run.progress` and `download.progress`,
/// which have no `id` and are not kept. Whoever comes again with `Last-Event-ID` misses nothing.
#[utoipa::path(
    get,
    path = "/events/stream",
    tag = "events",
    params(
        StreamQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "The last event that came")
    ),
    responses((status = 200, body = String, content_type = "text/event-stream"))
)]
async fn stream_events(
    State(web): State<Web>,
    headers: HeaderMap,
    Ask(query): Ask<StreamQuery>,
) -> Answer<Response> {
    let Ok(place) = Arc::clone(&web.feed.places).try_acquire_owned() else { return Err(crowded()) };
    let feed = web.feed.listen(&web.app).await?;
    let newest = web.app.store().last_event().await.map_err(shelfread_app::AppError::from)?;
    let asked = last_event_id(&headers)?.or(query.after);
    if asked.is_some_and(|seq| seq < 0) {
        return Err(invalid("events are numbered from 1"));
    }
    // A number that there is not yet is one of another database.
    let last = asked.unwrap_or(newest).min(newest);
    let reader = Reader { app: web.app, feed, last, behind: true, _place: place };
    Ok(answer(last, reader, web.feed.closing))
}

fn answer(last: i64, reader: Reader, closing: CancellationToken) -> Response {
    let hello = Bytes::from(format!("retry: {RETRY}\nid: {last}\n\n"));
    let rest = stream::unfold(reader, async |mut reader| Some((reader.next().await?, reader)));
    let all = stream::iter([hello]).chain(rest).take_until(closing.cancelled_owned());
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would keep it to itself until it has a page full.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(fallible(all))).into_response()
}

fn fallible(all: impl Stream<Item = Bytes>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    all.map(Ok)
}

fn last_event_id(headers: &HeaderMap) -> Answer<Option<i64>> {
    let Some(given) = headers.get("last-event-id") else { return Ok(None) };
    let read = given.to_str().ok().and_then(|text| text.trim().parse().ok());
    read.map(Some).ok_or_else(|| invalid("the Last-Event-ID is no number of an event"))
}

fn crowded() -> Problem {
    let (title, detail) = ("Too many read at once", "try again when others have gone");
    problem(axum::http::StatusCode::SERVICE_UNAVAILABLE, "crowded", title, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out_of_its_frame() {
        let text = "a\n\nevent: other\r\ndata: x\u{2028}";
        let bytes = frame(Some(7), "item.removed\ndata: y", &text);
        let written = String::from_utf8(bytes.to_vec()).unwrap();
        let lines: Vec<_> = written.split('\n').collect();
        assert_eq!(lines.len(), 5, "{written}");
        assert_eq!((lines[0], lines[1]), ("id: 7", "event: item.removeddata: y"));
        let data = lines[2].strip_prefix("data: ").unwrap();
        assert_eq!(serde_json::from_str::<String>(data).unwrap(), text);
        assert!(!written.contains('\r'));
    }
}
