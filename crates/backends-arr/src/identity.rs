//! Who answers, and whether it is the program that it should be.

use shelfread_domain::port::{Problem, ServerIdentity, SourceError};

use crate::Arr;

pub async fn identify(arr: &Arr) -> Result<ServerIdentity, SourceError> {
    let status = arr.api.status().await?;
    let expected = arr.program.name();
    let wrong = |found: &str| {
        let what = format!("asking {expected} at {}", arr.api.http.base_url());
        let (expected, found) = (expected.to_owned(), found.to_owned());
        SourceError::new(what, Problem::WrongServer { expected, found })
    };
    let Some(version) = status.version else {
        return Err(wrong("something that does not tell its version"));
    };
    match status.app_name.as_deref() {
        Some(name) if name.eq_ignore_ascii_case(expected) => {}
        Some(other) => return Err(wrong(other)),
        // Early versions do not say their name, but the one has no list of the other.
        None => {
            let (list, filter) = arr.program.list();
            if !arr.api.knows(list, filter).await? {
                return Err(wrong("another program with the same manners"));
            }
        }
    }
    Ok(ServerIdentity {
        server_id: format!("{}-{}", arr.program.name().to_lowercase(), arr.key_mark),
        name: status.instance_name.unwrap_or_else(|| expected.to_owned()),
        version: format!("{expected} {version}"),
        viewer: None,
    })
}
