//! A raw HTTP/1.1 server for canned answers, as badly behaved as a test wants: bodies that are cut
//! off, drip, stall or never end, lengths that lie, connections that close at once.
//!
//! It knows bytes and deliberately no wire format of any media server; that is what the simulator
//! is for. It answers what the test says and writes down what it was asked.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use shelfread_testkit::wire::{Reply, Wire};
//!
//! let wire = Wire::start(|request| match request.path.as_str() {
//!     "/ping" => Reply::json(r#"{"status":"OK"}"#),
//!     "/items" => Reply::json(r#"{"Items":[1,2,3]}"#).gzip().cut(12),
//!     _ => Reply::status(404),
//! })
//! .await;
//! // … let a client loose on wire.url(), then look at wire.requests()
//! # });
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use url::Url;

/// What a client asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// The path as it came, still percent-encoded, without the query.
    pub path: String,
    /// The parameters of the query, decoded, in their order.
    pub query: Vec<(String, String)>,
    /// The headers in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, |n| n.eq_ignore_ascii_case(name))
    }

    /// The first parameter of that name.
    pub fn param(&self, name: &str) -> Option<&str> {
        first(&self.query, |n| n == name)
    }

    /// The request as it goes over the wire, for one answer that is not compressed.
    fn bytes(&self, host: &str) -> Vec<u8> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        let mut head = format!("{} {}{mark}{query} HTTP/1.1\r\n", self.method, self.path);
        let ours = ["host", "connection", "accept-encoding", "content-length"];
        for (name, value) in &self.headers {
            if !ours.contains(&name.to_ascii_lowercase().as_str()) {
                head += &format!("{name}: {value}\r\n");
            }
        }
        let length = self.body.len();
        head += &format!("host: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        [head.as_bytes(), &self.body].concat()
    }

    /// The parameter as a number; panics when it is there and is none.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.param(name).map(|n| n.parse().unwrap_or_else(|_| panic!("{name}={n} is no number")))
    }
}

fn first(pairs: &[(String, String)], is: impl Fn(&str) -> bool) -> Option<&str> {
    pairs.iter().find(|(name, _)| is(name)).map(|(_, value)| value.as_str())
}

/// What the server answers, and in which manner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    manner: Manner,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Manner {
    Whole,
    Cut { at: usize },
    Claim { length: usize },
    Drip { chunk: usize, pause: Duration },
    Stall { after: usize },
    Endless,
    Raw,
    Silent,
}

impl Reply {
    /// A status and nothing else.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), manner: Manner::Whole }
    }

    /// Status 200 with a body.
    pub fn body(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::status(200) }.header("content-type", content_type)
    }

    /// Status 200 with JSON, well-formed or not.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::body("application/json; charset=utf-8", body)
    }

    /// Status 200 with a page for people, as a proxy or a wrong address sends it.
    pub fn html(body: impl Into<Vec<u8>>) -> Self {
        Self::body("text/html; charset=utf-8", body)
    }

    /// Status 302 to another address.
    pub fn redirect(to: impl fmt::Display) -> Self {
        Self::status(302).header("location", &to.to_string())
    }

    /// These bytes instead of an answer, then the connection closes.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { body: bytes.into(), manner: Manner::Raw, ..Self::status(200) }
    }

    /// No answer: the connection closes at once.
    pub fn close() -> Self {
        Self::raw([])
    }

    /// No answer: the connection stays open and silent.
    pub fn silence() -> Self {
        Self { manner: Manner::Silent, ..Self::status(200) }
    }

    /// The status.
    pub const fn code(&self) -> u16 {
        self.status
    }

    /// Where it leads, if it leads elsewhere.
    pub fn location(&self) -> Option<&str> {
        first(&self.headers, |n| n.eq_ignore_ascii_case("location"))
    }

    /// The body as text, whatever it is.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The same with another body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same body compressed, whether the client asked for it or not.
    #[must_use]
    pub fn gzip(self) -> Self {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&self.body).expect("writing to memory");
        let body = encoder.finish().expect("writing to memory");
        Self { body, ..self }.header("content-encoding", "gzip")
    }

    /// The length is announced, `at` bytes of the body come, then the connection closes.
    #[must_use]
    pub fn cut(self, at: usize) -> Self {
        self.manner(Manner::Cut { at })
    }

    /// The whole body comes under a `Content-Length` that lies, then the connection closes.
    #[must_use]
    pub fn claim(self, length: usize) -> Self {
        self.manner(Manner::Claim { length })
    }

    /// The body comes `chunk` bytes at a time with a pause after each.
    #[must_use]
    pub fn drip(self, chunk: usize, pause: Duration) -> Self {
        self.manner(Manner::Drip { chunk, pause })
    }

    /// Head and `after` bytes of the body come, then nothing, and the connection stays open.
    #[must_use]
    pub fn stall(self, after: usize) -> Self {
        self.manner(Manner::Stall { after })
    }

    /// The body comes again and again in chunks without end.
    #[must_use]
    pub fn endless(self) -> Self {
        self.manner(Manner::Endless)
    }

    fn manner(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &match self.manner {
            Manner::Endless => "transfer-encoding: chunked\r\n\r\n".to_owned(),
            Manner::Claim { length } => format!("content-length: {length}\r\n\r\n"),
            _ => format!("content-length: {}\r\n\r\n", self.body.len()),
        };
        head
    }

    /// Sends it; whether the connection can serve another request after it.
    async fn send(&self, stream: &mut TcpStream, with_body: bool) -> io::Result<bool> {
        match self.manner {
            Manner::Silent => {}
            Manner::Raw => stream.write_all(&self.body).await?,
            _ => {
                stream.write_all(self.head().as_bytes()).await?;
                if with_body {
                    self.send_body(stream).await?;
                }
            }
        }
        stream.flush().await?;
        Ok(matches!(self.manner, Manner::Whole | Manner::Drip { .. }))
    }

    /// Whether nothing more comes and the connection stays open.
    const fn hangs(&self) -> bool {
        matches!(self.manner, Manner::Silent | Manner::Stall { .. })
    }

    async fn send_body(&self, stream: &mut TcpStream) -> io::Result<()> {
        let upto = |end: usize| &self.body[..end.min(self.body.len())];
        match self.manner {
            Manner::Whole | Manner::Claim { .. } | Manner::Raw | Manner::Silent => {
                stream.write_all(&self.body).await
            }
            Manner::Cut { at } | Manner::Stall { after: at } => stream.write_all(upto(at)).await,
            Manner::Drip { chunk, pause } => {
                for bytes in self.body.chunks(chunk.max(1)) {
                    stream.write_all(bytes).await?;
                    sleep(pause).await;
                }
                Ok(())
            }
            Manner::Endless => loop {
                let size = format!("{:x}\r\n", self.body.len());
                stream.write_all(&[size.as_bytes(), &self.body, b"\r\n"].concat()).await?;
            },
        }
    }
}

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

/// Reads one request; `None` at the end of the connection.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let Some(first) = line(stream).await? else { return Ok(None) };
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or("/"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    while let Some(header) = line(stream).await?.filter(|l| !l.is_empty()) {
        let (name, value) = header.split_once(':').unwrap_or((&header, ""));
        request.headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let length = request.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

async fn line(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}

/// Sends a request to a server that behaves well, and reads its whole answer. Neither TLS nor
/// chunks nor compression: it is for servers of tests.
///
/// # Errors
/// When nobody answers, or not in HTTP.
pub async fn forward(to: &Url, request: &Request) -> io::Result<Reply> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let host = to.host_str().zip(to.port_or_known_default()).ok_or_else(|| bad("no host"))?;
    let mut stream = BufReader::new(TcpStream::connect(host).await?);
    stream.get_mut().write_all(&request.bytes(host.0)).await?;
    let first = line(&mut stream).await?.ok_or_else(|| bad("no answer"))?;
    let status = first.split(' ').nth(1).and_then(|s| s.parse().ok());
    let mut reply = Reply::status(status.ok_or_else(|| bad("no status"))?);
    while let Some(header) = line(&mut stream).await?.filter(|l| !l.is_empty()) {
        let (name, value) = header.split_once(':').unwrap_or((&header, ""));
        if !["content-length", "connection"].contains(&name.to_ascii_lowercase().as_str()) {
            reply = reply.header(name, value.trim());
        }
    }
    stream.read_to_end(&mut reply.body).await?;
    Ok(reply)
}
