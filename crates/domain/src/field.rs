//! The fields of an item that sources and persons have a say in.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The values of an item's fields, all optional.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Fields {
    /// Title as shown.
    pub title: Option<String>,
    /// Title to sort by.
    pub sort_title: Option<String>,
    /// Description.
    pub overview: Option<String>,
    /// Year of release or of the first episode.
    pub year: Option<i32>,
    /// Day of release or of airing.
    pub air_date: Option<NaiveDate>,
    /// Length in seconds.
    pub runtime_seconds: Option<i64>,
    /// Address of the poster.
    pub poster_url: Option<String>,
}

/// The name of one field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `title`
    Title,
    /// `sort_title`
    SortTitle,
    /// `overview`
    Overview,
    /// `year`
    Year,
    /// `air_date`, as `YYYY-MM-DD`
    AirDate,
    /// `runtime_seconds`
    RuntimeSeconds,
    /// `poster_url`
    PosterUrl,
}

/// A person gave a field that does not exist, or a value that does not fit it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FieldError {
    /// There is no such field.
    #[error("'{0}' is no field; fields are {all}", all = Field::names())]
    Unknown(String),
    /// The value does not fit.
    #[error("'{value}' does not fit {field}: {expected}")]
    Value {
        /// Which field.
        field: Field,
        /// What was given.
        value: String,
        /// What would fit.
        expected: &'static str,
    },
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 7] = [
        Self::Title,
        Self::SortTitle,
        Self::Overview,
        Self::Year,
        Self::AirDate,
        Self::RuntimeSeconds,
        Self::PosterUrl,
    ];

    /// The text that the database, the API and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::SortTitle => "sort_title",
            Self::Overview => "overview",
            Self::Year => "year",
            Self::AirDate => "air_date",
            Self::RuntimeSeconds => "runtime_seconds",
            Self::PosterUrl => "poster_url",
        }
    }

    fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Field {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|f| f.as_str() == text);
        found.ok_or_else(|| FieldError::Unknown(text.to_owned()))
    }
}

impl Fields {
    /// The value of one field as text; `None` when it is NULL.
    pub fn get(&self, field: Field) -> Option<String> {
        match field {
            Field::Title => self.title.clone(),
            Field::SortTitle => self.sort_title.clone(),
            Field::Overview => self.overview.clone(),
            Field::Year => self.year.map(|y| y.to_string()),
            Field::AirDate => self.air_date.map(|d| d.to_string()),
            Field::RuntimeSeconds => self.runtime_seconds.map(|s| s.to_string()),
            Field::PosterUrl => self.poster_url.clone(),
        }
    }

    /// Whether one field has a value.
    pub const fn has(&self, field: Field) -> bool {
        match field {
            Field::Title => self.title.is_some(),
            Field::SortTitle => self.sort_title.is_some(),
            Field::Overview => self.overview.is_some(),
            Field::Year => self.year.is_some(),
            Field::AirDate => self.air_date.is_some(),
            Field::RuntimeSeconds => self.runtime_seconds.is_some(),
            Field::PosterUrl => self.poster_url.is_some(),
        }
    }

    /// Sets one field from text; `None` clears it.
    ///
    /// # Errors
    /// When the text does not fit the field; the value is then as before.
    pub fn set(&mut self, field: Field, value: Option<&str>) -> Result<(), FieldError> {
        let misfit = |expected| FieldError::Value {
            field,
            value: value.unwrap_or_default().to_owned(),
            expected,
        };
        let text = value.map(str::to_owned);
        match field {
            Field::Title => self.title = text,
            Field::SortTitle => self.sort_title = text,
            Field::Overview => self.overview = text,
            Field::PosterUrl => self.poster_url = text,
            Field::Year => {
                self.year = parse(value).map_err(|()| misfit("a year such as 1999"))?;
                if self.year.is_some_and(|y| !(1850..=2200).contains(&y)) {
                    return Err(misfit("a year between 1850 and 2200"));
                }
            }
            Field::AirDate => {
                self.air_date = parse(value).map_err(|()| misfit("a date such as 1999-12-31"))?;
            }
            Field::RuntimeSeconds => {
                self.runtime_seconds =
                    parse(value).map_err(|()| misfit("a whole number of seconds"))?;
            }
        }
        Ok(())
    }

    /// The fields whose values differ.
    pub fn differing(&self, other: &Self) -> Vec<Field> {
        Field::ALL.into_iter().filter(|f| self.get(*f) != other.get(*f)).collect()
    }
}

fn parse<T: FromStr>(value: Option<&str>) -> Result<Option<T>, ()> {
    value.map(str::parse).transpose().map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_set_and_read_as_text() {
        let mut fields = Fields::default();
        for (field, text) in [(Field::Title, "Heat"), (Field::Year, "1995")] {
            fields.set(field, Some(text)).unwrap();
            assert_eq!(fields.get(field).as_deref(), Some(text));
            assert!(fields.has(field));
        }
        assert_eq!(fields.differing(&Fields::default()), [Field::Title, Field::Year]);
        assert!(fields.set(Field::Year, Some("soon")).is_err());
        assert!("titel".parse::<Field>().is_err());
    }
}
