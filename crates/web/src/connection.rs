//! One connection: who is too slow to ask, or to take what was asked for, is cut off.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long open requests may take to end once the server is told to stop.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long a client that takes nothing is waited for then.
const LAST_CHANCE: Duration = Duration::from_secs(1);
/// The largest head of a request.
const LARGEST_HEAD: usize = 64 << 10;

/// How long each side may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// A client for the head of a request, with its silence before it.
    pub to_ask: Duration,
    /// The server for the beginning of an answer, with the body that it waits for.
    pub to_answer: Duration,
    /// A client that takes nothing of an answer that is there.
    pub to_take: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let [to_ask, to_answer, to_take] = [15, 60, 30].map(Duration::from_secs);
        Self { to_ask, to_answer, to_take }
    }
}

/// Serves a connection until it ends, or the server is told to stop.
pub async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
) {
    let has_asked = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&has_asked);
    let service = service_fn(move |mut request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    // Small answers are not held back for larger ones.
    let _ = stream.set_nodelay(true);
    let (to_take, stop_too) = (patience.to_take, stop.clone());
    let io = TokioIo::new(Patient { inner: stream, to_take, stop: stop_too, stalled: None });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.to_ask).max_buf_size(LARGEST_HEAD);
    let mut connection = std::pin::pin!(http.serve_connection(io, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // Browsers keep a line open on which they may ask some day: nothing is lost with it.
        () = stop.cancelled() => match has_asked.load(Ordering::Relaxed) {
            false => Ok(()),
            true => {
                connection.as_mut().graceful_shutdown();
                timeout(FAREWELL, connection).await.unwrap_or(Ok(()))
            }
        },
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}

/// A stream whose other side must take what is written within a time, which is short once the
/// server is told to stop.
struct Patient {
    inner: TcpStream,
    to_take: Duration,
    stop: CancellationToken,
    stalled: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Ends when who takes nothing was waited for long enough.
async fn stalled(to_take: Duration, stop: CancellationToken) {
    let stopped = async {
        stop.cancelled().await;
        sleep(LAST_CHANCE).await;
    };
    tokio::select! {
        () = sleep(to_take) => {}
        () = stopped => {}
    }
}

impl Patient {
    /// Passes on what came of a write, and loses patience with one that waits too long.
    fn bounded<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let (to_take, stop) = (self.to_take, &self.stop);
        let waiting = self.stalled.get_or_insert_with(|| Box::pin(stalled(to_take, stop.clone())));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        let written = Pin::new(&mut me.inner).poll_write(cx, bytes);
        me.bounded(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        let written = Pin::new(&mut me.inner).poll_write_vectored(cx, parts);
        me.bounded(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        let flushed = Pin::new(&mut me.inner).poll_flush(cx);
        me.bounded(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}
