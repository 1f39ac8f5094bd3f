//! Configuration: a TOML file, overridden by the environment, checked as a whole.
//!
//! A key that nothing knows is an error and not ignored, since a misspelled key would silently
//! leave its default in place. Every error names the place, the cause and what to do.

mod example;
mod lists;
mod sections;

use std::path::{Path, PathBuf};

use holm_protocol::ServerName;
use thiserror::Error;

pub use sections::{
    Config, Connections, Dns, Federation, Log, LogFormat, Quotas, Registration, Server, Tls,
};

/// What is wrong with a configuration, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {cause}\n  fix: {fix}")]
pub struct ConfigError {
    /// File and line, or environment variable, or key.
    pub place: String,
    /// What is wrong.
    pub cause: String,
    /// What to do.
    pub fix: String,
}

/// Variables that begin with `HOLM_` and are no configuration: of the lab, the chat, the tests.
const NOT_CONFIGURATION: [&str; 5] = [
    crate::crash::VARIABLE,
    "HOLM_LAB_BIN",
    "HOLM_PASSWORD",
    "HOLM_CORPUS",
    "HOLM_REGENERATE",
];

const SEE_EXAMPLE: &str = "`holm config` prints every key with its meaning and default";

impl Config {
    /// Reads `file`, applies the variables of `environment` and checks the result. Relative paths
    /// become absolute, from the folder of the file.
    pub fn load(
        file: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|e| ConfigError {
            place: file.display().to_string(),
            cause: format!("the file can't be read: {e}"),
            fix: format!(
                "write one: holm config --domain your.domain > {}",
                file.display()
            ),
        })?;
        let config = parse(&text).map_err(|mut e| {
            e.place = format!("{} {}", file.display(), e.place);
            e
        })?;
        let folder = std::path::absolute(file).ok();
        let mut config = override_by(config, environment)?;
        config.resolve_paths(folder.as_deref().and_then(Path::parent));
        config.check()?;
        Ok(config)
    }

    /// The configuration as a commented file.
    pub fn to_commented_toml(&self) -> String {
        example::render(self)
    }

    /// The server's name; [`Config::load`] has refused a configuration without.
    pub fn domain(&self) -> Result<&ServerName, ConfigError> {
        let missing = || ConfigError {
            place: "server.domain".to_owned(),
            cause: "no domain is set".to_owned(),
            fix: "set `domain = \"your.domain\"` under [server]".to_owned(),
        };
        self.server.domain.as_ref().ok_or_else(missing)
    }

    fn resolve_paths(&mut self, folder: Option<&Path>) {
        let Some(folder) = folder else { return };
        let resolve = |path: &mut PathBuf| *path = folder.join(&*path);
        resolve(&mut self.data);
        self.tls.cert.iter_mut().for_each(resolve);
        self.tls.key.iter_mut().for_each(resolve);
        self.tls.extra_roots.iter_mut().for_each(resolve);
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.domain()?;
        self.federation.lists()?;
        self.check_tls()?;
        match self.server.base_url.as_deref() {
            Some(url) if !url.starts_with("https://") => Err(ConfigError {
                place: "server.base_url".to_owned(),
                cause: format!("{url:?} does not begin with https://"),
                fix: "give the address browsers use, like \"https://holm.islet.example\""
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn check_tls(&self) -> Result<(), ConfigError> {
        let tls = &self.tls;
        let error = |cause: &str, fix: &str| {
            Err(ConfigError {
                place: "tls".to_owned(),
                cause: cause.to_owned(),
                fix: fix.to_owned(),
            })
        };
        match (tls.off, tls.cert.is_some(), tls.key.is_some()) {
            (true, false, false) | (false, true, true) => Ok(()),
            (true, ..) => error(
                "TLS is off, and a certificate or key is set",
                "remove tls.cert and tls.key, or set tls.off = false",
            ),
            (false, false, false) => error(
                "no certificate is set",
                "set tls.cert and tls.key, or tls.off = true where a proxy does TLS",
            ),
            (false, ..) => error(
                "only one of tls.cert and tls.key is set",
                "set both; the key belongs to the certificate",
            ),
        }
    }
}

/// Reads a configuration file's text; the error's place is the line.
pub(crate) fn parse(text: &str) -> Result<Config, ConfigError> {
    toml::from_str(text).map_err(|e: toml::de::Error| {
        let before = e
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        ConfigError {
            place: format!("line {}", before.matches('\n').count() + 1),
            cause: e.message().to_owned(),
            fix: SEE_EXAMPLE.to_owned(),
        }
    })
}

/// Applies `HOLM_KEY` and `HOLM_SECTION__KEY`, in the order of their names.
fn override_by(
    mut config: Config,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let ours = |(name, _): &(String, String)| {
        name.starts_with("HOLM_") && !NOT_CONFIGURATION.contains(&name.as_str())
    };
    let mut variables: Vec<_> = environment.into_iter().filter(ours).collect();
    variables.sort();
    for (name, value) in variables {
        config = set(&config, &name, &value).map_err(|cause| ConfigError {
            place: format!("environment variable {name}"),
            cause,
            fix: SEE_EXAMPLE.to_owned(),
        })?;
    }
    Ok(config)
}

/// `config` with one key changed. The value is read as TOML, and as a string where that fails.
fn set(config: &Config, name: &str, value: &str) -> Result<Config, String> {
    let key = name.trim_start_matches("HOLM_").to_ascii_lowercase();
    let with = |value: toml::Value| -> Result<Config, String> {
        let mut table = toml::Table::try_from(config).map_err(|e| e.to_string())?;
        match key.split_once("__") {
            None => drop(table.insert(key.clone(), value)),
            Some((section, key)) => {
                let section = table
                    .entry(section)
                    .or_insert_with(|| toml::Table::new().into())
                    .as_table_mut()
                    .ok_or_else(|| format!("`{section}` is no section"))?;
                section.insert(key.to_owned(), value);
            }
        }
        table
            .try_into()
            .map_err(|e: toml::de::Error| e.message().to_owned())
    };
    let typed = toml::from_str::<toml::Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"));
    let as_text = || with(toml::Value::String(value.to_owned()));
    match typed {
        Some(typed) => with(typed).or_else(|error| as_text().map_err(|_as_text| error)),
        None => as_text(),
    }
}

#[cfg(test)]
mod tests;
