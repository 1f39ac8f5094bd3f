//! Documents under a root that former ones lead to (DOC-10, DOC-11).

use holm_protocol::PrivateKey;
use holm_protocol::document::Succession;
use serde_json::{Value, json};

use super::{ROOT, document, hex, of, with};
use crate::fixtures::{islet, key, skerry};

/// The cases.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn successions() -> Vec<Value> {
    let (first, second) = (key("first root of islet"), key("second root of islet"));
    let own = key(ROOT);
    let step =
        |former: &PrivateKey, root: &PrivateKey| Succession::sign(&islet(), former, root.public());
    let chain = [step(&first, &second), step(&second, &own)];
    let with_steps = |name: &str, steps: &[Succession], verdict: &str| {
        let mut document = document();
        document.successions = steps.to_vec();
        of(name, &["DOC-10"], &document, verdict)
    };
    let trusting = |name: &str,
                    pin: Option<&PrivateKey>,
                    known: Option<(&PrivateKey, u64)>,
                    verdict: &str| {
        let known =
            known.map(|(root, serial)| json!({ "root": hex(root.public().0), "serial": serial }));
        let trust = json!({ "pin": pin.map(|p| hex(p.public().0)), "known": known, "requirements": ["DOC-11"] });
        with(with_steps(name, &chain, verdict), &trust)
    };
    let elsewhere = Succession::sign(&skerry(), &second, own.public());
    let mut long: Vec<_> = (0..9_u8)
        .map(|n| key(&format!("root {n} of islet")))
        .collect();
    long.push(own.clone());
    let long: Vec<_> = long.windows(2).map(|w| step(&w[0], &w[1])).collect();
    vec![
        with_steps("two successions", &chain, "valid"),
        with_steps("a succession to another root", &chain[..1], "malformed"),
        with_steps(
            "successions with a gap",
            &[step(&first, &key("x")), chain[1].clone()],
            "malformed",
        ),
        with_steps(
            "a succession signed for another server",
            &[elsewhere],
            "malformed",
        ),
        with_steps(
            "a root that follows itself",
            &[step(&own, &own)],
            "malformed",
        ),
        with_steps("eight successions", &long[1..], "valid"),
        with_steps("nine successions", &long, "malformed"),
        trusting(
            "a known root that leads to it",
            None,
            Some((&first, 6)),
            "valid",
        ),
        trusting(
            "known, and a lower serial after a succession",
            None,
            Some((&first, 8)),
            "serial",
        ),
        trusting("a pin that leads to it", Some(&second), None, "valid"),
        trusting(
            "a former root pinned, another known",
            Some(&first),
            Some((&key("x"), 6)),
            "root",
        ),
        trusting(
            "a root known that nothing leads on from",
            None,
            Some((&key("x"), 6)),
            "root",
        ),
    ]
}
