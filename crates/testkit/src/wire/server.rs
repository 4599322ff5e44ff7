//! The connections: which request gets which reply, and who still waits.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

use super::request::read;
use super::{Reply, Request};

/// A running server on 127.0.0.1. It and all its connections die when it is dropped.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

type Answer = Box<dyn Fn(Request) -> BoxFuture<'static, Reply> + Send + Sync>;

struct Shared {
    answer: Answer,
    requests: Mutex<Vec<Request>>,
    waiting: AtomicUsize,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Wire {
    /// Starts a server that answers with `answer`.
    pub async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::answering(Box::new(move |request| ready(answer(&request)).boxed())).await
    }

    /// Starts a server that takes its time for its answers.
    pub(crate) async fn answering(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let (requests, waiting) = (Mutex::default(), AtomicUsize::new(0));
        let shared = Arc::new(Shared { answer, requests, waiting });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { address, shared, server }
    }

    /// Starts a server that gives these replies one after the other, whatever is asked, and 599
    /// when there are none left.
    pub async fn queue(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
        Self::start(move |_| lock(&replies).pop_front().unwrap_or_else(|| Reply::status(599))).await
    }

    /// Its address, without a path.
    pub fn url(&self) -> Url {
        Url::parse(&format!("http://{}/", self.address)).expect("an address makes a URL")
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// How many clients wait now for something that will never come.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connections live in the set, so they end with this task.
async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// Answers the requests of one connection. A client that goes away ends it.
async fn converse(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        let with_body = request.method != "HEAD";
        let is_last = request.header("connection").is_some_and(|c| c.eq_ignore_ascii_case("close"));
        lock(&shared.requests).push(request.clone());
        let reply = (shared.answer)(request).await;
        let goes_on = reply.send(stream.get_mut(), with_body).await?;
        if reply.hangs() {
            shared.waiting.fetch_add(1, Ordering::SeqCst);
            let gone = stream.read_to_end(&mut Vec::new()).await;
            shared.waiting.fetch_sub(1, Ordering::SeqCst);
            gone?;
        }
        if is_last || !goes_on {
            break;
        }
    }
    stream.get_mut().shutdown().await
}
