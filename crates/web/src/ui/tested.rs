//! How the test of a connection went: beside the form that asked for it, or on the page of the form
//! where there is no script. It knows neither sources nor download clients.

use askama::Template;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use shelfread_app::AppError;

use super::layout::{Done, Seen, Visit, advice};
use super::parts;

/// What answered.
pub struct Answer {
    /// In a sentence.
    pub text: String,
    /// What else it told, each in a few words.
    pub details: Vec<String>,
}

#[derive(Template)]
#[template(path = "tested.html")]
struct TestedPart {
    tone: &'static str,
    text: String,
    details: Vec<String>,
}

impl TestedPart {
    fn of(tested: Result<Answer, AppError>) -> Self {
        match tested {
            Ok(Answer { text, details }) => Self { tone: "good", text, details },
            Err(error) => Self {
                tone: "bad",
                text: error.to_string(),
                details: error.hint().into_iter().collect(),
            },
        }
    }
}

/// Tells whoever filled the form of this page.
pub fn tell(
    visit: Visit,
    headers: &HeaderMap,
    page: &str,
    tested: Result<Answer, AppError>,
) -> Seen {
    if headers.contains_key("hx-request") {
        return visit.show(&TestedPart::of(tested));
    }
    Ok(match tested {
        Ok(answer) => Done::good(page, answer.text),
        Err(error) => Done::bad(page, advice(&error)),
    }
    .into_response())
}
