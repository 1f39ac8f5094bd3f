//! Messages that a hub takes, and those it refuses (LOG-7, LOG-9, LOG-11 to LOG-15, M17).

mod epochs;
mod forms;
mod repeats;
mod senders;

use crate::client_role::fault::Check;
use crate::client_role::pair::{Pair, pair};
use crate::client_role::plan::Plan;
use crate::client_role::site::Site;
use crate::client_role::wire::Socket;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let groups = [
        repeats::plans(),
        epochs::plans(),
        forms::plans(),
        senders::plans(),
    ];
    groups.into_iter().flatten().collect()
}

/// A pair with Bob's socket.
async fn talking(site: &Site) -> Check<(Pair, Socket)> {
    let pair = pair(site).await?;
    let socket = pair.bob.connected().await?;
    Ok((pair, socket))
}
