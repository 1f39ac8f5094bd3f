//! A bar on a terminal, on standard error; nothing where nobody watches.

use std::io::{IsTerminal, Write};

use crate::report::Report;

/// Progress of one part of the work.
pub(super) struct Progress {
    what: &'static str,
    of: usize,
    shown: Option<usize>,
    visible: bool,
}

const WIDTH: usize = 30;

impl Progress {
    pub(super) fn new(what: &'static str, of: usize, report: &Report) -> Self {
        let visible = std::io::stderr().is_terminal() && !report.is_json();
        Self {
            what,
            of: of.max(1),
            shown: None,
            visible,
        }
    }

    /// Shows that `done` of all are done.
    pub(super) fn show(&mut self, done: usize) {
        let filled = (done * WIDTH / self.of).min(WIDTH);
        let percent = done * 100 / self.of;
        if self.visible && self.shown != Some(percent) {
            self.shown = Some(percent);
            let bar = format!("{}{}", "#".repeat(filled), "-".repeat(WIDTH - filled));
            let mut err = std::io::stderr();
            let _ = write!(err, "\r\x1b[K{:12} [{bar}] {done}/{}", self.what, self.of);
            let _ = err.flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.visible && self.shown.is_some() {
            let _ = writeln!(std::io::stderr());
        }
    }
}
