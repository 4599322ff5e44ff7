//! People: which viewers are one person. Only a person can say so.

use std::collections::BTreeSet;

use futures::future::BoxFuture;
use shelfread_domain::ViewerId;
use shelfread_store::{NewEvent, ViewerRow};
use uuid::Uuid;

use crate::App;
use crate::error::{AppError, Result};

impl App {
    /// Everybody whom a source knows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn viewers(&self) -> Result<Vec<ViewerRow>> {
        Ok(self.store.viewers().await?)
    }

    /// Makes viewers of several servers one person. Each is named by its id or as `NAME@SOURCE`.
    /// Whoever was joined with one of them before is part of the person too.
    ///
    /// # Errors
    /// [`AppError::Usage`] for fewer than two, for a name that does not tell one viewer, and for
    /// two viewers of one source; what the database says.
    pub fn join_viewers<'a>(
        &'a self,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<ViewerRow>>> {
        Box::pin(async move {
            let all = self.store.viewers().await?;
            let named = named(&all, names)?;
            if named.len() < 2 {
                return Err(AppError::Usage(
                    "a person is joined of at least two viewers".to_owned(),
                ));
            }
            let persons: BTreeSet<Uuid> = named.iter().filter_map(|v| v.person_id).collect();
            let of_one = |v: &&ViewerRow| {
                named.iter().any(|n| n.id == v.id)
                    || v.person_id.is_some_and(|p| persons.contains(&p))
            };
            let joined: Vec<&ViewerRow> = all.iter().filter(of_one).collect();
            for (n, viewer) in joined.iter().enumerate() {
                if let Some(other) = joined[..n].iter().find(|o| o.source_id == viewer.source_id) {
                    let message = format!(
                        "{} and {} are two users of '{}': one person has one of each server",
                        other.name, viewer.name, viewer.source
                    );
                    return Err(AppError::Usage(message));
                }
            }
            let person = persons.first().copied().unwrap_or_else(Uuid::now_v7);
            self.give_person(&joined, Some(person)).await
        })
    }

    /// Makes viewers nobody's but their own again.
    ///
    /// # Errors
    /// [`AppError::Usage`] for a name that does not tell one viewer; what the database says.
    pub fn part_viewers<'a>(
        &'a self,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<ViewerRow>>> {
        Box::pin(async move {
            let all = self.store.viewers().await?;
            let named = named(&all, names)?;
            self.give_person(&named, None).await
        })
    }

    async fn give_person(
        &self,
        viewers: &[&ViewerRow],
        person_id: Option<Uuid>,
    ) -> Result<Vec<ViewerRow>> {
        let others = viewers.iter().filter(|v| v.person_id != person_id);
        let ids: Vec<ViewerId> = others.map(|v| v.id).collect();
        let after = viewers.iter().map(|v| ViewerRow { person_id, ..(*v).clone() }).collect();
        if ids.is_empty() {
            return Ok(after);
        }
        let now = self.clock.now();
        self.store.set_person(&ids, person_id, now).await?;
        let who: Vec<_> = viewers.iter().map(|v| format!("{}@{}", v.name, v.source)).collect();
        let kind = if person_id.is_some() { "viewer.joined" } else { "viewer.parted" };
        let event = NewEvent::new(now, kind, "info", serde_json::json!({ "viewers": who }));
        self.store.append_events(&[event]).await?;
        Ok(after)
    }
}

fn named<'a>(all: &'a [ViewerRow], names: &[String]) -> Result<Vec<&'a ViewerRow>> {
    let mut found: Vec<&ViewerRow> = Vec::new();
    for name in names {
        let is = |v: &&ViewerRow| {
            v.id.to_string() == *name
                || name.rsplit_once('@').is_some_and(|(user, source)| {
                    v.source == source && (v.name == user || v.remote_user == user)
                })
        };
        let mut fitting = all.iter().filter(is);
        let viewer = fitting.next().ok_or_else(|| {
            let hint = "`shelfread viewer list` names them, as NAME@SOURCE";
            AppError::Usage(format!("there is no viewer '{name}'; {hint}"))
        })?;
        if fitting.next().is_some() {
            let message = format!("'{name}' names several viewers; name one by its id");
            return Err(AppError::Usage(message));
        }
        if !found.iter().any(|f| f.id == viewer.id) {
            found.push(viewer);
        }
    }
    Ok(found)
}
