//! Downloads: the queue as it is now, and what a person orders of it.

use askama::Template;
use axum::extract::{DefaultBodyLimit, Multipart, Path, Query};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::Deserialize;
use shelfread_app::downloads::{AddRequest, Did, DownloadView, Ordered};
use shelfread_app::overview::{ClientState, Health};
use shelfread_app::rows::DownloadFilter;
use shelfread_domain::download::{Given, TransferState};

use super::layout::{Done, Oops, Seen, Shell, Visit, back};
use super::parts::Piece;
use super::{assets, parts};
use crate::routes::Routes;

/// The largest file that is taken: hardly any torrent or NZB is larger.
const MAX_FILE: usize = 15 << 20;
/// Rows of a page.
const PAGE: u64 = 100;

pub fn routes() -> Routes {
    let adding = post(add).layer(DefaultBodyLimit::max(MAX_FILE + (64 << 10)));
    Routes::new()
        .route("/downloads", get(show))
        .route("/downloads/add", adding)
        .route("/downloads/{id}/{order}", post(order))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    client: String,
    after: String,
}

#[derive(Template)]
#[template(path = "downloads.html")]
struct DownloadsPage {
    shell: Shell,
    asked: Asked,
    clients: Vec<ClientState>,
    downloads: Vec<DownloadView>,
    next: Option<String>,
}

impl DownloadsPage {
    fn away(&self) -> impl Iterator<Item = &ClientState> {
        self.clients.iter().filter(|c| c.health == Health::Failing)
    }

    /// The address of this page, for the part that follows what happens.
    fn here(&self) -> String {
        let pairs = [("client", self.asked.client.as_str()), ("after", &self.asked.after)];
        format!("/downloads{}", parts::query(&pairs))
    }
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Seen {
    let app = &visit.web.app;
    let clients = app.client_states().await?;
    let client = match asked.client.as_str() {
        "" => None,
        name => {
            let found = clients.iter().find(|c| c.row.name == name).map(|c| c.row.id);
            let gone = || Oops::missing(format!("There is no download client '{name}'."));
            Some(found.ok_or_else(gone)?)
        }
    };
    let after = Some(asked.after.as_str()).filter(|after| !after.is_empty());
    let filter = DownloadFilter { client, ..DownloadFilter::default() };
    let page = app.queue(&filter, after, PAGE).await?;
    let pairs = |next: &String| [("client", asked.client.clone()), ("after", next.clone())];
    let next = page.next.as_ref().map(|next| {
        let pairs = pairs(next);
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| (*k, v.as_str())).collect();
        format!("/downloads{}", parts::query(&pairs))
    });
    let shell = visit.shell.clone();
    visit.show(&DownloadsPage { shell, asked, clients, downloads: page.downloads, next })
}

/// What a transfer does, with what its client said last.
fn state(download: &DownloadView) -> Piece {
    if let Some(op) = &download.pending {
        return parts::sign("info", "wait", &format!("{op} pending"));
    }
    if download.unreachable_since.is_some() {
        return parts::sign("warn", "warn", "unknown");
    }
    if download.stalled_since.is_some() {
        return parts::sign("warn", "wait", "stalled");
    }
    let (tone, shape) = match &download.state {
        TransferState::Downloading | TransferState::Metadata => ("info", "downloads"),
        TransferState::Stalled => ("warn", "wait"),
        TransferState::Paused => ("", "pause"),
        TransferState::Failed => ("bad", "bad"),
        TransferState::Completed | TransferState::Seeding => ("good", "good"),
        _ => ("", "wait"),
    };
    parts::sign(tone, shape, &download.state.to_string())
}

/// Speeds and time left, as far as the client says.
fn pace(download: &DownloadView) -> String {
    let speed = |sign: &str, n: Option<u64>| {
        n.filter(|n| *n > 0).map(|n| format!("{sign} {}/s", parts::bytes(&n)))
    };
    let left = download.eta_seconds.map(|s| format!("{} left", parts::span(&s)));
    let ratio = download.ratio.filter(|r| *r > 0.0).map(|r| format!("ratio {r:.2}"));
    [speed("↓", download.down_speed), speed("↑", download.up_speed), left, ratio]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}

/// Where in its show an item of a download stands.
fn place(item: &shelfread_app::downloads::ItemOfDownload) -> String {
    match (&item.show, item.season, item.episode) {
        (Some(show), Some(s), Some(e)) => format!("{} S{s:02}E{e:02}", parts::cut(show)),
        (Some(show), Some(s), None) => format!("{}, season {s}", parts::cut(show)),
        _ => parts::cut(&item.title),
    }
}

fn is_paused(download: &DownloadView) -> bool {
    download.state == TransferState::Paused
}

/// Whether trying again may help.
fn can_retry(download: &DownloadView) -> bool {
    matches!(download.state, TransferState::Failed | TransferState::Stalled)
}

#[derive(Deserialize)]
struct Order {
    #[serde(default)]
    data: String,
}

async fn order(
    visit: Visit,
    Path((id, order)): Path<(String, String)>,
    headers: HeaderMap,
    axum::Form(form): axum::Form<Order>,
) -> Seen {
    let app = visit.web.app.clone();
    let work = app.clone();
    let keep_data = form.data != "delete";
    let done = app
        .to_the_end(async move {
            match order.as_str() {
                "pause" => work.pause_download(&id).await,
                "resume" => work.resume_download(&id).await,
                "retry" => work.retry_download(&id).await,
                "cancel" => work.cancel_download(&id, keep_data).await,
                other => Err(shelfread_app::AppError::not_found("order", other)),
            }
        })
        .await;
    Ok(Done::of(back(&headers, "/downloads"), done.map(|done| told(&done))).into_response())
}

/// What an order did, in a sentence.
fn told(done: &Ordered) -> String {
    let client = &done.client;
    let did = match done.did {
        Did::Added => format!("{client} took it"),
        Did::AlreadyThere => format!("{client} had it already; it is in the queue now"),
        Did::Reused => format!("it is in the queue of {client} already"),
        Did::Paused => "paused".to_owned(),
        Did::Resumed => "goes on".to_owned(),
        Did::Already => "it was so already".to_owned(),
        Did::Absent => format!("{client} no longer has it"),
        Did::CancelledWithData => format!("{client} dropped it and its data"),
        Did::Cancelled => format!("{client} dropped it; its data stays"),
        Did::Gone => "it had gone before".to_owned(),
        Did::Retried => "is tried again".to_owned(),
        Did::NotFailed => "it has not failed; there is nothing to try again".to_owned(),
    };
    format!("{}: {did}", parts::cut(&done.title))
}

/// What is to be added, as it came in.
#[derive(Default)]
struct Adding {
    client: String,
    link: String,
    label: String,
    paused: bool,
    file: Option<(String, Vec<u8>)>,
}

impl Adding {
    async fn read(mut form: Multipart) -> Result<Self, Oops> {
        let unusable =
            |error: axum::extract::multipart::MultipartError| Oops::unusable(error.body_text());
        let mut adding = Self::default();
        while let Some(field) = form.next_field().await.map_err(unusable)? {
            match field.name().unwrap_or_default() {
                "client" => adding.client = field.text().await.map_err(unusable)?,
                "link" => adding.link = field.text().await.map_err(unusable)?.trim().to_owned(),
                "label" => adding.label = field.text().await.map_err(unusable)?.trim().to_owned(),
                "paused" => adding.paused = true,
                "file" => {
                    let name = field.file_name().unwrap_or_default().to_owned();
                    let bytes = field.bytes().await.map_err(unusable)?.to_vec();
                    adding.file = Some((name, bytes)).filter(|(_, bytes)| !bytes.is_empty());
                }
                _ => {}
            }
        }
        Ok(adding)
    }

    fn given(self) -> Option<AddRequest> {
        let given = match self.file {
            Some((name, bytes)) => Given::File { name, bytes },
            None if self.link.is_empty() => return None,
            None => Given::Link(self.link.into()),
        };
        let label = Some(self.label).filter(|label| !label.is_empty());
        Some(AddRequest { client: self.client, given, label, save_path: None, paused: self.paused })
    }
}

async fn add(visit: Visit, form: Multipart) -> Seen {
    let Some(request) = Adding::read(form).await?.given() else {
        let what = "Give a link, a magnet or a file.";
        return Ok(Done::bad("/downloads", what).into_response());
    };
    let app = visit.web.app.clone();
    let work = app.clone();
    let done = app.to_the_end(async move { work.add_download(request).await }).await;
    Ok(Done::of("/downloads", done.map(|done| told(&done))).into_response())
}
