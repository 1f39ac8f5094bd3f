//! Log lines, on standard error; and hops, on standard output where that is asked for.
//!
//! A hop is one step of a message's way between servers. The crates that take such a step say so
//! with a `debug` event of target [`HOP_TARGET`], whose field `hop` names the kind. It costs
//! nothing where nobody listens; `holm demo` shows it in words.

use std::fmt::Debug;
use std::io::IsTerminal;

use holm_core::HOP_TARGET;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{ConfigError, Log, LogFormat};
use crate::report::Report;
use crate::serve::{Hop, ServeEvent};

/// Sends log lines to standard error from now on, colored only on a terminal; and hops to
/// `report` where that is asked for and it is for programs.
pub fn start(log: &Log, report: &Report) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&log.level).map_err(|e| ConfigError {
        place: "log.level".to_owned(),
        cause: e.to_string(),
        fix: "use \"info\", \"debug\", or module=level pairs with commas between".to_owned(),
    })?;
    let hops = (log.hops && report.is_json()).then(|| {
        let only = Targets::new().with_target(HOP_TARGET, LevelFilter::DEBUG);
        Hops(report.clone()).with_filter(only)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none());
    let registry = tracing_subscriber::registry().with(hops);
    // Only a second call in one process fails, and then lines go on as they did.
    let _ = match log.format {
        LogFormat::Text => registry.with(lines.with_filter(filter)).try_init(),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true);
            registry.with(lines.with_filter(filter)).try_init()
        }
    };
    Ok(())
}

/// Tells hops as events.
struct Hops(Report);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Hops {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut hop = Hop::default();
        event.record(&mut hop);
        self.0.tell(&ServeEvent::Hop(hop));
    }
}

impl Visit for Hop {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "hop" => value.clone_into(&mut self.hop),
            "message" => value.clone_into(&mut self.text),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hop_is_told_to_programs_and_nothing_else_is() {
        let (reader, writer) = std::io::pipe().unwrap();
        let only = Targets::new().with_target(HOP_TARGET, LevelFilter::DEBUG);
        let layer = Hops(Report::new(writer, true)).with_filter(only);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!("a line");
            tracing::debug!(target: HOP_TARGET, hop = "relayed", "sent on to {}", "skerry.test");
        });
        let told = std::io::read_to_string(reader).unwrap();
        let hop: ServeEvent = serde_json::from_str(told.trim()).unwrap();
        assert!(matches!(hop, ServeEvent::Hop(hop) if hop.hop == "relayed"
            && hop.text == "sent on to skerry.test"));
    }
}
