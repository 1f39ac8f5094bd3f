//! An IRC log as it is found in public archives, read into speakers and lines.
//!
//! `[HH:MM] <nick> text` is a line, `[HH:MM]  * nick action` one that is sent as `* action`, and
//! `=== …` (joins, leaves, renames) is left out. Nicks hold spaces and brackets and differ by case
//! alone, so they are compared as they stand.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

/// A parsed log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Nicks in order of appearance.
    pub speakers: Vec<String>,
    /// What was said, in order.
    pub lines: Vec<Line>,
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Index into the speakers.
    pub speaker: usize,
    /// What was said; an action begins with `* `.
    pub text: String,
}

/// A line that is none of the three forms.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "line {number}: neither `[HH:MM] <nick> text` nor `[HH:MM] * nick action` nor `=== …`: {text:?}"
)]
pub struct LogError {
    /// Number of the line, from 1.
    pub number: usize,
    /// The line.
    pub text: String,
}

impl Log {
    /// Reads a whole log.
    pub fn parse(text: &str) -> Result<Self, LogError> {
        let mut log = Self::default();
        let mut indexes = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with("===") {
                continue;
            }
            let (nick, text) = parse_line(line).ok_or_else(|| LogError {
                number: index + 1,
                text: line.to_owned(),
            })?;
            let speaker = *indexes.entry(nick.to_owned()).or_insert_with(|| {
                log.speakers.push(nick.to_owned());
                log.speakers.len() - 1
            });
            log.lines.push(Line { speaker, text });
        }
        Ok(log)
    }
}

/// Nick and text of a line.
fn parse_line(line: &str) -> Option<(&str, String)> {
    let (time, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let clock = time.len() == 5
        && time.bytes().enumerate().all(|(i, b)| match i {
            2 => b == b':',
            _ => b.is_ascii_digit(),
        });
    if !clock {
        return None;
    }
    if let Some(said) = rest.strip_prefix('<') {
        let (nick, text) = said
            .split_once("> ")
            .or_else(|| Some((said.strip_suffix('>')?, "")))?;
        return Some((nick, text.to_owned()));
    }
    let action = rest.trim_start().strip_prefix("* ")?;
    let (nick, text) = action.split_once(' ').unwrap_or((action, ""));
    Some((nick, format!("* {text}")))
}

/// A line as a log has it, without its time.
pub(super) struct Shown<'a> {
    /// The speaker's nick.
    pub nick: &'a str,
    /// What was said.
    pub text: &'a str,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.strip_prefix("* ") {
            Some(action) => write!(f, " * {} {action}", self.nick),
            None => write!(f, "<{}> {}", self.nick, self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "\
=== cob [n=cob@host] has joined #islet
[14:03] <ann> good morning
[14:03] <Ann> I am somebody else
[14:04] <brad[] > who? me > you
[14:04]  * ann waves
[14:05] * cob waves back
=== cob is now known as bob
[14:06] <[mandrix]>
[14:06] <ann> * not an action
";

    #[test]
    fn lines_actions_and_odd_nicks_are_read_as_they_stand() {
        let log = Log::parse(SMALL).unwrap();
        assert_eq!(log.speakers, ["ann", "Ann", "brad[] ", "cob", "[mandrix]"]);
        let texts: Vec<_> = log
            .lines
            .iter()
            .map(|l| (l.speaker, l.text.as_str()))
            .collect();
        assert_eq!(
            texts,
            [
                (0, "good morning"),
                (1, "I am somebody else"),
                (2, "who? me > you"),
                (0, "* waves"),
                (3, "* waves back"),
                (4, ""),
                (0, "* not an action"),
            ]
        );
    }

    #[test]
    fn a_line_is_shown_as_the_log_has_it() {
        let show = |nick, text| Shown { nick, text }.to_string();
        assert_eq!(show("ann", "good morning"), "<ann> good morning");
        assert_eq!(show("cob", "* waves"), " * cob waves");
    }

    #[test]
    fn a_line_of_another_form_is_refused_with_its_number() {
        for bad in [
            "hello",
            "[1:03] <ann> hi",
            "[14:03] ann: hi",
            "[14:03] <ann hi",
        ] {
            let error = Log::parse(&format!("[14:03] <ann> hi\n{bad}\n")).unwrap_err();
            assert_eq!((error.number, error.text.as_str()), (2, bad));
        }
    }

    #[test]
    fn a_real_log_has_the_speakers_and_lines_that_were_counted() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus");
        let file = std::path::Path::new(folder).join("ubuntu-2009-10-01_17.txt");
        if !file.exists() {
            return; // No real log is shipped; it is checked where one lies beside the project.
        }
        let log = Log::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!((log.speakers.len(), log.lines.len()), (166, 1_215));
    }
}
