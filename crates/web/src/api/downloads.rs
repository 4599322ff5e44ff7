//! The queue of all download clients, and orders to them.

use axum::Json;
use axum::extract::multipart::{Field, MultipartRejection};
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shelfread_app::downloads::{AddRequest, Ordered, QueuePage, QueueQuery};
use shelfread_domain::ItemId;
use shelfread_domain::download::Given;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::{Ask, Body, Named, limit, too_large};
use super::problems::{bad_request, invalid, problem};
use crate::problem::{Answer, Problem};
use crate::state::Web;

/// The largest file: the server reads no larger body than this with a little around it.
const LARGEST: usize = 15 << 20;
/// No text beside the file is longer.
const LONGEST: usize = 4_096;

pub fn routes() -> OpenApiRouter<Web> {
    let upload = OpenApiRouter::new()
        .routes(routes!(upload_download))
        .layer(DefaultBodyLimit::max(LARGEST + (1 << 16)));
    OpenApiRouter::new()
        .routes(routes!(list_downloads, add_download))
        .routes(routes!(cancel_download))
        .routes(routes!(pause_download))
        .routes(routes!(resume_download))
        .routes(routes!(retry_download))
        .merge(upload)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DownloadsQuery {
    /// Only those of the client of this name.
    client: Option<String>,
    /// Only those for this item.
    #[param(value_type = Option<ItemId>)]
    item: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many downloads.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CancelQuery {
    /// Leave the data where it is.
    keep_data: Option<bool>,
}

/// What to give to a client.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DownloadBody {
    /// A magnet link, or the address of a torrent or NZB.
    link: String,
    /// The client; not needed when there is only one.
    client: Option<String>,
    /// Label or category there.
    label: Option<String>,
    /// The folder to put it in, as the client sees the disk.
    save_path: Option<String>,
    /// Do not begin yet.
    paused: Option<bool>,
}

/// A torrent or NZB file for a client.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form as the document shows it; it is read part by part")]
struct DownloadForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The client; not needed when there is only one.
    client: Option<String>,
    /// Label or category there.
    label: Option<String>,
    /// The folder to put it in, as the client sees the disk.
    save_path: Option<String>,
    /// `true`: do not begin yet.
    paused: Option<bool>,
}

/// What an order did.
#[derive(Serialize, ToSchema)]
struct Done {
    download: Ordered,
}

impl Done {
    const fn json(download: Ordered) -> Json<Self> {
        Json(Self { download })
    }
}

/// The queue as it is known, oldest first; no client is asked
#[utoipa::path(
    get,
    path = "/downloads",
    tag = "downloads",
    params(DownloadsQuery),
    responses((status = 200, body = QueuePage), (status = 404, description = "There is no such client or item"))
)]
async fn list_downloads(
    State(web): State<Web>,
    Ask(asked): Ask<DownloadsQuery>,
) -> Answer<Json<QueuePage>> {
    let query = QueueQuery { client: asked.client, item: asked.item };
    let limit = limit(asked.limit)?;
    Ok(Json(web.app.downloads(&query, asked.after.as_deref(), limit).await?))
}

/// Gives a magnet link or an address to a client
///
/// The same thing twice is one download, whoever gave it first.
#[utoipa::path(
    post,
    path = "/downloads",
    tag = "downloads",
    request_body = DownloadBody,
    responses(
        (status = 201, body = Done),
        (status = 404, description = "There is no such client"),
        (status = 502, description = "The client refused it or does not answer")
    )
)]
async fn add_download(
    State(web): State<Web>,
    Body(body): Body<DownloadBody>,
) -> Answer<(StatusCode, Json<Done>)> {
    let request = AddRequest {
        client: web.app.client_meant(body.client).await?,
        given: Given::Link(body.link.into()),
        label: body.label,
        save_path: body.save_path,
        paused: body.paused.unwrap_or(false),
    };
    Ok((StatusCode::CREATED, Done::json(web.app.add_download(request).await?)))
}

/// Gives a torrent or NZB file to a client
#[utoipa::path(
    post,
    path = "/downloads/file",
    tag = "downloads",
    request_body(content = DownloadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, body = Done),
        (status = 404, description = "There is no such client"),
        (status = 502, description = "The client refused it or does not answer")
    )
)]
async fn upload_download(
    State(web): State<Web>,
    form: Result<Multipart, MultipartRejection>,
) -> Answer<(StatusCode, Json<Done>)> {
    let form = form.map_err(|error| {
        let title = "The body is of a kind that is not taken here";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        problem(status, "unsupported-media-type", title, error.body_text())
    })?;
    let upload = Upload::read(form).await?;
    let (name, bytes) = upload.file.ok_or_else(|| invalid("the form has no `file`"))?;
    let request = AddRequest {
        client: web.app.client_meant(upload.client).await?,
        given: Given::File { name, bytes },
        label: upload.label,
        save_path: upload.save_path,
        paused: upload.paused,
    };
    Ok((StatusCode::CREATED, Done::json(web.app.add_download(request).await?)))
}

/// A form as it came.
#[derive(Default)]
struct Upload {
    file: Option<(String, Vec<u8>)>,
    client: Option<String>,
    label: Option<String>,
    save_path: Option<String>,
    paused: bool,
}

impl Upload {
    async fn read(mut form: Multipart) -> Answer<Self> {
        let mut upload = Self::default();
        while let Some(part) = form.next_field().await.map_err(|e| unreadable(&e))? {
            let name = part.name().unwrap_or_default().to_owned();
            match name.as_str() {
                "file" => {
                    let file = part.file_name().unwrap_or_default().replace('\0', "");
                    upload.file = Some((file, bytes(part, LARGEST).await?));
                }
                "client" => upload.client = text(part).await?,
                "label" => upload.label = text(part).await?,
                "save_path" => upload.save_path = text(part).await?,
                "paused" => upload.paused = text(part).await?.is_some_and(|text| text == "true"),
                other => return Err(invalid(format!("there is no part '{other}'"))),
            }
        }
        Ok(upload)
    }
}

async fn text(part: Field<'_>) -> Answer<Option<String>> {
    let text = String::from_utf8(bytes(part, LONGEST).await?).ok();
    let text = text.filter(|text| !text.contains('\0'));
    let text = text.ok_or_else(|| invalid("a part of the form is no text"))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

async fn bytes(mut part: Field<'_>, most: usize) -> Answer<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|e| unreadable(&e))? {
        if all.len() + chunk.len() > most {
            return Err(too_large());
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all)
}

fn unreadable(error: &axum::extract::multipart::MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => bad_request(error.body_text()),
    }
}

/// Drops a transfer, with its data unless that is kept
///
/// One that had gone before is told so; sent again, it says the same.
#[utoipa::path(
    delete,
    path = "/downloads/{id}",
    tag = "downloads",
    params(("id" = String, Path, description = "Its id, or its client's own"), CancelQuery),
    responses(
        (status = 200, body = Done),
        (status = 502, description = "The client does not answer; it is asked again when it does")
    )
)]
async fn cancel_download(
    State(web): State<Web>,
    Named(id): Named<String>,
    Ask(query): Ask<CancelQuery>,
) -> Answer<Json<Done>> {
    let keep_data = query.keep_data.unwrap_or(false);
    Ok(Done::json(web.app.cancel_download(&id, keep_data).await?))
}

/// Stops a transfer, whether it receives or gives
#[utoipa::path(
    post,
    path = "/downloads/{id}/pause",
    tag = "downloads",
    params(("id" = String, Path, description = "Its id, or its client's own")),
    responses((status = 200, body = Done), (status = 502, description = "The client does not answer"))
)]
async fn pause_download(State(web): State<Web>, Named(id): Named<String>) -> Answer<Json<Done>> {
    Ok(Done::json(web.app.pause_download(&id).await?))
}

/// Lets a transfer go on
#[utoipa::path(
    post,
    path = "/downloads/{id}/resume",
    tag = "downloads",
    params(("id" = String, Path, description = "Its id, or its client's own")),
    responses((status = 200, body = Done), (status = 502, description = "The client does not answer"))
)]
async fn resume_download(State(web): State<Web>, Named(id): Named<String>) -> Answer<Json<Done>> {
    Ok(Done::json(web.app.resume_download(&id).await?))
}

/// Tries a failed transfer again
#[utoipa::path(
    post,
    path = "/downloads/{id}/retry",
    tag = "downloads",
    params(("id" = String, Path, description = "Its id, or its client's own")),
    responses((status = 200, body = Done), (status = 502, description = "The client does not answer"))
)]
async fn retry_download(State(web): State<Web>, Named(id): Named<String>) -> Answer<Json<Done>> {
    Ok(Done::json(web.app.retry_download(&id).await?))
}
