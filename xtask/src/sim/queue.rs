//! The queue in a script: what people order, looks at download clients, and what must be true of
//! the queue after each. Judged by what the clients really had and answered.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use shelfread_app::downloads::AddRequest;
use shelfread_app::{AppError, Clock};
use shelfread_domain::download::{Given, Place};

use super::clients::{Answer, Client, Job};
use super::edit::picked;
use super::end::same;
use super::model::{Broken, Verdict, broken};
use super::play::{Play, fails};
use super::script::{Order, Trouble};
use super::tables::{Download, Happened, Id, Tables};
use super::world::{World, release};

/// Longer than anything that is under way may take, in seconds.
const LONG: i64 = 200;

/// That a row went because its client never got it, or that it cannot go on.
const FAILED: &str = "download.failed";

/// The books about the queue.
#[derive(Debug, Default)]
pub struct Queue {
    /// The last two answers of each client.
    answers: BTreeMap<usize, Vec<Answer>>,
    /// Rows that people cancelled.
    cancelled: BTreeSet<Id>,
    /// When a transfer of a client had brought what it was for.
    imported: BTreeMap<(String, String), DateTime<Utc>>,
}

/// What was done with the queue.
struct Done<'a> {
    before: &'a Tables,
    after: &'a Tables,
    /// What history says.
    told: Vec<Happened>,
    now: DateTime<Utc>,
}

impl Done<'_> {
    fn told_of(&self, id: Id) -> impl Iterator<Item = &str> {
        let of = move |line: &&Happened| line.download == id;
        self.told.iter().filter(of).map(|line| line.kind.as_str())
    }
}

impl Queue {
    /// Takes note of what clients answered.
    fn heard(&mut self, answers: &BTreeMap<usize, Vec<Answer>>) {
        for (client, new) in answers {
            let all = self.answers.entry(*client).or_default();
            all.extend(new.iter().cloned());
            let old = all.len().saturating_sub(2);
            all.drain(..old);
        }
    }

    /// Whether the last two answers of a client lack a transfer.
    fn lacks(&self, client: usize, transfer: &str) -> bool {
        let lacks = |a: &Answer| matches!(a, Answer::Told(jobs) if !jobs.contains_key(transfer));
        self.answers.get(&client).is_some_and(|all| all.len() == 2 && all.iter().all(lacks))
    }

    /// Judges what became of the rows.
    fn judge(&mut self, world: &World, done: &Done<'_>) -> Verdict {
        let mut places = BTreeSet::new();
        for row in done.after.downloads.values() {
            if !places.insert((&row.client, row.transfer.to_lowercase())) {
                return broken("P9", format!("{} of {} is there twice", row.title, row.client));
            }
        }
        self.imports(world, done)?;
        for (id, row) in &done.before.downloads {
            if !done.after.downloads.contains_key(id) {
                self.went(world, done, *id, row)?;
            }
        }
        for (id, row) in &done.after.downloads {
            if !done.before.downloads.contains_key(id) {
                self.came(world, done, *id, row)?;
            }
        }
        let is_there = |id: &Id| done.after.downloads.contains_key(id);
        let is_gone = |line: &&Happened| is_end(&line.kind) && is_there(&line.download);
        match done.told.iter().filter(|line| line.kind != FAILED).find(is_gone) {
            Some(line) => broken("P9", format!("{line:?}, and it is there")),
            None => Ok(()),
        }
    }

    /// What a transfer brought is in the library.
    fn imports(&mut self, world: &World, done: &Done<'_>) -> Verdict {
        for line in done.told.iter().filter(|line| line.kind == "download.imported") {
            let client = world.clients.iter().find(|c| c.name == line.client);
            let job = client.and_then(|c| c.jobs.get(&line.transfer));
            let Some(job) = job.filter(|job| job.finished && world.works[job.film].filed) else {
                return broken("P9", format!("{line:?}, and it is {job:?}"));
            };
            let (client, transfer) = (line.client.clone(), line.transfer.clone());
            self.imported.insert((client, transfer), done.now.max(job.added));
        }
        Ok(())
    }

    /// A row that went: for one reason, which is written down and true.
    fn went(&self, world: &World, done: &Done<'_>, id: Id, row: &Download) -> Verdict {
        let place = world.clients.iter().position(|c| c.name == row.client).unwrap_or(usize::MAX);
        let end = done.told_of(id).filter(|kind| is_end(kind)).last();
        let is_true = match end {
            Some("download.removed") => self.lacks(place, &row.transfer),
            Some("download.cancelled") => {
                let is_gone = !world.clients[place].jobs.contains_key(&row.transfer);
                self.cancelled.contains(&id) && (is_gone || self.lacks(place, &row.transfer))
            }
            Some(FAILED) => row.pending.as_deref() == Some("add"),
            Some("download.imported") => true,
            // The same transfer may have been met under two rows before the client named it.
            None => done.after.downloads.values().any(|r| same_transfer(r, row)),
            Some(_) => false,
        };
        match is_true {
            true => Ok(()),
            false => broken("P9", format!("{} of {} went: {end:?}", row.title, row.client)),
        }
    }

    /// A row that came: a person's, or of a transfer that the client has and that brought nothing
    /// yet.
    fn came(&self, world: &World, done: &Done<'_>, id: Id, row: &Download) -> Verdict {
        let is_adopted = done.told_of(id).any(|kind| kind == "download.adopted");
        if !is_adopted {
            return Ok(());
        }
        let client = world.clients.iter().find(|c| c.name == row.client);
        let Some(job) = client.and_then(|c| c.jobs.get(&row.transfer)) else {
            return broken("P9", format!("{} has no {}", row.client, row.title));
        };
        match self.has_brought(&row.client, &row.transfer, job) {
            true => broken("P9", format!("{} is in the library, and adopted again", row.title)),
            false => Ok(()),
        }
    }

    fn has_brought(&self, client: &str, transfer: &str, job: &Job) -> bool {
        let imported = self.imported.get(&(client.to_owned(), transfer.to_owned()));
        imported.is_some_and(|at| job.added <= *at)
    }

    /// What must be true once a client was looked at: the queue is what it told.
    fn is_as_told(
        &self,
        client: &Client,
        answer: &Answer,
        before: &Tables,
        after: &Tables,
    ) -> Verdict {
        let of = |tables: &Tables| -> BTreeMap<Id, Download> {
            let rows = tables.downloads.iter().filter(|(_, row)| row.client == client.name);
            rows.map(|(id, row)| (*id, row.clone())).collect()
        };
        let (had, has) = (of(before), of(after));
        let Answer::Told(jobs) = answer else {
            let stays = had.keys().eq(has.keys()) && has.values().all(|row| row.away);
            let how = || format!("{} said nothing, and its rows are {has:?}", client.name);
            return if stays { Ok(()) } else { broken("P9", how()) };
        };
        for (id, job) in jobs {
            let row = has.values().find(|row| row.transfer == *id);
            let was_there = had.values().any(|row| row.transfer == *id);
            let is_due = client.place(job) == Place::Queue || was_there;
            let Some(row) = row else {
                // What a person cancelled is dropped after the client was asked.
                let is_there = client.jobs.contains_key(id);
                if !is_due || !is_there || self.has_brought(&client.name, id, job) {
                    continue;
                }
                return broken("P9", format!("{} has {id}, and the queue has not", client.name));
            };
            let is_right = row.state == job.state.to_string() && !row.away && row.absent == 0;
            if !is_right || (job.finished && !row.finished) {
                return broken(
                    "P9",
                    format!("{} has {job:?}, and the row is {row:?}", client.name),
                );
            }
        }
        Ok(())
    }
}

fn is_end(kind: &str) -> bool {
    ["download.removed", "download.cancelled", "download.imported", FAILED].contains(&kind)
}

fn same_transfer(one: &Download, other: &Download) -> bool {
    one.client == other.client && one.title == other.title
}

impl Play<'_> {
    /// A person gives a client a film.
    pub(super) async fn give(&mut self, client: u32, film: u32, wrong: Option<Trouble>) -> Verdict {
        let Some((place, name, link, film)) = self.parcel(client, film) else { return Ok(()) };
        let given = Given::Link(link.into());
        let (label, save_path, paused) = (None, None, false);
        let request = AddRequest { client: name.clone(), given, label, save_path, paused };
        self.trouble(wrong.map(|trouble| (place, trouble)));
        let done = self.work(async |app| app.add_download(request).await).await?;
        let is_done = matches!(done.done, Some(Ok(_)));
        self.ordered(done.done, wrong.is_some())?;
        self.queue_judged(&done.heard.answers)?;
        let is_it = |row: &Download| row.client == name && row.title == release(film);
        let imported = self.queue.imported.keys().any(|(client, _)| *client == name);
        if is_done && !imported && !self.tables.downloads.values().any(is_it) {
            return broken("P9", format!("{name} was given {}, and has no row", release(film)));
        }
        Ok(())
    }

    /// The client, its name, and the film as it takes it.
    fn parcel(&self, client: u32, film: u32) -> Option<(usize, String, String, usize)> {
        let world = &self.shared.lock().world;
        let (place, film) = world.picked_client(client).zip(world.picked_film(film))?;
        let client = &world.clients[place];
        let link = if client.kind.is_usenet() { format!("nzb:{film}") } else { film.to_string() };
        Some((place, client.name.clone(), link, film))
    }

    /// A person orders something about a row.
    pub(super) async fn order(
        &mut self,
        pick: u32,
        order: Order,
        wrong: Option<Trouble>,
    ) -> Verdict {
        let ids: Vec<_> = self.tables.downloads.keys().copied().collect();
        let Some(id) = picked(&ids, pick).copied() else { return Ok(()) };
        let place = {
            let world = &self.shared.lock().world;
            let client = &self.tables.downloads[&id].client;
            world.clients.iter().position(|c| c.name == *client)
        };
        self.trouble(place.zip(wrong));
        if order == Order::Cancel {
            self.queue.cancelled.insert(id);
        }
        let name = uuid::Uuid::from_u128(id).to_string();
        let work = async |app: &shelfread_app::App| match order {
            Order::Pause => app.pause_download(&name).await,
            Order::Resume => app.resume_download(&name).await,
            Order::Cancel => app.cancel_download(&name, false).await,
            Order::Retry => app.retry_download(&name).await,
        };
        let done = self.work(work).await?;
        self.ordered(done.done, wrong.is_some())?;
        self.queue_judged(&done.heard.answers).map(drop)
    }

    /// Only a client with trouble may fail to do what it is told.
    fn ordered<T>(&self, done: Option<Result<T, AppError>>, is_troubled: bool) -> Verdict {
        match done {
            Some(Err(error @ AppError::Client { .. })) if !is_troubled => {
                broken("works", error.to_string())
            }
            _ => Ok(()),
        }
    }

    /// One client is looked at, or all.
    pub(super) async fn look(
        &mut self,
        client: Option<u32>,
        twice: bool,
        troubles: &[(u32, Trouble)],
    ) -> Verdict {
        let place = |pick: &u32| self.shared.lock().world.picked_client(*pick);
        let wrong: Vec<_> =
            troubles.iter().filter_map(|(pick, trouble)| Some((place(pick)?, *trouble))).collect();
        let asked = client.and_then(|pick| {
            let world = &self.shared.lock().world;
            Some(world.clients[world.picked_client(pick)?].name.clone())
        });
        self.trouble(wrong.clone());
        let is_whole = self.looked(asked.as_deref()).await?;
        let is_settled = |row: &Download| row.absent == 0 && row.pending.is_none();
        if twice && is_whole && self.tables.downloads.values().all(is_settled) {
            let before = self.tables.without_runs();
            self.trouble(wrong);
            self.looked(asked.as_deref()).await?;
            same(&before, &self.tables.without_runs())?;
        }
        Ok(())
    }

    /// Looks, and gives whether it was done to its end.
    async fn looked(&mut self, client: Option<&str>) -> Result<bool, Broken> {
        let before = self.tables.clone();
        let work = async |app: &shelfread_app::App| match client {
            Some(name) => app.ask_client(name).await.map(drop),
            None => app.look_at_all().await.map(drop),
        };
        let done = self.work(work).await?;
        let is_whole = done.done.is_some();
        self.queue_judged(&done.heard.answers)?;
        if !is_whole {
            return Ok(false);
        }
        let world = &self.shared.lock().world;
        for (place, answers) in &done.heard.answers {
            if let Some(last) = answers.last() {
                let client = &world.clients[*place];
                self.queue.is_as_told(client, last, &before, &self.tables)?;
            }
        }
        Ok(true)
    }

    /// What goes wrong with clients from now on.
    fn trouble(&self, wrong: impl IntoIterator<Item = (usize, Trouble)>) {
        let mut state = self.shared.lock();
        state.troubles = wrong.into_iter().collect();
        state.now = self.desk.clock.now();
    }

    fn queue_judged(&mut self, answers: &BTreeMap<usize, Vec<Answer>>) -> Verdict {
        let after = self.desk.read().map_err(fails)?;
        let told = self.desk.happened(self.tables.events).map_err(fails)?;
        let before = std::mem::replace(&mut self.tables, after);
        self.queue.heard(answers);
        let now = self.desk.clock.now();
        let done = Done { before: &before, after: &self.tables, told, now };
        let verdict = self.queue.judge(&self.shared.lock().world, &done);
        self.trouble(None);
        verdict
    }

    /// All clients answer. After what was under way is over, the queue is exactly what they have.
    pub(super) async fn queue_end(&mut self) -> Verdict {
        let clients = self.shared.lock().world.clients.clone();
        self.trouble(None);
        for _ in 0..4 {
            self.desk.clock.advance(LONG);
            for client in &clients {
                self.looked(Some(&client.name)).await?;
            }
        }
        let rows = self.tables.downloads.values();
        let is_wrong = |row: &&Download| {
            let client = clients.iter().find(|client| client.name == row.client);
            let has = |c: &Client| self.has(&c.name, &row.transfer);
            row.pending.is_some() || !client.is_some_and(has)
        };
        if let Some(row) = rows.clone().find(is_wrong) {
            return broken("P9", format!("all is at rest, and the queue has {row:?}"));
        }
        let before = self.tables.without_runs();
        for client in &clients {
            self.looked(Some(&client.name)).await?;
        }
        same(&before, &self.tables.without_runs())
            .map_err(|b| Broken { how: format!("{} (of the queue)", b.how), ..b })
    }

    fn has(&self, client: &str, transfer: &str) -> bool {
        let world = &self.shared.lock().world;
        world.clients.iter().any(|c| c.name == client && c.jobs.contains_key(transfer))
    }
}
