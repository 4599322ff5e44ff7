//! Runs: one execution of a sync, recorded whole.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// The text that the database, the API and the command line use.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Reads that text back.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        // Written out because a derive does not see the texts of a macro.
        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($text),+]))
                    .into()
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// How a run stands or ended.
    RunStatus {
        /// At work.
        Running = "running",
        /// Everything was read and applied.
        Succeeded = "succeeded",
        /// Something could not be read or saved; the rest was applied.
        Partial = "partial",
        /// Everything was applied but removals that wait for a person.
        Held = "held",
        /// Nothing could be done, or it broke off.
        Failed = "failed",
        /// A dry run: the plan was shown and nothing written.
        Planned = "planned",
    }
}

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Succeeded, Self::Partial, Self::Held, Self::Failed, Self::Planned];
}

words! {
    /// What started a run.
    Trigger {
        /// A person at the command line or in the UI.
        Manual = "manual",
        /// The schedule.
        Schedule = "schedule",
        /// A webhook.
        Hook = "hook",
        /// A person approved what an earlier run held.
        Approve = "approve",
        /// A person reverted an earlier run.
        Revert = "revert",
    }
}

impl Trigger {
    /// Everything that starts runs.
    pub const ALL: [Self; 5] =
        [Self::Manual, Self::Schedule, Self::Hook, Self::Approve, Self::Revert];
}

words! {
    /// What a run reads.
    RunMode {
        /// Everything; may conclude removals.
        Full = "full",
        /// Only what changed since the last complete run; never concludes a removal.
        Quick = "quick",
        /// Everything, but nothing is written.
        DryRun = "dry_run",
        /// Single items that a webhook named; never concludes a removal.
        Targeted = "targeted",
    }
}

words! {
    /// What a run may do to items that are known already.
    Existing {
        /// Facts follow the source.
        Update = "update",
        /// Only what is NULL is filled.
        Fill = "fill",
        /// Only new items are added.
        Skip = "skip",
    }
}

/// What a run did, in items (seasons and episodes counted; a removed show counts whole), but
/// `relinked`, which counts listings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Counts {
    /// Observed.
    pub seen: u64,
    /// New.
    pub added: u64,
    /// Known and changed.
    pub updated: u64,
    /// Listings whose remote id changed.
    pub relinked: u64,
    /// Known and as before.
    pub unchanged: u64,
    /// Marked missing by this run.
    pub missing: u64,
    /// Removed.
    pub removed: u64,
    /// Would be removed, but wait for a person.
    pub held: u64,
    /// Contradictions recorded for review.
    pub conflicts: u64,
    /// Could not be read or saved.
    pub failed: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, o: Self) {
        self.seen += o.seen;
        self.added += o.added;
        self.updated += o.updated;
        self.relinked += o.relinked;
        self.unchanged += o.unchanged;
        self.missing += o.missing;
        self.removed += o.removed;
        self.held += o.held;
        self.conflicts += o.conflicts;
        self.failed += o.failed;
    }
}
