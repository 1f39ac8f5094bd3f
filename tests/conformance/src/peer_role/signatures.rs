//! Requests whose signature is not the profile's (SIG-3 to SIG-10), as a table says
//! (`cases/peer/signatures.toml`): what is changed before or after signing, and the refusal.

use serde::Deserialize;

use super::draft::{Draft, Edit};
use super::homeserver::Homeserver;
use super::plan::{Plan, plan};
use super::verdict::refused;

/// A table of cases.
#[derive(Deserialize)]
struct Table {
    case: Vec<Row>,
}

/// One case: a correct request of a correct peer with these changes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    id: String,
    title: String,
    cites: String,
    /// Status of the answer.
    status: u16,
    /// Code of the refusal; empty where it is taken.
    code: String,
    #[serde(flatten)]
    before: Before,
    /// Header left out after signing.
    remove: Vec<String>,
    /// Headers that stand twice.
    double: Vec<String>,
    /// Headers more after signing.
    add: Vec<(String, String)>,
    /// Headers with another value after signing.
    set: Vec<(String, String)>,
    /// Header, text in it, and what it becomes after signing.
    replace: Vec<(String, String, String)>,
    /// Another body after signing.
    body_after: Option<String>,
    /// Another path and query after signing.
    target_after: Option<String>,
    /// Another method after signing.
    method_after: Option<String>,
}

/// What is changed before it is signed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Before {
    method: Option<String>,
    target: Option<String>,
    body: Option<String>,
    origin: Option<String>,
    destination: Option<String>,
    key_id: Option<String>,
    /// Signed with a key that no document lists, with the room key, or with the root key.
    key: Option<String>,
    /// Seconds off the clock.
    created: Option<i64>,
    components: Option<Vec<String>>,
    divider: Option<String>,
    parameters: Option<String>,
    label: Option<String>,
    digest: Option<String>,
    signature: Option<String>,
    flip: Option<usize>,
    headers: Option<Vec<(String, String)>>,
}

/// All of them.
pub(crate) fn plans() -> Result<Vec<Plan>, String> {
    let text = include_str!("../../cases/peer/signatures.toml");
    let table: Table = toml::from_str(text).map_err(|e| format!("signatures.toml: {e}"))?;
    Ok(table.case.into_iter().map(row).collect())
}

fn row(row: Row) -> Plan {
    let id = format!("signature.{}", row.id);
    plan(id, row.title.clone(), row.cites.clone(), move |stage| {
        let row = row.clone();
        async move {
            let peer = stage.peer().await?;
            let draft = row.draft(&peer);
            let answer = peer.send(&draft).await?;
            match row.code.as_str() {
                "" => answer.expect_good(),
                code => refused(&answer, row.status, code).map(drop),
            }?;
            // Whoever was refused is taken when it does what the spec says.
            peer.is_taken().await
        }
    })
}

impl Row {
    fn draft(&self, peer: &Homeserver) -> Draft {
        let mut draft = peer.greeting();
        self.before.change(&mut draft, peer);
        let own = |text: &String| {
            let text = text.replace("{origin}", peer.name.as_str());
            text.replace("{target}", &peer.target)
        };
        let mut edits = Vec::new();
        edits.extend(
            self.replace
                .iter()
                .map(|(name, from, to)| Edit::Replace(name.clone(), own(from), own(to))),
        );
        edits.extend(
            self.set
                .iter()
                .map(|(name, to)| Edit::Set(name.clone(), own(to))),
        );
        edits.extend(self.double.iter().cloned().map(Edit::Double));
        edits.extend(self.remove.iter().cloned().map(Edit::Remove));
        let add =
            |(name, value): &(String, String)| Edit::Add(name.clone(), own(value).into_bytes());
        edits.extend(self.add.iter().map(add));
        edits.extend(self.body_after.clone().map(|b| Edit::Body(b.into_bytes())));
        edits.extend(self.target_after.clone().map(Edit::Target));
        edits.extend(self.method_after.clone().map(Edit::Method));
        edits.into_iter().fold(draft, Draft::then)
    }
}

impl Before {
    fn change(&self, draft: &mut Draft, peer: &Homeserver) {
        fn put<T: Clone>(place: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                place.clone_from(value);
            }
        }
        put(&mut draft.method, self.method.as_ref());
        put(&mut draft.target, self.target.as_ref());
        let origin = self
            .origin
            .as_ref()
            .map(|o| o.replace("{target}", &peer.target));
        put(&mut draft.origin, origin.as_ref());
        put(&mut draft.destination, self.destination.as_ref());
        put(&mut draft.key_id, self.key_id.as_ref());
        put(&mut draft.components, self.components.as_ref());
        put(&mut draft.divider, self.divider.as_ref());
        put(&mut draft.parameters, self.parameters.as_ref());
        put(&mut draft.label, self.label.as_ref());
        put(&mut draft.digest, self.digest.as_ref());
        put(&mut draft.signature, self.signature.as_ref());
        draft.flipped = self.flip;
        draft.created += self.created.unwrap_or_default();
        if let Some(body) = &self.body {
            draft.body = body.clone().into_bytes();
        }
        for (name, value) in self.headers.iter().flatten() {
            draft
                .headers
                .push((name.clone(), value.clone().into_bytes()));
        }
        match self.key.as_deref() {
            Some("room") => draft.key = peer.room_key.clone(),
            Some("root") => draft.key = peer.root.clone(),
            Some(_) => {
                draft.key = holm_protocol::PrivateKey::from_seed(&crate::chance::random());
            }
            None => {}
        }
    }
}
