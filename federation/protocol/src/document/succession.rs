//! Successions: a root's signed word for the root that follows it (DOC-10, DOC-11).
//!
//! A server that changes its root lists, in its document, the word of each former root for the
//! next. Whoever knows a former root is led to the one of today and needs nobody else's word; a
//! group that names a former root follows by a commit that carries the same words (ADM-14).

use serde::{Deserialize, Serialize};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};

use crate::encoding::encode;
use crate::limits::SUCCESSIONS_MAX;
use crate::name::ServerName;
use crate::signing::{Label, PrivateKey, PublicKey, Signature};

/// A former root's word for its successor.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TlsSize, TlsSerialize, TlsDeserializeBytes,
)]
pub struct Succession {
    /// The root that goes.
    pub former: PublicKey,
    /// The root that follows it.
    pub root: PublicKey,
    /// By the root that goes, over server and both keys.
    pub signature: Signature,
}

/// What a former root signs.
#[derive(TlsSize, TlsSerialize)]
struct SignedFields {
    server: VLBytes,
    former: PublicKey,
    root: PublicKey,
}

impl Succession {
    /// The word of `former` for `root`, as roots of `server` (DOC-10).
    pub fn sign(server: &ServerName, former: &PrivateKey, root: PublicKey) -> Self {
        let bytes = signed_bytes(server, former.public(), root);
        Self {
            former: former.public(),
            root,
            signature: former.sign(Label::SUCCESSION, &[&bytes]),
        }
    }

    /// Whether the former root signed it for `server`.
    fn holds(&self, server: &ServerName) -> bool {
        let bytes = signed_bytes(server, self.former, self.root);
        self.former
            .verifies(Label::SUCCESSION, &[&bytes], &self.signature)
    }
}

fn signed_bytes(server: &ServerName, former: PublicKey, root: PublicKey) -> Vec<u8> {
    encode(&SignedFields {
        server: VLBytes::new(server.as_str().into()),
        former,
        root,
    })
}

/// Whether `chain` leads from one root to the next without a gap, at most 8 steps, no root twice,
/// each step signed (DOC-10). An empty chain holds.
pub fn chain_holds(server: &ServerName, chain: &[Succession]) -> bool {
    let joined = chain.windows(2).all(|pair| match pair {
        [one, next] => one.root == next.former,
        _ => false,
    });
    let mut roots: Vec<_> = chain.iter().map(|step| step.former).collect();
    roots.extend(chain.last().map(|step| step.root));
    let named = roots.len();
    roots.sort_unstable();
    roots.dedup();
    chain.len() <= SUCCESSIONS_MAX
        && joined
        && roots.len() == named
        && chain.iter().all(|step| step.holds(server))
}

/// Whether `chain` holds and leads from root `from` to root `to` (ADM-14).
pub fn chain_leads(
    server: &ServerName,
    chain: &[Succession],
    from: &PublicKey,
    to: &PublicKey,
) -> bool {
    chain.first().is_some_and(|step| step.former == *from)
        && chain.last().is_some_and(|step| step.root == *to)
        && chain_holds(server, chain)
}

/// The steps of `chain` from root `from` on; empty where it does not pass there.
pub fn steps_from<'a>(chain: &'a [Succession], from: &PublicKey) -> &'a [Succession] {
    let at = chain.iter().position(|step| step.former == *from);
    at.and_then(|at| chain.get(at..)).unwrap_or_default()
}
