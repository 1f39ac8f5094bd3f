//! Which server a command is for.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::config::Config;
use crate::failure::Failure;

/// Which running server is meant: by its data folder, or by its configuration.
#[derive(Args, Clone, Debug, Default)]
pub struct Whose {
    /// The data folder of the running server
    #[arg(long, value_name = "DIR", global = true, conflicts_with = "config")]
    pub data: Option<PathBuf>,
    /// The running server's configuration file [default: holm.toml, where there is one here]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// The configuration file that is taken where none is named.
const CONFIG_FILE: &str = "holm.toml";

impl Whose {
    /// The server's data folder.
    pub fn data_folder(&self) -> Result<PathBuf, Failure> {
        if let Some(data) = &self.data {
            return Ok(data.clone());
        }
        match self.configuration()? {
            Some(config) => Ok(config.data),
            None => Err(Failure::Usage(
                "which server? There is no holm.toml here\n  fix: name its configuration \
                 (--config FILE) or its data folder (--data DIR)"
                    .to_owned(),
            )),
        }
    }

    /// The server's configuration: the file named, or the one that lies here.
    pub fn configuration(&self) -> Result<Option<Config>, Failure> {
        let here = Path::new(CONFIG_FILE);
        let file = self.config.as_deref();
        let Some(file) = file.or_else(|| here.exists().then_some(here)) else {
            return Ok(None);
        };
        Ok(Some(Config::load(file, std::env::vars())?))
    }
}
