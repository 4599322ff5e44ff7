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
mod transfer;
mod watch;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::session::{Outcome, Session, open_store, read_config};

/// Runs a command line.
pub async fn run(cli: Cli) -> Outcome {
    log(cli.verbose);
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

/// Logs go to standard error. `SHELFREAD_LOG` chooses what, in the syntax of `tracing`.
fn log(verbose: u8) {
    let default = match verbose {
        0 => "warn",
        1 => "shelfread=info,warn",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("SHELFREAD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber in one process is no reason to stop.
    let _ = subscriber.try_init();
}
