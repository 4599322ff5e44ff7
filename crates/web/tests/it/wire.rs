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
    let reading = async {
        // A connection that is reset is closed too; and what streams for ever has begun.
        while let Ok(1..) = stream.read_buf(&mut answer).await {
            if has(&answer, b"text/event-stream") {
                break;
            }
        }
    };
    timeout(PATIENCE, reading).await.expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether the head of an answer has these bytes.
fn has(answer: &[u8], bytes: &[u8]) -> bool {
    answer[..answer.len().min(4_096)].windows(bytes.len()).any(|window| window == bytes)
}

/// Whether the server still answers, and its database with it.
pub async fn is_well(desk: &Desk) -> bool {
    desk.get("/readyz").await.status == reqwest::StatusCode::OK
}

/// The status of an answer; 0 when there is none.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}
