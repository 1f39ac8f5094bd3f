//! The endpoints between servers that take a body, each with a usable request
//! (`cases/peer/endpoints.toml`).

use serde::Deserialize;

use super::homeserver::Homeserver;
use super::verdict::refused;
use crate::client_role::fault::Check;
use crate::client_role::wire::{Response, segment};

/// An endpoint with a usable request.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Endpoint {
    /// What it is called in ids of cases.
    pub(crate) name: String,
    path: String,
    body: String,
    /// Members that may be left out.
    #[serde(default)]
    pub(crate) optional: Vec<String>,
    status: u16,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
struct Table {
    endpoint: Vec<Endpoint>,
}

/// A room id and a user name that nobody has.
const NOBODY: &str = "nobody";

/// All of them.
pub(crate) fn endpoints() -> Result<Vec<Endpoint>, String> {
    let text = include_str!("../../cases/peer/endpoints.toml");
    let table: Table = toml::from_str(text).map_err(|e| format!("endpoints.toml: {e}"))?;
    Ok(table.endpoint)
}

impl Endpoint {
    /// Its path, of names that nobody has.
    pub(crate) fn path(&self, peer: &Homeserver) -> String {
        self.path_of(
            &format!("mimi://{}/r/{NOBODY}", peer.target),
            &format!("mimi://{}/u/{NOBODY}", peer.target),
        )
    }

    /// Its path, of a room or a user.
    pub(crate) fn path_of(&self, room: &str, user: &str) -> String {
        let path = self.path.replace("{room}", &segment(room));
        path.replace("{user}", &segment(user))
    }

    /// Whether its path names a room or a user.
    pub(crate) fn is_about(&self) -> bool {
        self.path.ends_with('}')
    }

    /// Its usable body.
    pub(crate) fn body(&self, peer: &Homeserver) -> String {
        let body = self.body.replace("{own_user}", &peer.user("mallory"));
        let body = body.replace("{own_room}", &format!("mimi://{}/r/{NOBODY}", peer.name));
        body.replace("{origin}", peer.name.as_str())
    }

    /// The body as JSON, its names not filled in.
    pub(crate) fn shape(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The answer is the one of the usable request.
    pub(crate) fn as_usable(&self, answer: &Response) -> Check {
        match self.code.as_str() {
            "" => answer.expect_good(),
            code => refused(answer, self.status, code).map(drop),
        }
    }
}
