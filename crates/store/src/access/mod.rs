//! Who may use the server: users, sessions, tokens. It knows hashes and never what they are of,
//! and decides nothing: whether a session still counts, the application says.

mod sessions;
mod tokens;
mod users;

pub use sessions::SessionRow;
pub use tokens::TokenRow;
pub use users::UserRow;

/// Gives an enum its words in the database.
macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// All of them, the least first.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word for people, programs and the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads that word back.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|known| known.as_str() == text)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// What a user may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Look at everything but secrets and who may use the server.
    Reader,
    /// Everything.
    Admin,
}

words!(Role { Reader = "reader", Admin = "admin" });

/// What a token may do; each includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Scope {
    /// Look at everything but secrets and who may use the server.
    Read,
    /// Change the catalogue, its sources and downloads.
    Write,
    /// Everything, users and tokens too.
    Admin,
}

words!(Scope { Read = "read", Write = "write", Admin = "admin" });
