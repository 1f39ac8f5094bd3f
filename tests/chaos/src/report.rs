//! What came of it, for people or as JSON.

use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use holm_history::{End, Verdict};
use serde::Serialize;

use crate::args::Args;
use crate::stage::Stage;
use crate::tally::{Counted, Fault};

/// What a server may use under all of this.
const RSS_MIB_CAP: u64 = 512;
const DESCRIPTORS_CAP: u64 = 1_024;

/// What came of it.
#[derive(Serialize)]
pub(crate) struct Report {
    counted: Counted,
    verdict: Verdict,
    converged_ms: u128,
    rss_mib_cap: u64,
    descriptors_cap: u64,
}

impl Report {
    /// Judges the history, and writes it down where everything is kept.
    pub(crate) fn of(stage: &Stage, settled: Duration) -> Self {
        let history = stage.recorder.snapshot();
        let path = stage.folder().join("history.jsonl");
        if let Ok(mut file) = std::fs::File::create(path) {
            for entry in history.entries() {
                let line = serde_json::to_string(entry).unwrap_or_default();
                let _ = writeln!(file, "{line}");
            }
        }
        Self {
            counted: stage.tally.snapshot(),
            verdict: history.judge(End::Settled),
            converged_ms: settled.as_millis(),
            rss_mib_cap: RSS_MIB_CAP,
            descriptors_cap: DESCRIPTORS_CAP,
        }
    }

    /// Whether nothing is wrong, and as much was done as was wanted.
    pub(crate) fn is_sound(&self, args: &Args) -> bool {
        let caps = self.counted.rss_mib_max <= RSS_MIB_CAP
            && self.counted.descriptors_max <= DESCRIPTORS_CAP;
        let spoken = self.verdict.counts.accepted > 0 && self.verdict.counts.deliveries > 0;
        let enough = !args.wanted || self.lacks(args).is_empty();
        self.verdict.is_sound() && self.counted.problems.is_empty() && caps && spoken && enough
    }

    /// Faults of which there were too few.
    fn lacks(&self, args: &Args) -> Vec<String> {
        let minutes = args.duration.as_secs() / 60;
        let faults = |kinds: &[Fault]| -> u64 {
            let count = |kind| self.counted.faults.get(kind).copied().unwrap_or(0);
            kinds.iter().map(count).sum()
        };
        let wanted = [
            ("SIGKILL", faults(&[Fault::Sigkill]), 50 * minutes),
            (
                "partitions",
                faults(&[Fault::Partition, Fault::PartitionOneWay]),
                10 * minutes,
            ),
            ("ENOSPC", faults(&[Fault::Enospc]), 1),
            ("EIO", faults(&[Fault::FsyncEio]), 1),
            ("clock skew", faults(&[Fault::ClockSkew]), 1),
        ];
        let lacking = wanted.into_iter().filter(|(_, found, least)| found < least);
        let words = lacking.map(|(name, found, least)| format!("{name}: {found} of {least}"));
        words.collect()
    }

    /// Tells it on standard output.
    pub(crate) fn tell(&self, args: &Args) {
        let text = match args.json {
            true => serde_json::to_string(&self.with_verdict(args)).unwrap_or_default(),
            false => self.text(args),
        };
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    fn with_verdict(&self, args: &Args) -> serde_json::Value {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        value["seed"] = args.seed.into();
        value["seconds"] = args.duration.as_secs().into();
        value["sound"] = self.is_sound(args).into();
        value["too_few"] = self.lacks(args).into();
        value
    }

    fn text(&self, args: &Args) -> String {
        let (counted, counts) = (&self.counted, &self.verdict.counts);
        let mut text = format!("seed {}, {} s\n", args.seed, args.duration.as_secs());
        for (fault, count) in &counted.faults {
            let _ = writeln!(text, "  {fault:?}: {count}");
        }
        for why in &counted.impossible {
            let _ = writeln!(text, "  not possible here: {why}");
        }
        let _ = writeln!(
            text,
            "{} messages in {} rooms, {} accepted, {} refused, {} unanswered; {} deliveries, {} commits\n\
             accepted within {} ms (median) and {} ms (longest), delivered within {} and {}\n\
             servers started again {} times, {} of them after a disk that failed\n\
             memory of a server at most {} MiB (cap {RSS_MIB_CAP}), descriptors {} (cap {DESCRIPTORS_CAP})\n\
             everybody had everything {} ms after healing",
            counts.messages,
            counts.rooms,
            counts.accepted,
            counts.refused,
            counts.unanswered,
            counts.deliveries,
            counts.commits,
            self.verdict.accepted.p50_ms,
            self.verdict.accepted.max_ms,
            self.verdict.delivered.p50_ms,
            self.verdict.delivered.max_ms,
            counted.restarts,
            counted.fail_stops,
            counted.rss_mib_max,
            counted.descriptors_max,
            self.converged_ms,
        );
        for problem in &counted.problems {
            let _ = writeln!(text, "PROBLEM: {problem}");
        }
        for anomaly in &self.verdict.anomalies {
            let _ = writeln!(text, "ANOMALY: {anomaly}");
        }
        if args.wanted {
            for lack in self.lacks(args) {
                let _ = writeln!(text, "TOO FEW: {lack}");
            }
        }
        let count = self.verdict.anomalies.len();
        match self.is_sound(args) {
            true => text + "0 anomalies",
            false => format!("{text}{count} anomalies; not sound\n  {}", args.again()),
        }
    }
}

#[cfg(test)]
mod tests {
    use holm_history::{Counts, Latency};

    use super::*;

    fn report() -> Report {
        Report {
            counted: Counted {
                rss_mib_max: 80,
                descriptors_max: 90,
                ..Counted::default()
            },
            verdict: Verdict {
                anomalies: Vec::new(),
                counts: Counts {
                    accepted: 10,
                    deliveries: 100,
                    ..Counts::default()
                },
                accepted: Latency::default(),
                delivered: Latency::default(),
            },
            converged_ms: 0,
            rss_mib_cap: RSS_MIB_CAP,
            descriptors_cap: DESCRIPTORS_CAP,
        }
    }

    fn args(words: &str) -> Args {
        let words = words.split_whitespace().map(str::to_owned);
        Args::read(words).unwrap()
    }

    #[test]
    fn a_run_with_a_problem_over_a_cap_or_of_nothing_is_not_sound() {
        let args = args("--minutes 1");
        assert!(report().is_sound(&args));
        let changed = |change: fn(&mut Report)| {
            let mut report = report();
            change(&mut report);
            report.is_sound(&args)
        };
        assert!(!changed(|r| r
            .counted
            .problems
            .push("a server died".to_owned())));
        assert!(!changed(|r| r.counted.rss_mib_max = RSS_MIB_CAP + 1));
        assert!(!changed(|r| r.counted.descriptors_max = DESCRIPTORS_CAP + 1));
        assert!(!changed(|r| r.verdict.counts.unrecorded = 1));
        assert!(!changed(|r| r.verdict.counts.deliveries = 0));
    }

    #[test]
    fn where_a_number_of_faults_is_wanted_too_few_are_not_enough() {
        let wanted = args("--minutes 2 --wanted");
        let mut report = report();
        assert!(!report.is_sound(&wanted));
        for (fault, count) in [
            (Fault::Sigkill, 100),
            (Fault::Partition, 15),
            (Fault::PartitionOneWay, 5),
            (Fault::Enospc, 1),
            (Fault::FsyncEio, 1),
            (Fault::ClockSkew, 1),
        ] {
            report.counted.faults.insert(fault, count);
        }
        assert!(report.is_sound(&wanted));
        report.counted.faults.insert(Fault::Sigkill, 99);
        assert_eq!(report.lacks(&wanted), ["SIGKILL: 99 of 100"]);
    }
}
