//! One JSON line a measurement on standard output, and its verdict where a floor is asked for.

use std::io::Write;

use serde_json::Value;

use crate::args::Args;

/// What a figure is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Floor {
    /// At least so much.
    AtLeast(&'static str, f64),
    /// At most so much.
    AtMost(&'static str, f64),
    /// At most so much of one figure, or so much of the other.
    Either([(&'static str, f64); 2]),
    /// Nothing.
    None,
}

/// What must not happen under any load.
pub(crate) const WRONG: [&str; 4] = [
    "lost",
    "not_acknowledged",
    "out_of_order_or_twice",
    "errors",
];

/// Writes the line. With `--floor` it says PASS or BELOW; a timing is no test and fails nothing.
///
/// # Panics
/// Where messages were lost, refused or out of their order.
pub(crate) fn tell(args: &Args, mut line: Value, floor: Floor) {
    line["loadavg"] = load_average().into();
    if let Some((figure, met, words)) = judge(&line, floor).filter(|_| args.floor) {
        let verdict = if met { "PASS" } else { "BELOW" };
        eprintln!("{verdict}: {figure}, wanted {words}");
        line["floor"] = words.into();
        line["verdict"] = verdict.into();
    }
    writeln!(std::io::stdout(), "{line}").expect("standard output is open");
    for what in WRONG {
        let count = line[what].as_u64().unwrap_or(0);
        assert_eq!(count, 0, "{what} under load");
    }
}

fn judge(line: &Value, floor: Floor) -> Option<(String, bool, String)> {
    let (key, bound, least) = match floor {
        Floor::Either(both) => {
            let judged = both.map(|(key, bound)| judge(line, Floor::AtMost(key, bound)));
            let [Some((one, met, words)), Some((other, met_too, words_too))] = judged else {
                return None;
            };
            let (found, words) = (
                format!("{one}, {other}"),
                format!("{words}, or {words_too}"),
            );
            return Some((found, met || met_too, words));
        }
        Floor::AtLeast(key, bound) => (key, bound, true),
        Floor::AtMost(key, bound) => (key, bound, false),
        Floor::None => return None,
    };
    let found = line[key].as_f64()?;
    let met = if least {
        found >= bound
    } else {
        found <= bound
    };
    let words = if least { "at least" } else { "at most" };
    Some((format!("{key} is {found}"), met, format!("{words} {bound}")))
}

/// Runnable processes on average over the last minute.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_at_its_floor_meets_it_and_one_beyond_does_not() {
        let met = |found: f64, floor| judge(&serde_json::json!({ "x": found }), floor).unwrap().1;
        assert!(met(10.0, Floor::AtLeast("x", 10.0)));
        assert!(!met(9.9, Floor::AtLeast("x", 10.0)));
        assert!(met(20.0, Floor::AtMost("x", 20.0)));
        assert!(!met(20.1, Floor::AtMost("x", 20.0)));
        let either = |x| Floor::Either([("x", x), ("x", 5.0)]);
        assert!(met(20.0, either(20.0)));
        assert!(!met(20.1, either(20.0)));
    }
}
