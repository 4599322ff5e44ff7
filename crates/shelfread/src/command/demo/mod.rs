//! `shelfread demo`: an invented household with simulated servers, a filled catalogue and the UI.
//! Nothing is configured, nothing leaves this machine, and everything is gone when it ends.
//!
//! What the household has is in `house`, how the catalogue came to be is in `past`, what goes on
//! while somebody looks is in `present`.

mod house;
mod past;
mod present;

use std::path::Path;

use house::House;
use shelfread_app::access::Role;

use super::serve;
use crate::cli::DemoArgs;
use crate::config::Config;
use crate::output;
use crate::session::{Failure, Outcome, Session};

/// Who looks around. Only this machine can reach the server, so the password is no secret.
const VISITOR: &str = "visitor";
const PASSWORD: &str = "shelfread";

pub async fn run(args: &DemoArgs) -> Outcome {
    let folder = tempfile::Builder::new().prefix("shelfread-demo-").tempdir();
    let folder = folder.map_err(|e| Failure::broken(format!("no temporary folder: {e}")))?;
    let made = tokio::select! {
        made = make(args, folder.path()) => made?,
        () = super::stopped() => return Ok(0),
    };
    let (house, session) = made;
    let going_on = tokio::spawn(present::go_on(house, session.app.clone()));
    let ended = serve::run(&session).await;
    going_on.abort();
    ended
}

/// The household with its servers, and the catalogue that knows them already.
async fn make(args: &DemoArgs, folder: &Path) -> Result<(House, Session), Failure> {
    output::line("inventing a household …");
    let mut house = House::build(args.seed, folder).await.map_err(|e| unlucky(&e))?;
    let path = folder.join("shelfread.toml");
    let text = house.configuration(args.port, folder);
    std::fs::write(&path, text).map_err(|e| unlucky(&e))?;
    // The variables of whoever looks around are for their own catalogue.
    let session = Session::with(Config::load(Some(&path), &Vec::new())?).await?;
    output::line("reading its servers …");
    past::happen(&mut house, &session.app).await?;
    session.app.add_user(VISITOR, Role::Admin, Some(&PASSWORD.into())).await?;
    output::line(format!("log in as {VISITOR} with the password {PASSWORD}"));
    Ok((house, session))
}

fn unlucky(error: &std::io::Error) -> Failure {
    Failure::broken(format!("the household could not be made: {error}"))
}
