//! Where passwords come from: never the command line, never shown.

use tokio::io::{AsyncBufRead, Lines};

/// The variable that a password may stand in, for programs.
const VARIABLE: &str = "HOLM_PASSWORD";

/// Where passwords come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passwords {
    /// Asked for on the terminal, without echo.
    Hidden,
    /// The variable, or the next line of input.
    Given,
}

impl Passwords {
    /// A password; a new one is asked for twice. `None` where there is none, or the two differ.
    pub(crate) async fn ask<I: AsyncBufRead + Unpin>(
        self,
        prompt: String,
        new: bool,
        lines: &mut Lines<I>,
        json: bool,
    ) -> std::io::Result<Option<String>> {
        if let Ok(password) = std::env::var(VARIABLE) {
            return Ok(Some(password));
        }
        match self {
            Self::Hidden => {
                let asked = tokio::task::spawn_blocking(move || hidden(&prompt, new)).await;
                asked.map_err(std::io::Error::other)?
            }
            // A program says it in its command; a line of input is the next command there.
            Self::Given if json => Ok(None),
            Self::Given => lines.next_line().await,
        }
    }
}

fn hidden(prompt: &str, new: bool) -> std::io::Result<Option<String>> {
    let first = rpassword::prompt_password(prompt)?;
    if new && rpassword::prompt_password("the same again: ")? != first {
        return Ok(None);
    }
    Ok(Some(first))
}
