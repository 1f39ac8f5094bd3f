//! Devices ended at whatever point they are, and opened again from their databases.

use super::Nemesis;
use crate::Failure;
use crate::draws::Draws;
use crate::tally::Fault;

/// Kills one after another.
pub(super) async fn run(nemesis: &Nemesis<'_>, mut draws: Draws) -> Result<(), Failure> {
    while nemesis.pause(&mut draws, 200, 2_500).await {
        let member = draws.one_of(&nemesis.crew.members);
        member.kill().await?;
        nemesis.count(Fault::DeviceKill);
    }
    Ok(())
}
