//! Table `events`: one line of history.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub seq: i64,
    pub at: DateTimeUtc,
    pub kind: String,
    pub severity: String,
    pub item_id: Option<Uuid>,
    pub source_id: Option<Uuid>,
    pub library_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
    pub download_id: Option<Uuid>,
    pub run_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary")]
    pub data: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
