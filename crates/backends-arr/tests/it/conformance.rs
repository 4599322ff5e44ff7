//! The contract of the port, as every adapter keeps it. Lies about lists are left out: what has no
//! total has nothing to lie about but what the statistics prove, which is tested beside this.

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use shelfread_backends_arr::Program;
use shelfread_backends_http::Steps;
use shelfread_domain::SourceKind;
use shelfread_domain::port::{MediaSource, RemoteLibrary, Scope, ServerIdentity, SourceError};
use shelfread_simulator::{Running, Size, World};
use shelfread_testkit::conformance::{Subject, check};
use url::Url;

use crate::simulated::make;

/// The suite wants two libraries, and these programs have one: here it is there twice.
#[derive(Debug)]
struct Twice(Arc<dyn MediaSource>);

#[async_trait]
impl MediaSource for Twice {
    fn kind(&self) -> SourceKind {
        self.0.kind()
    }

    async fn identify(&self) -> Result<ServerIdentity, SourceError> {
        self.0.identify().await
    }

    async fn libraries(&self) -> Result<Vec<RemoteLibrary>, SourceError> {
        let one = self.0.libraries().await?.remove(0);
        let two = RemoteLibrary { remote_id: "again".into(), ..one.clone() };
        Ok(vec![one, two])
    }

    fn list<'a>(&'a self, library: &'a RemoteLibrary, scope: Scope) -> Steps<'a> {
        self.0.list(library, scope)
    }
}

async fn conforms(program: Program, server: &Running) {
    let make = |url: Url, key: SecretString| -> Arc<dyn MediaSource> {
        Arc::new(Twice(make(program)(url, key)))
    };
    let subject = Subject { make: &make, url: server.url(), token: server.token().to_owned() };
    check(&subject).await;
}

fn world() -> World {
    World::generate(1, Size { films: 6, shows: 2, episodes: 12 })
}

#[tokio::test]
async fn sonarr_keeps_the_contract() {
    let server = shelfread_simulator::Arr::sonarr(&world()).start().await.unwrap();
    conforms(Program::Sonarr, &server).await;
}

#[tokio::test]
async fn radarr_keeps_the_contract() {
    let server = shelfread_simulator::Arr::radarr(&world()).start().await.unwrap();
    conforms(Program::Radarr, &server).await;
}
