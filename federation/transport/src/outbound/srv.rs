//! The order in which SRV targets are tried (RFC 2782, DISC-3).
//!
//! Pure: randomness comes in as a function, so simulation and tests decide every draw.

use super::resolve::SrvTarget;

/// By priority, and within one by a draw weighted by weight (DISC-3).
///
/// `draw(n)` returns a number from 0 to n, both included.
pub(super) fn order(
    mut targets: Vec<SrvTarget>,
    mut draw: impl FnMut(u32) -> u32,
) -> Vec<SrvTarget> {
    // Records of weight 0 come first, which is what gives them their small chance.
    targets.sort_by_key(|t| (t.priority, t.weight));
    let mut ordered = Vec::with_capacity(targets.len());
    while let Some(first) = targets.first() {
        let same = targets.iter().take_while(|t| t.priority == first.priority);
        let weights: Vec<u32> = same.map(|t| u32::from(t.weight)).collect();
        let chosen = choose(&weights, draw(weights.iter().sum()));
        ordered.push(targets.remove(chosen));
    }
    ordered
}

/// The first whose running sum reaches the number drawn.
fn choose(weights: &[u32], drawn: u32) -> usize {
    let mut sum = 0;
    weights
        .iter()
        .position(|weight| {
            sum += weight;
            sum >= drawn
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{SrvTarget, order};

    fn target(priority: u16, weight: u16, target: &str) -> SrvTarget {
        SrvTarget {
            priority,
            weight,
            port: 443,
            target: target.into(),
        }
    }

    fn names(targets: Vec<SrvTarget>, draw: impl FnMut(u32) -> u32) -> Vec<String> {
        order(targets, draw).into_iter().map(|t| t.target).collect()
    }

    #[test]
    fn a_lower_priority_always_comes_first() {
        // DISC-3
        let targets = vec![
            target(20, 65_535, "b"),
            target(10, 0, "a"),
            target(30, 1, "c"),
        ];
        assert_eq!(names(targets, |sum| sum), ["a", "b", "c"]);
    }

    #[test]
    fn weight_decides_within_a_priority() {
        // DISC-3
        let targets = vec![
            target(1, 70, "heavy"),
            target(1, 30, "light"),
            target(1, 0, "zero"),
        ];
        assert_eq!(names(targets.clone(), |_| 0), ["zero", "light", "heavy"]);
        assert_eq!(
            names(targets.clone(), |sum| sum),
            ["heavy", "light", "zero"]
        );
        assert_eq!(
            names(targets, |sum| sum.min(31)),
            ["heavy", "light", "zero"]
        );
    }

    #[test]
    fn over_all_draws_the_share_of_first_place_follows_the_weight() {
        // DISC-3
        let targets = vec![target(1, 3, "three"), target(1, 1, "one")];
        let first = |drawn| names(targets.clone(), |sum| sum.min(drawn)).swap_remove(0);
        let firsts: Vec<String> = (1..=4).map(first).collect();
        assert_eq!(firsts, ["one", "three", "three", "three"]);
    }
}
