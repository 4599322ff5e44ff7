//! Lists Radarr: one request for everything. The list has no total; it is complete when it was read
//! whole.

use std::collections::BTreeSet;

use shelfread_domain::Coverage;
use shelfread_domain::port::{Scope, SourceError};

use crate::api::Objects;
use crate::convert::movie;
use crate::reader::Reader;
use crate::remote::Remote;
use crate::wire::Movie;

pub async fn list(mut reader: Reader<'_>, scope: Scope) -> Result<Coverage, SourceError> {
    match scope {
        Scope::Full => {
            let all = reader.arr.api.all_movies().await?;
            reader.expect(Some(all.len() as u64)).await;
            movies(&mut reader, all).await;
            Ok(reader.tally.coverage())
        }
        // The one request that a full listing takes tells more than the history would.
        Scope::ChangedSince(_) => {
            let all = reader.arr.api.all_movies().await?;
            movies(&mut reader, all).await;
            Ok(reader.partial("only what changed was asked for"))
        }
        Scope::Only(ids) => {
            let ids: BTreeSet<_> = ids.iter().filter_map(Remote::parse).map(Remote::top).collect();
            for id in ids {
                let found = reader.arr.api.movie(id).await?;
                movies(&mut reader, found.map(|m| Ok((id, m))).into_iter().collect()).await;
            }
            Ok(reader.partial("only some items were asked for"))
        }
    }
}

async fn movies(reader: &mut Reader<'_>, all: Objects<Movie>) {
    let mut observations = Vec::with_capacity(all.len());
    for item in all {
        match item {
            Ok((id, item)) => observations.push(movie(id, item, &reader.arr.paths)),
            Err(bad) => reader.bad(bad, Remote::Top).await,
        }
    }
    reader.pages(observations).await;
}
