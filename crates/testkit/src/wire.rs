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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
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
            Manner::Silent => return std::future::pending().await,
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

    async fn send_body(&self, stream: &mut TcpStream) -> io::Result<()> {
        let upto = |end: usize| &self.body[..end.min(self.body.len())];
        match self.manner {
            Manner::Whole | Manner::Claim { .. } | Manner::Raw | Manner::Silent => {
                stream.write_all(&self.body).await
            }
            Manner::Cut { at } => stream.write_all(upto(at)).await,
            Manner::Stall { after } => {
                stream.write_all(upto(after)).await?;
                std::future::pending().await
            }
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
    requests: Log,
    server: JoinHandle<()>,
}

type Log = Arc<Mutex<Vec<Request>>>;
type Answer = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

impl Wire {
    /// Starts a server that answers with `answer`.
    pub async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let requests = Log::default();
        let server = tokio::spawn(serve(listener, Arc::clone(&requests), Arc::new(answer)));
        Self { address, requests, server }
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
        lock(&self.requests).clone()
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
async fn serve(listener: TcpListener, log: Log, answer: Answer) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, Arc::clone(&log), Arc::clone(&answer)));
        while connections.try_join_next().is_some() {}
    }
}

/// Answers the requests of one connection. A client that goes away ends it.
async fn converse(stream: TcpStream, log: Log, answer: Answer) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        let reply = answer(&request);
        let with_body = request.method != "HEAD";
        lock(&log).push(request);
        if !reply.send(stream.get_mut(), with_body).await? {
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

async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}
