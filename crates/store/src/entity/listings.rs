//! Table `listings`: what one library says of one item.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "listings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub library_id: Uuid,
    pub remote_id: String,
    pub part: i32,
    pub kind: String,
    pub parent_remote_id: Option<String>,
    pub item_id: Option<Uuid>,
    pub match_basis: String,
    pub fingerprint: i64,
    pub file_key: Option<i64>,
    pub moved_key: Option<i64>,
    pub missing_since: Option<DateTimeUtc>,
    pub kept_since: Option<DateTimeUtc>,
    pub created_run_id: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub review: Option<Json>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub play: Option<Json>,
    #[sea_orm(column_type = "JsonBinary")]
    pub facts: Json,
    pub standing: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
