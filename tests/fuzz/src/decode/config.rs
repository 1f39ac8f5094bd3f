//! The configuration file: read or refused, and written out so that it reads the same.

use holm::config::Config;

use crate::input::Input;

/// A configuration file's text.
pub fn config(bytes: &[u8]) {
    let text = Input::new(bytes).text();
    if let Ok(config) = toml::from_str::<Config>(text) {
        let written = config.to_commented_toml();
        let again: Config = toml::from_str(&written).expect("what is written can be read");
        assert_eq!(again, config, "{written}");
    }
}
