//! Fields that a person corrects, and settings. Knows what fits a field; what an item shows then is
//! the heart's word.

use futures::future::BoxFuture;
use shelfread_domain::text::{MAX_OVERVIEW, MAX_PATH, MAX_TITLE, bounded};
use shelfread_domain::{Field, Fields, ItemId, Known, SettingsRecord};
use shelfread_reconcile::correct::{self, Wish};

use super::{Concerned, Correction, refused};
use crate::App;
use crate::error::{AppError, Result};

/// What a person wants done with an item. Absent stays as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SettingsChange {
    /// Download new episodes or a better file by itself.
    pub auto_download: Option<bool>,
    /// What became of that; an empty text takes the status away.
    pub status: Option<String>,
}

impl App {
    /// Sets, clears and resets fields of an item, at once.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Usage`] or [`AppError::Field`] for a value that does not
    /// fit, a field that every item has and nobody may clear, or a field that is named twice;
    /// [`AppError::Changed`]; what the database says. Nothing was changed then.
    pub fn correct_fields<'a>(
        &'a self,
        item: ItemId,
        wishes: &'a [(Field, Wish)],
    ) -> BoxFuture<'a, Result<Correction>> {
        Box::pin(async move {
            let wishes = checked(wishes)?;
            let plan = |known: &mut _, _| correct::set(known, item, &wishes).map_err(refused);
            let done = self.correct(&Concerned::items(&[item]), plan).await?;
            Ok(Correction { item: Some(item), ..done })
        })
    }

    /// Sets what a person wants done with an item.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Usage`] when nothing is to be set; [`AppError::Changed`];
    /// what the database says.
    pub fn change_settings<'a>(
        &'a self,
        item: ItemId,
        change: &'a SettingsChange,
    ) -> BoxFuture<'a, Result<Correction>> {
        Box::pin(async move {
            if *change == SettingsChange::default() {
                let message = "nothing to set: give --auto-download on|off or --status TEXT";
                return Err(AppError::Usage(message.to_owned()));
            }
            let plan = |known: &mut Known, _| {
                let nothing = SettingsRecord {
                    item_id: item,
                    auto_download: false,
                    status: None,
                    downloaded_at: None,
                    extra: None,
                };
                let before = known.settings(item).cloned().unwrap_or(nothing);
                let status = change.status.as_deref();
                let after = SettingsRecord {
                    auto_download: change.auto_download.unwrap_or(before.auto_download),
                    status: status.map_or(before.status, |text| bounded(text, MAX_TITLE)),
                    ..before
                };
                correct::settings(known, after).map_err(refused)
            };
            let done = self.correct(&Concerned::items(&[item]), plan).await?;
            Ok(Correction { item: Some(item), ..done })
        })
    }
}

/// The wishes with their values as they are kept.
fn checked(wishes: &[(Field, Wish)]) -> Result<Vec<(Field, Wish)>> {
    let mut all: Vec<(Field, Wish)> = Vec::with_capacity(wishes.len());
    for (field, wish) in wishes {
        if all.iter().any(|(known, _)| known == field) {
            return Err(AppError::Usage(format!("{field} is named twice")));
        }
        let wish = match wish {
            Wish::Value(text) => Wish::Value(value_of(*field, text)?),
            Wish::Nothing if matches!(field, Field::Title | Field::SortTitle) => {
                let message = format!(
                    "every item has a {field}: set another one, or let the sources say it again \
                     (`shelfread item clear ID {field} --reset`)"
                );
                return Err(AppError::Usage(message));
            }
            other => other.clone(),
        };
        all.push((*field, wish));
    }
    Ok(all)
}

/// A value that a person gave for a field, in the form in which it is kept.
///
/// # Errors
/// When it does not fit.
pub fn value_of(field: Field, text: &str) -> Result<String> {
    let misfit = |why: &str| AppError::Usage(format!("'{text}' does not fit {field}: {why}"));
    let (max, is_text) = match field {
        Field::Title | Field::SortTitle => (MAX_TITLE, true),
        Field::Overview => (MAX_OVERVIEW, true),
        Field::PosterUrl => (MAX_PATH, true),
        Field::Year | Field::AirDate | Field::RuntimeSeconds => (MAX_TITLE, false),
    };
    if text.len() > max {
        return Err(AppError::Usage(format!("the {field} is longer than {max} bytes")));
    }
    let Some(text) = bounded(text, max) else {
        let message = format!("no value for {field}; `shelfread item clear ID {field}` clears it");
        return Err(AppError::Usage(message));
    };
    let mut fields = Fields::default();
    fields.set(field, Some(&text))?;
    if fields.runtime_seconds.is_some_and(|seconds| seconds < 0) {
        return Err(misfit("a whole number of seconds"));
    }
    let is_address = |url: &str| ["http://", "https://", "/"].iter().any(|s| url.starts_with(s));
    if fields.poster_url.as_deref().is_some_and(|url| !is_address(url)) {
        return Err(misfit("an address that begins with http://, https:// or /"));
    }
    let kept = fields.get(field).filter(|_| !is_text);
    Ok(kept.unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_in_one_form() {
        for (field, given, kept) in [
            (Field::Title, "  Heat ", "Heat"),
            (Field::Year, "01995", "1995"),
            (Field::AirDate, "1995-12-15", "1995-12-15"),
            (Field::RuntimeSeconds, "0", "0"),
            (Field::PosterUrl, "https://h/p.jpg", "https://h/p.jpg"),
        ] {
            assert_eq!(value_of(field, given).unwrap(), kept);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let long = "x".repeat(MAX_TITLE + 1);
        for (field, text) in [
            (Field::Title, "  "),
            (Field::Title, long.as_str()),
            (Field::Year, "soon"),
            (Field::Year, "3000"),
            (Field::AirDate, "1995-13-01"),
            (Field::RuntimeSeconds, "-1"),
            (Field::PosterUrl, "javascript:alert(1)"),
        ] {
            let error = value_of(field, text).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{field}={text}");
        }
        let twice = [(Field::Year, Wish::Nothing), (Field::Year, Wish::Sources)];
        assert!(checked(&twice).is_err());
        assert!(checked(&[(Field::Title, Wish::Nothing)]).is_err());
    }
}
