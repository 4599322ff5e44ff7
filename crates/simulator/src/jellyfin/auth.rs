//! Who asks. Jellyfin wants `Authorization: MediaBrowser Token="…"`; the older forms work until
//! version 12. Emby has a header of its own, and does not know Jellyfin's form.

use super::Talk;
use crate::server::message::{Answer, Request};
use crate::server::running::user_token;
use crate::server::site::Site;

/// Who asks: the API key, which is no user and may do everything, or a user.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Caller {
    Key,
    User { user: usize, admin: bool },
}

impl Caller {
    pub const fn is_admin(self) -> bool {
        matches!(self, Self::Key | Self::User { admin: true, .. })
    }

    /// Only administrators may see what others do.
    pub fn may_see(self, user: usize) -> bool {
        self.is_admin() || matches!(self, Self::User { user: own, .. } if own == user)
    }
}

/// Tells who asks.
pub(crate) fn caller(talk: &Talk, request: &Request, site: &Site) -> Result<Caller, Answer> {
    if request.param("api_key").or_else(|| request.param("ApiKey")).is_some() {
        return Err(Answer::text(400, "a token in the address ends up in logs"));
    }
    let token = token(talk, request).ok_or_else(|| refused(talk))?;
    if token == talk.token {
        return Ok(Caller::Key);
    }
    let user = site.users.iter().position(|u| user_token(&u.name) == token);
    let user = user.ok_or_else(|| refused(talk))?;
    Ok(Caller::User { user, admin: site.users[user].admin })
}

/// Without or with a wrong token.
pub(crate) fn refused(talk: &Talk) -> Answer {
    let body = if talk.product.emby { "Access token is invalid or expired." } else { "" };
    Answer::text(401, body)
}

fn token<'a>(talk: &Talk, request: &'a Request) -> Option<&'a str> {
    let of_scheme = |scheme: &str| {
        let (found, rest) = request.header("authorization")?.split_once(' ')?;
        found.eq_ignore_ascii_case(scheme).then(|| field(rest, "Token"))?
    };
    let old = || {
        let plain =
            request.header("x-emby-token").or_else(|| request.header("x-mediabrowser-token"));
        plain.or_else(|| of_scheme("Emby"))
    };
    match (talk.product.emby, talk.product.takes_old_tokens()) {
        (true, _) => old(),
        (false, true) => of_scheme("MediaBrowser").or_else(old),
        (false, false) => of_scheme("MediaBrowser"),
    }
}

/// The value of `name="value"` in a list with commas.
fn field<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    list.split(',').find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}
