//! What a route needs. It knows routes as they are matched, never paths as they are sent, so that
//! no spelling of a path goes around it.

use axum::http::Method;
use shelfread_app::access::Scope;

/// Who may use a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Anybody, and it does not matter who: nothing is looked up.
    Nothing,
    /// Anybody, known or not.
    Anybody,
    /// Somebody with this scope.
    Scope(Scope),
}

/// Routes for anybody, by what they begin with: probes, which must not wait for the database, what
/// is guarded by a secret of its own, and what pages are shown with.
const OPEN: [&str; 4] = ["/healthz", "/readyz", "/hooks/", "/assets/"];

/// The ways in and out.
const WAYS: [&str; 3] = ["/login", "/logout", "/setup"];

/// Routes that only an admin may even look at: who may use the server, the whole database, and the
/// secrets that webhooks bring.
const ADMIN: [&str; 10] = [
    "/api/v1/users",
    "/api/v1/tokens",
    "/api/v1/backup",
    "/api/v1/sources/{name}/hook",
    "/api/v1/clients/{name}/hook",
    "/sources/{name}/hook",
    "/clients/{name}/hook",
    "/settings/users",
    "/settings/tokens",
    "/settings/backup",
];

/// Routes that others may look at, and only an admin changes: who outside is told what happens here.
const ADMIN_CHANGES: [&str; 4] =
    ["/api/v1/notifications", "/api/v1/letters", "/settings/notifications", "/settings/letters"];

/// Routes on which readers decide about themselves.
const OWN: [&str; 2] = ["/account", "/api/v1/me"];

/// What a route needs; `None` is a path that no route matches.
pub fn need(method: &Method, route: Option<&str>) -> Need {
    let route = route.unwrap_or_default();
    let begins = |all: &[&str]| all.iter().any(|start| is_below(route, start));
    if begins(&OPEN) {
        return Need::Nothing;
    }
    if begins(&WAYS) {
        return Need::Anybody;
    }
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    Need::Scope(match () {
        () if begins(&ADMIN) => Scope::Admin,
        () if reads || begins(&OWN) => Scope::Read,
        () if begins(&ADMIN_CHANGES) => Scope::Admin,
        () => Scope::Write,
    })
}

/// Whether a route is this one or below it.
fn is_below(route: &str, start: &str) -> bool {
    let rest = route.strip_prefix(start);
    rest.is_some_and(|rest| rest.is_empty() || start.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_guarded() {
        let scope = |method, route| match need(&method, Some(route)) {
            Need::Nothing => "open",
            Need::Anybody => "way",
            Need::Scope(scope) => scope.as_str(),
        };
        for (method, route, expected) in [
            (Method::GET, "/healthz", "open"),
            (Method::POST, "/hooks/{source}", "open"),
            (Method::GET, "/assets/{*path}", "open"),
            (Method::POST, "/login", "way"),
            (Method::GET, "/", "read"),
            (Method::GET, "/loginx", "read"),
            (Method::GET, "/hooks", "read"),
            (Method::GET, "/metrics", "read"),
            (Method::GET, "/api/v1/items", "read"),
            (Method::HEAD, "/api/v1/items", "read"),
            (Method::PUT, "/api/v1/items/{id}", "write"),
            (Method::POST, "/sources", "write"),
            (Method::GET, "/api/v1/users", "admin"),
            (Method::DELETE, "/api/v1/tokens/{name}", "admin"),
            (Method::POST, "/settings/backup", "admin"),
            (Method::GET, "/api/v1/sources/{name}/hook", "admin"),
            (Method::GET, "/api/v1/sources/{name}/schedule", "read"),
            (Method::PUT, "/api/v1/sources/{name}/schedule", "write"),
            (Method::GET, "/api/v1/notifications", "read"),
            (Method::PUT, "/api/v1/notifications/{name}", "admin"),
            (Method::POST, "/settings/letters/{id}/replay", "admin"),
            (Method::POST, "/account/password", "read"),
        ] {
            assert_eq!(scope(method.clone(), route), expected, "{method} {route}");
        }
        assert_eq!(need(&Method::GET, None), Need::Scope(Scope::Read));
    }
}
