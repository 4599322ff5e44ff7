//! What is posted to usenet, and a news server that has it: enough of NNTP and yEnc for programs
//! that fetch articles by their ids.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use shelfread_backends_download::PayloadReader;
use shelfread_domain::download::{Given, NewTransfer, ReadPayload};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::torrents::Torrent;

/// How many bytes are in an article.
const ARTICLE: usize = 50_000;

/// A file that was posted.
pub struct Post {
    pub name: String,
    pub content: Vec<u8>,
}

impl Post {
    /// A file of that many bytes, different for every name.
    pub fn new(name: &str, size: usize) -> Self {
        Self { name: name.into(), content: Torrent::new(name, size).content }
    }

    /// The name of the file that comes of it.
    pub fn file(&self) -> String {
        format!("{}.mkv", self.name)
    }

    fn article_id(&self, number: usize) -> String {
        format!("{}.{number}@example.org", self.name)
    }

    /// The NZB file.
    pub fn nzb(&self) -> Vec<u8> {
        let articles = self.content.chunks(ARTICLE).zip(1..);
        let segments: String = articles
            .map(|(bytes, number)| {
                let (bytes, id) = (bytes.len(), self.article_id(number));
                format!(r#"<segment bytes="{bytes}" number="{number}">{id}</segment>"#)
            })
            .collect();
        let (file, total) = (self.file(), self.content.len().div_ceil(ARTICLE));
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
            <!DOCTYPE nzb PUBLIC "-//newzBin//DTD NZB 1.1//EN" "http://www.newzbin.com/DTD/nzb/nzb-1.1.dtd">
            <nzb xmlns="http://www.newzbin.com/DTD/2003/nzb">
            <file poster="x@example.org" date="1790000000" subject="&quot;{file}&quot; yEnc (1/{total})">
            <groups><group>alt.test</group></groups><segments>{segments}</segments></file></nzb>"#
        )
        .into_bytes()
    }

    pub async fn new_transfer(&self) -> NewTransfer {
        let given = Given::File { name: format!("{}.nzb", self.name), bytes: self.nzb() };
        NewTransfer::new(PayloadReader::default().read(given).await.unwrap())
    }

    /// Its articles by their ids.
    fn articles(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let total = self.content.len().div_ceil(ARTICLE);
        self.content.chunks(ARTICLE).zip(1_usize..).map(move |(bytes, number)| {
            let (size, file) = (self.content.len(), self.file());
            let begin = (number - 1) * ARTICLE + 1;
            let end = begin + bytes.len() - 1;
            let mut body = format!(
                "=ybegin part={number} total={total} line=128 size={size} name={file}\r\n\
                 =ypart begin={begin} end={end}\r\n"
            )
            .into_bytes();
            encode(bytes, &mut body);
            let (length, crc) = (bytes.len(), crc32(bytes));
            let end = format!("=yend size={length} part={number} pcrc32={crc:08x}\r\n");
            body.extend(end.into_bytes());
            (self.article_id(number), body)
        })
    }
}

/// yEnc: 42 is added to every byte, and what means something to NNTP is escaped.
fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for line in bytes.chunks(128) {
        for byte in line {
            match byte.wrapping_add(42) {
                // A dot would have to be doubled at the beginning of a line.
                special @ (0 | b'\n' | b'\r' | b'=' | b'.') => {
                    out.extend([b'=', special.wrapping_add(64)]);
                }
                plain => out.push(plain),
            }
        }
        out.extend(b"\r\n");
    }
}

/// The checksum of yEnc, which is that of zip.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

/// A news server on a free port.
pub struct NewsServer {
    pub port: u16,
    articles: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    /// How many articles it still gives out; the next one waits.
    allowed: watch::Sender<usize>,
    task: AbortHandle,
}

impl NewsServer {
    /// A server that has no article.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let articles = Arc::<Mutex<HashMap<_, _>>>::default();
        let (allowed, asked) = watch::channel(usize::MAX);
        let shelf = articles.clone();
        let sender = allowed.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shelf, sender, asked) = (shelf.clone(), sender.clone(), asked.clone());
                tokio::spawn(async move {
                    // A program that hangs up in the middle is no failure of the server.
                    let _ = serve(stream, shelf, sender, asked).await;
                });
            }
        });
        Self { port, articles, allowed, task: task.abort_handle() }
    }

    /// From now on it has this file.
    pub fn post(&self, post: &Post) {
        self.articles.lock().unwrap().extend(post.articles());
    }

    /// It gives out that many articles, and the next one waits until more are allowed.
    pub fn allow(&self, articles: usize) {
        self.allowed.send_replace(articles);
    }
}

impl Drop for NewsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    articles: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    allowed: watch::Sender<usize>,
    mut asked: watch::Receiver<usize>,
) -> std::io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"200 welcome\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let (command, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match command.to_ascii_uppercase().as_str() {
            "MODE" => b"200 reader\r\n".to_vec(),
            "GROUP" => b"211 1 1 1 alt.test\r\n".to_vec(),
            "CAPABILITIES" => b"101 none\r\nVERSION 2\r\n.\r\n".to_vec(),
            "STAT" => b"223 0\r\n".to_vec(),
            "QUIT" => return writing.write_all(b"205 bye\r\n").await,
            method @ ("BODY" | "ARTICLE") => {
                let id = argument.trim_matches(['<', '>']);
                let found = articles.lock().unwrap().get(id).cloned();
                match found {
                    None => b"430 no such article\r\n".to_vec(),
                    Some(body) => {
                        while !allowed.send_if_modified(|n| {
                            let may = *n > 0;
                            *n = n.saturating_sub(1);
                            may
                        }) {
                            if asked.changed().await.is_err() {
                                return Ok(());
                            }
                        }
                        article(method, id, &body)
                    }
                }
            }
            _ => b"500 what?\r\n".to_vec(),
        };
        writing.write_all(&answer).await?;
    }
    Ok(())
}

fn article(method: &str, id: &str, body: &[u8]) -> Vec<u8> {
    let head = match method {
        "BODY" => format!("222 0 <{id}>\r\n"),
        _ => format!("220 0 <{id}>\r\nMessage-ID: <{id}>\r\n\r\n"),
    };
    [head.as_bytes(), body, b".\r\n"].concat()
}
