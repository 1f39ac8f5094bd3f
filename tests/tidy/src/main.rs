//! `holm-tidy [requirements|attacks]`: says what the repository promises and does not keep.
//!
//! Exit 0 where there is nothing to say, 1 with findings, 2 where the files cannot be read. With
//! `requirements` it prints which test names which requirement. Runs from any directory.

use std::path::Path;
use std::process::ExitCode;

use holm_tidy::{Tree, attacks, check_all, checks};

fn main() -> ExitCode {
    // The crate lies two folders below the root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match Tree::read(&root) {
        Ok(tree) if std::env::args().any(|a| a == "requirements") => {
            say(checks::table(&tree));
            ExitCode::SUCCESS
        }
        Ok(tree) if std::env::args().any(|a| a == "attacks") => {
            let attacks = attacks::check(&tree);
            say(attacks.lines());
            ExitCode::from(u8::from(!attacks.findings.is_empty()))
        }
        Ok(tree) => {
            let findings = check_all(&tree);
            say(findings.iter().map(ToString::to_string));
            ExitCode::from(u8::from(!findings.is_empty()))
        }
        Err(e) => {
            say([format!("the repository cannot be read: {e}")]);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stdout, reason = "a command speaks on standard output")]
fn say(lines: impl IntoIterator<Item = String>) {
    lines.into_iter().for_each(|line| println!("{line}"));
}
