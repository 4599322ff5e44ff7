//! One file per verb.

mod client;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod download;
mod event;
mod everywhere;
mod item;
mod play;
mod run;
mod serve;
mod source;
mod sync;
mod token;
mod transfer;
mod user;
mod watch;

use std::io::IsTerminal;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::session::{Failure, Outcome, Session, open_store, read_config};

/// Runs a command line.
pub async fn run(cli: Cli) -> Outcome {
    log(&cli)?;
    match &cli.command {
        Command::Completions { shell } => {
            clap_complete::generate(
                *shell,
                &mut Cli::command(),
                "shelfread",
                &mut std::io::stdout(),
            );
            Ok(0)
        }
        Command::Migrate => {
            let store = open_store(&read_config(&cli)?).await?;
            store.migrate().await?;
            crate::output::line("the database has the form that this version needs");
            Ok(0)
        }
        Command::Serve => serve::run(&Session::open(&cli).await?).await,
        Command::Sync(args) => sync::run(&Session::open(&cli).await?, args).await,
        Command::Source(verb) => source::run(&Session::open(&cli).await?, verb).await,
        Command::Run(verb) => run::run(&Session::open(&cli).await?, verb).await,
        Command::Item(verb) => item::run(&Session::open(&cli).await?, verb).await,
        Command::Download(verb) => download::run(&Session::open(&cli).await?, verb).await,
        Command::Event(verb) => event::run(&Session::open(&cli).await?, verb).await,
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(args).await,
        Command::Backup(args) => transfer::backup(&Session::open(&cli).await?, args).await,
        Command::Export(args) => transfer::export(&Session::open(&cli).await?, args).await,
        Command::Import(args) => transfer::import(&Session::open(&cli).await?, args).await,
        Command::Viewer(verb) => play::viewer(&Session::open(&cli).await?, verb).await,
        Command::Progress(verb) => play::progress(&Session::open(&cli).await?, verb).await,
        Command::User(verb) => user::run(&Session::open(&cli).await?, verb).await,
        Command::Token(verb) => token::run(&Session::open(&cli).await?, verb).await,
        Command::Doctor(args) => doctor::run(&Session::open(&cli).await?, args).await,
    }
}

/// Returns when a person or the system asks the program to stop.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    // Without signals it is stopped from outside.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Logs go to standard error. `SHELFREAD_LOG` chooses what, in the syntax of `tracing`, and
/// `SHELFREAD_LOG_FORMAT=json` has them as one JSON object for each line.
fn log(cli: &Cli) -> Result<(), Failure> {
    let default = match (cli.verbose, &cli.command) {
        (0, Command::Serve) | (1, _) => "shelfread=info,warn",
        (0, _) => "warn",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("SHELFREAD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let format = std::env::var("SHELFREAD_LOG_FORMAT").unwrap_or_else(|_| "text".to_owned());
    // A second subscriber in one process is no reason to stop.
    match format.as_str() {
        "text" => drop(subscriber.with_ansi(std::io::stderr().is_terminal()).try_init()),
        "json" => drop(subscriber.json().flatten_event(true).try_init()),
        other => {
            let message = format!(
                "SHELFREAD_LOG_FORMAT in the environment: '{other}' is no format of logs (text, json)"
            );
            return Err(Failure::usage(message));
        }
    }
    Ok(())
}
