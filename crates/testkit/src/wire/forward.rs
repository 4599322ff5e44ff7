//! The other side: a request to a server of a test, for proxies and for clients that are tested
//! themselves.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use url::Url;

use super::request::line;
use super::{Reply, Request};

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
