//! What a client asked, read from the wire and written to it.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;

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
    pub(super) fn bytes(&self, host: &str) -> Vec<u8> {
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

pub(super) fn first(pairs: &[(String, String)], is: impl Fn(&str) -> bool) -> Option<&str> {
    pairs.iter().find(|(name, _)| is(name)).map(|(_, value)| value.as_str())
}

/// Reads one request; `None` at the end of the connection.
pub(super) async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
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

pub(super) async fn line(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}
