//! A download client in memory, stricter than real ones, and what goes wrong with it: it does not
//! answer, it refuses, it does what it was asked and the answer is lost, or it never answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use shelfread_domain::download::{
    AddTransfer, Added, ClientIdentity, ClientKind, Content, DownloadClient, Given, ListFiles,
    ListTransfers, NewTransfer, Outcome, PauseResume, Payload, Progress, ReadPayload, Removal,
    RemoveTransfer, RetryTransfer, SetLabel, TestClient, Transfer, TransferFile, TransferId,
    TransferState,
};
use shelfread_domain::port::{Problem, SourceError};

use crate::faults::Gate;

/// What goes wrong with a client, until it is set to something else.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum ClientFault {
    /// Nothing.
    #[default]
    None,
    /// Every request ends so, and nothing is done.
    Fails(Problem),
    /// Orders are carried out, and their answers are lost. Lists are as always.
    LosesAnswers,
    /// Orders are never carried out and never answered. Lists are as always.
    HangsBefore,
    /// Orders are carried out and never answered. Lists are as always.
    HangsAfter,
    /// Nothing is ever answered.
    Hangs,
}

/// A client in memory.
#[derive(Debug)]
pub struct ScriptedClient {
    kind: ClientKind,
    transfers: Mutex<BTreeMap<TransferId, Transfer>>,
    files: Mutex<HashMap<TransferId, Vec<TransferFile>>>,
    fault: Mutex<ClientFault>,
    lists: AtomicUsize,
    hanging: AtomicUsize,
    gate: Mutex<Option<Gate>>,
    held_back: AtomicUsize,
    jobs: AtomicUsize,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The id of a transfer in a test.
pub fn transfer_id(text: &str) -> TransferId {
    TransferId::new(text).expect("an id")
}

impl ScriptedClient {
    /// An empty client.
    pub fn new(kind: ClientKind) -> Self {
        Self {
            kind,
            transfers: Mutex::default(),
            files: Mutex::default(),
            fault: Mutex::default(),
            lists: AtomicUsize::new(0),
            hanging: AtomicUsize::new(0),
            gate: Mutex::default(),
            held_back: AtomicUsize::new(0),
            jobs: AtomicUsize::new(0),
        }
    }

    /// From now on this goes wrong.
    pub fn set_fault(&self, fault: ClientFault) {
        *locked(&self.fault) = fault;
    }

    /// Somebody else adds a transfer, or changes one.
    pub fn has(&self, id: &str, name: &str, state: TransferState) {
        self.change(id, |t| {
            name.clone_into(&mut t.name);
            t.state = state;
        });
    }

    /// Changes a transfer; a new one when there is none.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Transfer)) {
        let id = transfer_id(id);
        let mut all = locked(&self.transfers);
        let new = || Transfer::new(id.clone(), id.as_str(), TransferState::Queued);
        change(all.entry(id.clone()).or_insert_with(new));
    }

    /// The transfer is finished and gives to others.
    pub fn finishes(&self, id: &str) {
        self.change(id, |t| {
            (t.state, t.finished, t.progress) = (TransferState::Seeding, true, Progress::ALL);
        });
    }

    /// Somebody else removes a transfer.
    pub fn loses(&self, id: &str) {
        locked(&self.transfers).remove(&transfer_id(id));
    }

    /// The names of the files of a transfer, each of 700 bytes.
    pub fn holds(&self, id: &str, paths: &[&str]) {
        let file = |path: &&str| TransferFile { path: (*path).to_owned(), size_bytes: Some(700) };
        locked(&self.files).insert(transfer_id(id), paths.iter().map(file).collect());
    }

    /// What it has, as ids and states.
    pub fn now(&self) -> Vec<(String, TransferState)> {
        let all = locked(&self.transfers);
        all.values().map(|t| (t.id.to_string(), t.state.clone())).collect()
    }

    /// How often it was asked for what it has.
    pub fn lists(&self) -> usize {
        self.lists.load(Ordering::SeqCst)
    }

    /// How many requests will never be answered.
    pub fn hanging(&self) -> usize {
        self.hanging.load(Ordering::SeqCst)
    }

    /// From now on lists are made at once and handed out when the gate lets them pass.
    pub fn holds_back_lists(&self) -> Gate {
        locked(&self.gate).get_or_insert_with(Gate::default).clone()
    }

    /// How many lists were made and held back.
    pub fn held_back(&self) -> usize {
        self.held_back.load(Ordering::SeqCst)
    }

    async fn hang<T>(&self) -> T {
        self.hanging.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }

    /// Carries an order out as far as what goes wrong lets it.
    async fn order<T>(&self, what: &str, act: impl FnOnce() -> T + Send) -> Result<T, SourceError>
    where
        T: Send,
    {
        let fault = locked(&self.fault).clone();
        match fault {
            ClientFault::None => Ok(act()),
            ClientFault::Fails(problem) => Err(SourceError::new(what, problem)),
            ClientFault::LosesAnswers => {
                act();
                Err(SourceError::new(what, Problem::Timeout(30)))
            }
            ClientFault::HangsAfter => {
                act();
                self.hang().await
            }
            ClientFault::HangsBefore | ClientFault::Hangs => self.hang().await,
        }
    }

    async fn read<T>(&self, what: &str, read: impl FnOnce() -> T + Send) -> Result<T, SourceError> {
        let fault = locked(&self.fault).clone();
        match fault {
            ClientFault::Fails(problem) => Err(SourceError::new(what, problem)),
            ClientFault::Hangs => self.hang().await,
            _ => Ok(read()),
        }
    }

    fn set_state(&self, id: &TransferId, state: &TransferState) -> Outcome {
        match locked(&self.transfers).get_mut(id) {
            None => Outcome::Absent,
            Some(t) if t.state == *state => Outcome::Already,
            Some(t) => {
                t.state = state.clone();
                Outcome::Done
            }
        }
    }

    fn take(&self, new: &NewTransfer) -> Added {
        let job = || format!("job_{}", self.jobs.fetch_add(1, Ordering::SeqCst));
        let id = new.payload.ids.first().cloned().unwrap_or_else(|| transfer_id(&job()));
        let mut all = locked(&self.transfers);
        let already_there = all.contains_key(&id);
        let mut transfer = Transfer::new(id.clone(), &new.payload.name, TransferState::Downloading);
        transfer.size_bytes = new.payload.size_bytes;
        transfer.label.clone_from(&new.label);
        all.entry(id.clone()).or_insert(transfer);
        Added { id, already_there }
    }
}

#[async_trait]
impl TestClient for ScriptedClient {
    async fn test(&self) -> Result<ClientIdentity, SourceError> {
        let identity = || ClientIdentity {
            kind: self.kind,
            version: "Scripted 1".to_owned(),
            protocol: "1".to_owned(),
        };
        self.read("GET /version", identity).await
    }
}

#[async_trait]
impl ListTransfers for ScriptedClient {
    async fn list(&self) -> Result<Vec<Transfer>, SourceError> {
        self.lists.fetch_add(1, Ordering::SeqCst);
        let listed = || locked(&self.transfers).values().cloned().collect();
        let answer = self.read("GET /transfers", listed).await;
        let gate = locked(&self.gate).clone();
        if let Some(gate) = gate {
            self.held_back.fetch_add(1, Ordering::SeqCst);
            gate.wait().await;
        }
        answer
    }
}

#[async_trait]
impl ListFiles for ScriptedClient {
    async fn files(&self, id: &TransferId) -> Result<Option<Vec<TransferFile>>, SourceError> {
        let known = || {
            let there = locked(&self.transfers).contains_key(id);
            there.then(|| locked(&self.files).get(id).cloned().unwrap_or_default())
        };
        self.read("GET /files", known).await
    }
}

#[async_trait]
impl AddTransfer for ScriptedClient {
    async fn add(&self, new: &NewTransfer) -> Result<Added, SourceError> {
        self.order("POST /add", || self.take(new)).await
    }
}

#[async_trait]
impl PauseResume for ScriptedClient {
    async fn pause(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.order("POST /pause", || self.set_state(id, &TransferState::Paused)).await
    }

    async fn resume(&self, id: &TransferId) -> Result<Outcome, SourceError> {
        self.order("POST /resume", || self.set_state(id, &TransferState::Downloading)).await
    }
}

#[async_trait]
impl RemoveTransfer for ScriptedClient {
    async fn remove(&self, id: &TransferId, with_data: bool) -> Result<Removal, SourceError> {
        let drop = || match locked(&self.transfers).remove(id) {
            Some(_) => Removal::Removed { data: with_data },
            None => Removal::Absent,
        };
        self.order("POST /remove", drop).await
    }
}

#[async_trait]
impl RetryTransfer for ScriptedClient {
    /// A torrent keeps its id; a job of usenet gets another one.
    async fn retry(&self, id: &TransferId) -> Result<Option<TransferId>, SourceError> {
        let again = || {
            let mut all = locked(&self.transfers);
            let mut transfer = all.remove(id)?;
            if self.kind.is_usenet() {
                let job = format!("job_{}", self.jobs.fetch_add(1, Ordering::SeqCst));
                transfer.id = transfer_id(&job);
            }
            transfer.state = TransferState::Queued;
            let new = transfer.id.clone();
            all.insert(new.clone(), transfer);
            Some(new)
        };
        self.order("POST /retry", again).await
    }
}

#[async_trait]
impl SetLabel for ScriptedClient {
    async fn set_label(
        &self,
        id: &TransferId,
        label: Option<&str>,
    ) -> Result<Outcome, SourceError> {
        let label = label.map(str::to_owned);
        let set = || match locked(&self.transfers).get_mut(id) {
            None => Outcome::Absent,
            Some(t) if t.label == label => Outcome::Already,
            Some(t) => {
                t.label = label;
                Outcome::Done
            }
        };
        self.order("POST /label", set).await
    }
}

impl DownloadClient for ScriptedClient {
    fn kind(&self) -> ClientKind {
        self.kind
    }
}

/// Reads payloads that are written down: a file named `NAME` with the text `torrent HASH` or `nzb
/// KEY`.
#[derive(Clone, Copy, Debug)]
pub struct WrittenPayloads;

#[async_trait]
impl ReadPayload for WrittenPayloads {
    async fn read(&self, given: Given) -> Result<Payload, SourceError> {
        let unusable = || SourceError::new("the file", Problem::Unusable("it is none".to_owned()));
        let Given::File { name, bytes } = given else { return Err(unusable()) };
        let text = String::from_utf8(bytes).map_err(|_| unusable())?;
        let (kind, key) = text.split_once(' ').ok_or_else(unusable)?;
        let is_nzb = kind == "nzb";
        Ok(Payload {
            name,
            key: key.to_lowercase(),
            ids: if is_nzb { Vec::new() } else { vec![transfer_id(key)] },
            size_bytes: Some(700),
            content: match is_nzb {
                true => Content::Nzb(text.clone().into_bytes()),
                false => Content::Torrent(text.clone().into_bytes()),
            },
        })
    }
}
