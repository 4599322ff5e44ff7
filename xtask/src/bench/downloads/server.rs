//! A server that sends what it is given, over connections that stay open. It looks at nothing of a
//! request but where it ends and whether a mark is in its head.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::Result;

/// What it sends.
pub struct Responses {
    /// The answer to a request with the mark in its head.
    pub marked: Vec<u8>,
    /// In lower case.
    pub mark: &'static str,
    /// The answer to any other one.
    pub other: Vec<u8>,
}

/// The server. It ends with the process.
pub struct Server {
    port: u16,
}

impl Server {
    /// Starts it on a free port.
    pub fn start(responses: Responses) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let responses = Arc::new(responses);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let responses = Arc::clone(&responses);
                // A client that hangs up ends its connection and nothing else.
                thread::spawn(move || drop(serve(&stream, &responses)));
            }
        });
        Ok(Self { port })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn serve(mut stream: &TcpStream, responses: &Responses) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut marked, mut line) = (0_u64, false, String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let head = line.trim_end().to_ascii_lowercase();
            if head.is_empty() {
                break;
            }
            marked |= head.contains(responses.mark);
            if let Some(value) = head.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
        stream.write_all(if marked { &responses.marked } else { &responses.other })?;
    }
}

/// A whole HTTP answer.
pub fn response(status: &str, header: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{header}content-length: {length}\r\n");
    format!("{head}content-type: application/json\r\n\r\n{body}").into_bytes()
}
