//! HTTP as bytes, for what no well-behaved client sends.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::desk::Desk;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Sends bytes and reads until the server has said everything and closes.
pub async fn exchange(desk: &Desk, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(desk.address).await.unwrap();
    // The server may answer and close before it has everything.
    let _ = stream.write_all(bytes).await;
    rest(&mut stream).await
}

/// Everything that the server still says until it closes.
pub async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // A connection that is reset is closed too.
    let _ = read.expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer; 0 when there is none.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}
