//! Servers ended at whatever point they are.

use std::time::Duration;

use super::Nemesis;
use crate::Failure;
use crate::draws::Draws;
use crate::tally::Fault;

/// After a storm of kills there is some quiet, so that there is always something new to break.
const STORM: u64 = 24;
const QUIET: (u64, u64) = (1_000, 3_000);

/// Kills one after another.
pub(super) async fn run(nemesis: &Nemesis<'_>, mut draws: Draws) -> Result<(), Failure> {
    let mut left = STORM;
    while nemesis.pause(&mut draws, 150, 850).await {
        let server = nemesis.server(&mut draws);
        let stay_down = match draws.percent(15) {
            true => draws.millis(500, 4_000),
            false => draws.millis(0, 50),
        };
        if server.kill(stay_down).await? {
            nemesis.count(Fault::Sigkill);
            left -= 1;
        }
        if left == 0 {
            left = 1 + draws.below(STORM);
            nemesis.last(draws.millis(QUIET.0, QUIET.1)).await;
        }
    }
    // The last one is not left down longer than it takes to come back.
    nemesis.last(Duration::ZERO).await;
    Ok(())
}
