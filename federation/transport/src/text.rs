//! Texts from outside, made fit for a log, a screen and a problem's detail (FED-10).
//!
//! What a peer, a certificate or a parser's complaint says can be as long as a body and hold
//! anything; what is passed on is short and printable.

/// The first printable characters of a text.
pub(crate) fn plain(text: &str) -> String {
    let printable = text.chars().filter(|c| !c.is_control() && !is_mark(*c));
    printable.take(CHARS_MAX).collect()
}

/// Characters that are not seen and change how others are: they turn the direction of what stands
/// around them, join or part it, or begin a new line.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Characters that are kept.
const CHARS_MAX: usize = 300;

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_text_is_cut_at_three_hundred_printable_characters() {
        // FED-10
        assert_eq!(plain("\u{1b}[2J\r\nhello"), "[2Jhello");
        assert_eq!(
            plain("to\u{202e}gpj\u{2066}.exe\u{2028}\u{feff}"),
            "togpj.exe"
        );
        assert_eq!(plain(&"ü".repeat(300)), "ü".repeat(300));
        assert_eq!(plain(&"ü".repeat(301)), "ü".repeat(300));
    }
}
