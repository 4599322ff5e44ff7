//! Table `downloads`: one transfer that a download client has now.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "downloads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub client_id: Uuid,
    pub client_download_id: String,
    pub title: String,
    pub state: String,
    pub progress: i32,
    pub size_bytes: Option<i64>,
    pub label: Option<String>,
    pub content_path: Option<String>,
    pub error: Option<String>,
    pub content_key: Option<String>,
    pub origin: String,
    pub pending_op: Option<String>,
    pub pending_since: Option<DateTimeUtc>,
    pub added_at: Option<DateTimeUtc>,
    pub completed_at: Option<DateTimeUtc>,
    pub absent_since: Option<DateTimeUtc>,
    pub absent_count: i32,
    pub unreachable_since: Option<DateTimeUtc>,
    pub match_confidence: Option<i32>,
    pub match_reason: Option<String>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
