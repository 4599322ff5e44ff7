//! The scenarios that the engine must get right, on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may just fail")]

mod background;
mod completion;
mod decided;
mod decisions;
mod desk;
mod doctor;
mod downloads;
mod everywhere;
mod history;
mod hooks;
mod identity;
mod keeping;
mod monitor;
mod notify;
mod order;
mod overview;
mod person;
mod play;
mod posters;
mod removal;
mod robustness;
mod schedule;
mod transfer;
mod trouble;

/// Makes each scenario two tests, one per engine.
macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::desk::Desk::sqlite().await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::desk::Desk::postgres().await).await;
            })+
        }
    };
}
pub(crate) use scenarios;
