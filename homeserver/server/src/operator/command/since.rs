//! Spans of time as people say them.

/// A span of milliseconds: `now`, `12 s`, `3 min`, `2 h`, `5 days`.
pub(crate) fn span(ms: u64) -> String {
    match ms {
        0 => "now".to_owned(),
        1..1_000 => "1 s".to_owned(),
        1_000..120_000 => format!("{} s", ms / 1_000),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} days", ms / 86_400_000),
    }
}

/// How long ago `time_ms` was: `5 s ago`.
pub(crate) fn ago(time_ms: u64, now_ms: u64) -> String {
    format!("{} ago", span(now_ms.saturating_sub(time_ms).max(1)))
}

#[cfg(test)]
mod tests {
    use super::{ago, span};

    #[test]
    fn spans_are_told_in_the_unit_people_would_take() {
        let told = [0, 10, 119_999, 120_000, 7_200_000, 172_800_000].map(span);
        assert_eq!(told, ["now", "1 s", "119 s", "2 min", "2 h", "2 days"]);
        assert_eq!(ago(1_000, 6_000), "5 s ago");
        assert_eq!(ago(6_000, 1_000), "1 s ago");
    }
}
