//! Two clocks.

use holm_protocol::limits::CLOCK_SKEW_MS_MAX;

use super::super::finding::{Check, Finding};
use crate::operator::command::since::span;

/// Below this nobody has to do anything.
const NOTED_MS: u64 = 30_000;

/// The other side's clock showed `theirs` at some moment between the two of `between`, to
/// `grain_ms`.
pub(in super::super) fn clock(
    whose: &str,
    theirs: u64,
    between: (u64, u64),
    grain_ms: u64,
) -> Finding {
    let ahead = theirs.saturating_sub(between.1);
    let behind = between.0.saturating_sub(theirs.saturating_add(grain_ms));
    let (off, direction) = match ahead > behind {
        true => (ahead, "ahead of"),
        false => (behind, "behind"),
    };
    let saw = format!("{whose} clock is {} {direction} the one here", span(off));
    let fix = "let both machines take their time from NTP (timedatectl set-ntp true); which of \
               the two is off, a third clock tells";
    if off > CLOCK_SKEW_MS_MAX {
        let saw = format!("{saw}; past five minutes requests are refused");
        Finding::fail(Check::Clock, saw, fix)
    } else if off > NOTED_MS {
        Finding::warn(Check::Clock, saw, fix)
    } else {
        Finding::ok(
            Check::Clock,
            format!("{whose} clock agrees with the one here"),
        )
    }
}
