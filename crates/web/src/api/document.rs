//! The OpenAPI document: what the routes say of themselves, and what all of them have in common.

use std::collections::BTreeMap;

use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder,
};
use utoipa::{OpenApi, PartialSchema, ToSchema};

use crate::problem::Problem;

const KIND: &str = "application/problem+json";

/// The document that the routes add themselves to.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Shelfread",
        description = "One truthful catalogue of films and series.\n\nErrors are \
            `application/problem+json` with a stable `code`. Reads have an `ETag`; whoever sends it \
            back as `If-None-Match` is answered `304` while nothing changed, and as `If-Match` it \
            changes only what is still so. A `POST` with an `Idempotency-Key` is done once, however often it is sent.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "sources", description = "What lists media"),
        (name = "items", description = "The catalogue"),
        (name = "runs", description = "What syncs did, and what is decided about it"),
        (name = "downloads", description = "The queue of all download clients"),
        (name = "events", description = "What happened, and what happens"),
        (name = "notifications", description = "Who is told what happened"),
        (name = "viewers", description = "Who is who on which server"),
        (name = "access", description = "Users and tokens"),
        (name = "doctor", description = "Are the promises kept?"),
        (name = "server", description = "The server itself")
    )
)]
pub struct Base;

/// What may happen to every request.
const ALWAYS: [(&str, &str); 6] = [
    ("400", "The request cannot be read"),
    ("401", "Nobody knows who asks"),
    ("403", "Who asks may not do that"),
    ("429", "Too many requests"),
    ("500", "Something broke here"),
    ("503", "The server is about to stop, or has too much to do"),
];
const WITH_PATH: [(&str, &str); 1] = [("404", "There is no such thing")];
const WITH_INPUT: [(&str, &str); 1] = [("422", "The request makes no sense as it is")];
const WITH_BODY: [(&str, &str); 3] = [
    ("408", "The body did not come in time"),
    ("413", "The body is too large"),
    ("415", "The body is of a kind that is not taken here"),
];
const WITH_POST: [(&str, &str); 1] = [("409", "The same request is at work already")];
const WITH_CONDITION: [(&str, &str); 1] =
    [("412", "It is no longer as the ETag says that was sent")];
const WITH_GET: [(&str, &str); 1] = [("304", "Nothing changed since the ETag that was sent")];

/// Adds what every operation has.
pub fn completed(mut document: Document) -> Document {
    for item in document.paths.paths.values_mut() {
        for (method, operation) in operations(item) {
            complete(operation, method);
        }
    }
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token, as `shelfread token create` makes it"))
        .build();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    let cookie = ApiKeyValue::with_description("shelfread", "Who is logged in");
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let none: [&str; 0] = [];
    document.security = Some(vec![
        SecurityRequirement::new("token", none),
        SecurityRequirement::new("session", none),
    ]);
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn complete(operation: &mut Operation, method: &str) {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let has_path = parameters.iter().any(is_of_path);
    let has_condition = parameters.iter().any(is_condition);
    let has_body = operation.request_body.is_some();
    let has_input = has_body || !parameters.is_empty() || method != "get";
    let responses = &mut operation.responses.responses;
    let some = [
        (true, &ALWAYS[..]),
        (has_path, &WITH_PATH),
        (has_input, &WITH_INPUT),
        (has_body, &WITH_BODY),
        (has_condition, &WITH_CONDITION),
        (method == "post", &WITH_POST),
        (method == "get", &WITH_GET),
    ];
    for (status, description) in some.into_iter().filter(|(has, _)| *has).flat_map(|(_, all)| all) {
        let response = || RefOr::T(ResponseBuilder::new().description(*description).build());
        responses.entry((*status).to_owned()).or_insert_with(response);
    }
    tell_problems(responses);
}

fn is_of_path(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(p) if p.parameter_in == ParameterIn::Path)
}

fn is_condition(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(p) if p.name == "If-Match")
}

/// Every answer that is an error is a problem.
fn tell_problems(responses: &mut BTreeMap<String, RefOr<Response>>) {
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        if status.as_str() >= "400" && response.content.is_empty() {
            let schema = Ref::from_schema_name(Problem::name());
            let content = ContentBuilder::new().schema(Some(schema)).build();
            response.content.insert(KIND.to_owned(), RefOr::T(content));
        }
        if response.description.is_empty() {
            response.description = "Done".to_owned();
        }
    }
}
