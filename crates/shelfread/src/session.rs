//! What every command needs: the configuration, the open and migrated database with the declared
//! sources in it, and how a failure is told.

use std::process::ExitCode;
use std::sync::Arc;

use shelfread_app::posters::Posters;
use shelfread_app::{App, AppError, SystemClock};
use shelfread_backends_download::PayloadReader;
use shelfread_store::{Store, StoreError, Vault};

use crate::cli::Cli;
use crate::config::{Config, ConfigError, Settings};
use crate::wiring::{Adapters, Outside};

/// The result of a command: its exit code, or why it could not be done.
pub type Outcome = Result<u8, Failure>;

/// A failure with its exit code and what to do about it.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    /// Wrong usage or configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, code: 2 }
    }

    /// Something broke.
    pub fn broken(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, code: 1 }
    }

    /// Tells a person, and the shell.
    pub fn report(&self) -> ExitCode {
        anstream::eprintln!(
            "{}error:{:#} {}",
            crate::output::BAD,
            crate::output::BAD,
            self.message
        );
        if let Some(hint) = &self.hint {
            anstream::eprintln!("  hint: {hint}");
        }
        self.code.into()
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self { message: error.to_string(), hint: error.hint(), code: error.exit_code() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        AppError::from(error).into()
    }
}

/// An application ready for a command.
pub struct Session {
    pub app: App,
    pub settings: Settings,
}

impl Session {
    /// Reads the configuration, opens and migrates the database, brings declared sources into it.
    pub async fn open(cli: &Cli) -> Result<Self, Failure> {
        Self::with(read_config(cli)?).await
    }

    /// The same with a configuration that was read already.
    pub async fn with(config: Config) -> Result<Self, Failure> {
        let store = open_store(&config).await?;
        store.migrate().await?;
        let app = App::new(store, Arc::new(Adapters), Arc::new(SystemClock))
            .with_downloads(Arc::new(Adapters), Arc::new(PayloadReader::default()))
            .with_play_states_told(config.settings.play_states_told)
            .with_posters(Posters::new(config.posters.clone(), Arc::new(Outside)))
            .with_schedule(config.settings.schedule.clone())
            .with_notifiers(Arc::new(Adapters));
        crate::wiring::declare(&app, &config).await?;
        crate::wiring::downloads::declare(&app, &config).await?;
        crate::wiring::notify::declare(&app, &config).await?;
        Ok(Self { app, settings: config.settings })
    }
}

/// The configuration of a command line.
pub fn read_config(cli: &Cli) -> Result<Config, Failure> {
    let mut variables: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    variables.sort();
    Ok(Config::load(cli.config.as_deref(), &variables)?)
}

/// The database of a configuration; made when missing.
pub async fn open_store(config: &Config) -> Result<Store, Failure> {
    std::fs::create_dir_all(&config.data_dir).map_err(|error| {
        let folder = config.data_dir.display();
        Failure::broken(format!("the data folder {folder} cannot be made: {error}"))
    })?;
    let vault = Vault::open(&config.data_dir)?;
    Ok(Store::open(&config.database_url).await?.with_vault(vault))
}
