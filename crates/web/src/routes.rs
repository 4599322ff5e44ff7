//! Routes that know their paths: what must hold for every route is tested for every route, also for
//! one that nobody thought of since. The API has its document for that.

use axum::Router;
use axum::routing::MethodRouter;

use crate::state::Web;

/// A router that can tell what it has.
#[derive(Default)]
pub struct Routes {
    router: Router<Web>,
    paths: Vec<&'static str>,
}

impl Routes {
    /// Without any route.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more.
    pub fn route(mut self, path: &'static str, methods: MethodRouter<Web>) -> Self {
        self.paths.push(path);
        Self { router: self.router.route(path, methods), ..self }
    }

    /// With those of another one.
    pub fn merge(mut self, other: Self) -> Self {
        self.paths.extend(other.paths);
        Self { router: self.router.merge(other.router), ..self }
    }

    /// Their paths.
    pub fn paths(self) -> Vec<&'static str> {
        self.paths
    }
}

impl From<Routes> for Router<Web> {
    fn from(routes: Routes) -> Self {
        routes.router
    }
}
