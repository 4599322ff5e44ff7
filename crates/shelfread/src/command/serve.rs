//! `shelfread serve`: the server with all that goes on behind it, until it is told to stop.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shelfread_app::access::SetupCode;
use shelfread_app::downloads::{Pace, Silent};
use shelfread_app::{App, Background};
use shelfread_web::{Server, ServerConfig, Web};
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::output;
use crate::session::{Failure, Outcome, Session};

/// How long runs that are at work may take to end once the server is told to stop.
const PATIENCE: Duration = Duration::from_secs(20);
/// The same for what goes on behind the server: none of it holds anything for long.
const SHORT: Duration = Duration::from_secs(5);

pub async fn run(session: &Session) -> Outcome {
    let config = ServerConfig { listen: session.settings.listen };
    let code = first_run(session).await?;
    let web = Web::new(session.app.clone()).with_access(session.settings.access.clone());
    let server = Server::bind(web.clone(), &config).await.map_err(broken)?;
    let address = server.address().map_err(broken)?;
    output::line(format!("shelfread listens at http://{address}"));
    if let Some(code) = code {
        invite(address, &code);
        web.expect_setup(code);
    }
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        super::stopped().await;
        told.cancel();
    });
    let background = background(&session.app, &session.settings, &stop);
    let serving = async {
        let served = server.run(stop.clone()).await;
        stop.cancel();
        served
    };
    let (served, ended) = tokio::join!(serving, background.end(SHORT));
    if !ended {
        tracing::warn!("something was cut off that went on behind the server");
    }
    session.app.wind_down(PATIENCE).await;
    session.app.leave().await?;
    served.map_err(broken).map(|()| 0)
}

/// Everything that goes on without anybody asking.
fn background(app: &App, settings: &Settings, stop: &CancellationToken) -> Background {
    let mut background = Background::new(stop.clone());
    let mine = app.clone();
    background.keep(app.clock(), "following the events", move |stop| {
        let app = mine.clone();
        async move { app.follow_events(stop).await }
    });
    let (mine, pace, keep) = (app.clone(), Pace::new(settings.poll), settings.keep_events);
    background.keep(app.clock(), "watching the downloads", move |stop| {
        let app = mine.clone();
        async move { app.watch_downloads(pace, keep, Arc::new(Silent), stop).await }
    });
    let mine = app.clone();
    background.keep(app.clock(), "the schedule", move |stop| {
        let app = mine.clone();
        async move { app.run_schedule(stop).await }
    });
    let mine = app.clone();
    background.keep(app.clock(), "telling the targets of notifications", move |stop| {
        let app = mine.clone();
        async move { app.run_outbox(stop).await }
    });
    background
}

/// The code of the first run; `None` when there is an admin. Without one the server is for this
/// machine alone: whoever else comes first must not be the one who sets it up.
async fn first_run(session: &Session) -> Result<Option<SetupCode>, Failure> {
    let code = session.app.setup_code().await?;
    let listen = session.settings.listen;
    if code.is_some() && !listen.ip().to_canonical().is_loopback() {
        return Err(Failure::usage(format!(
            "there is no admin yet, so the server does not listen at {listen}, where others could \
             reach it; make one with `shelfread user add NAME --admin --password-stdin`, or set it \
             up at 127.0.0.1 first"
        )));
    }
    Ok(code)
}

/// Tells the code on the terminal, and in the log where that goes elsewhere.
fn invite(address: SocketAddr, code: &SetupCode) {
    let code = code.reveal();
    let text = format!("first run: make the admin at http://{address}/setup with the code {code}");
    output::line(&text);
    if !std::io::stderr().is_terminal() {
        tracing::warn!("{text}");
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
fn broken(error: shelfread_web::ServerError) -> Failure {
    Failure::broken(error.to_string())
}
