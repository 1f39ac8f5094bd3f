//! The lists of servers in the configuration (FED-21).

use holm_federation::{Lists, NamePattern};

use super::{ConfigError, Federation};

impl Federation {
    /// The lists, read.
    ///
    /// # Errors
    /// An entry is no name and no `*.name`.
    pub fn lists(&self) -> Result<Lists, ConfigError> {
        Ok(Lists {
            allow: patterns("federation.allow", &self.allow)?,
            deny: patterns("federation.deny", &self.deny)?,
        })
    }
}

fn patterns(place: &str, texts: &[String]) -> Result<Vec<NamePattern>, ConfigError> {
    let parse = |text: &String| {
        NamePattern::parse(text).map_err(|error| ConfigError {
            place: place.to_owned(),
            cause: error.to_string(),
            fix:
                "write each as \"islet.example\" or \"*.islet.example\"; names of other alphabets \
                  in their ASCII form, xn--…"
                    .to_owned(),
        })
    };
    texts.iter().map(parse).collect()
}
