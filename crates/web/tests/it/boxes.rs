//! Download programs in memory, and the things that they are given.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use shelfread_app::downloads::ClientFactory;
use shelfread_app::downloads::clients::ClientChange;
use shelfread_domain::download::{ClientKind, DownloadClient, Given, Payload, ReadPayload};
use shelfread_domain::port::{Problem, SourceError};
use shelfread_store::ClientRow;
use shelfread_testkit::downloads::{ScriptedClient, WrittenPayloads};

use crate::desk::Desk;

pub type Programs = Arc<Mutex<HashMap<String, Arc<ScriptedClient>>>>;

pub struct Scripts(pub Programs);

impl ClientFactory for Scripts {
    fn open(&self, client: &ClientRow) -> Result<Arc<dyn DownloadClient>, SourceError> {
        let script = self.0.lock().unwrap().get(&client.name).cloned();
        let missing = || Problem::Configuration("no such script".to_owned());
        Ok(script.ok_or_else(|| SourceError::new("setting up", missing()))? as _)
    }
}

/// Reads files, and magnet links as if they were the file of their hash.
pub struct Payloads;

#[async_trait]
impl ReadPayload for Payloads {
    async fn read(&self, given: Given) -> Result<Payload, SourceError> {
        let given = match given {
            Given::Link(link) => {
                use secrecy::ExposeSecret;
                let link = link.expose_secret();
                let hash = link.split_once("btih:").map_or("", |(_, rest)| rest);
                let hash = hash.split('&').next().unwrap_or_default();
                let bytes = format!("torrent {hash}").into_bytes();
                let bytes = if hash.is_empty() { b"nonsense".to_vec() } else { bytes };
                Given::File { name: "a link".to_owned(), bytes }
            }
            file => file,
        };
        WrittenPayloads.read(given).await
    }
}

impl Desk {
    /// Lets a client of this name be added.
    pub fn program(&self, name: &str, kind: ClientKind) -> Arc<ScriptedClient> {
        let program = Arc::new(ScriptedClient::new(kind));
        self.programs.lock().unwrap().insert(name.to_owned(), Arc::clone(&program));
        program
    }

    /// Adds a client in memory.
    pub async fn program_added(&self, name: &str, kind: ClientKind) -> Arc<ScriptedClient> {
        let program = self.program(name, kind);
        self.app.add_client(name, kind, &ClientChange::default()).await.unwrap();
        program
    }
}
