//! What the server answers, and how badly.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::request::first;

/// What the server answers, and in which manner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
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
    pub(super) async fn send(&self, stream: &mut TcpStream, with_body: bool) -> io::Result<bool> {
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
    pub(super) const fn hangs(&self) -> bool {
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
