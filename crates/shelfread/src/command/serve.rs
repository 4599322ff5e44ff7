//! `shelfread serve`: the server, until it is told to stop.

use std::time::Duration;

use shelfread_web::{Server, ServerConfig, Web};
use tokio_util::sync::CancellationToken;

use crate::output;
use crate::session::{Failure, Outcome, Session};

/// How long runs that are at work may take to end once the server is told to stop.
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn run(session: &Session) -> Outcome {
    let config = ServerConfig { listen: session.settings.listen };
    let web = Web::new(session.app.clone());
    let server = Server::bind(web, &config).await.map_err(broken)?;
    let address = server.address().map_err(broken)?;
    output::line(format!("shelfread listens at http://{address}"));
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        super::stopped().await;
        told.cancel();
    });
    let served = server.run(stop).await.map_err(broken);
    session.app.wind_down(PATIENCE).await;
    served.map(|()| 0)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
fn broken(error: shelfread_web::ServerError) -> Failure {
    Failure::broken(error.to_string())
}
