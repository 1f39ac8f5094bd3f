//! Where all that devices and servers tell comes together, and is told on in its order.

use std::collections::BTreeMap;
use std::time::Duration;

use holm_protocol::ServerName;
use holm_sdk::{DeviceEvent, EventReceiver};
use tokio::sync::{broadcast, mpsc};

use super::event::DemoEvent;
use crate::failure::Failure;
use crate::lab::Lab;
use crate::report::Report;
use crate::serve::Hop;

/// All that is told.
pub(super) struct Stage {
    pub(super) report: Report,
    sender: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
    last_hop: BTreeMap<String, String>,
}

/// Something that a device or server told.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// The device of a person.
    Device(&'static str, DeviceEvent),
    /// A server.
    Server(ServerName, Hop),
    /// A person's device stopped; why.
    Ended(&'static str, String),
}

/// Told things that may wait.
const TOLD_MAX: usize = 1_024;
/// How long one step of the story may take.
const STEP: Duration = Duration::from_mins(1);

impl Stage {
    pub(super) fn new(report: Report, lab: &Lab) -> Self {
        let (sender, told) = mpsc::channel(TOLD_MAX);
        tokio::spawn(hear_servers(lab.hops(), sender.clone()));
        Self {
            report,
            sender,
            told,
            last_hop: BTreeMap::new(),
        }
    }

    /// From now on hears a person's device too.
    pub(super) fn hear(&self, name: &'static str, mut events: EventReceiver) {
        let sender = self.sender.clone();
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let Ok(event) = event else { continue };
                if sender.send(Told::Device(name, event)).await.is_err() {
                    return;
                }
            }
        });
    }

    /// For a device's task to say that it has ended.
    pub(super) fn sender(&self) -> mpsc::Sender<Told> {
        self.sender.clone()
    }

    /// Tells on what is told until `wanted`; `step` names what is waited for.
    pub(super) async fn until(
        &mut self,
        step: &str,
        wanted: impl Fn(&Told) -> bool,
    ) -> Result<(), Failure> {
        let waiting = async {
            loop {
                let told = self.next().await?;
                if wanted(&told) {
                    return Ok(());
                }
            }
        };
        let late = |_| Failure::failed(format!("{step}: nothing came of it within {STEP:?}"));
        tokio::time::timeout(STEP, waiting).await.map_err(late)?
    }

    /// The next thing told, told on; it fails where a device has ended.
    pub(super) async fn next(&mut self) -> Result<Told, Failure> {
        let gone = || Failure::failed("nothing is told any more");
        let told = self.told.recv().await.ok_or_else(gone)?;
        match &told {
            Told::Device(reader, event) => self.tell_device(reader, event),
            Told::Server(domain, hop) => self.tell_hop(domain.to_string(), &hop.hop, &hop.text),
            Told::Ended(name, why) => {
                return Err(Failure::failed(format!("{name}'s device stopped: {why}")));
            }
        }
        Ok(told)
    }

    /// Tells a hop, unless it is the last one of the same server or device again.
    fn tell_hop(&mut self, by: String, hop: &str, text: &str) {
        let last = self.last_hop.entry(by.clone()).or_default();
        if *last != text {
            text.clone_into(last);
            self.report.tell(&DemoEvent::Hop {
                by,
                hop: hop.to_owned(),
                text: text.to_owned(),
            });
        }
    }

    fn tell_device(&mut self, name: &str, event: &DeviceEvent) {
        match event {
            DeviceEvent::Hop { what, text } => {
                self.tell_hop(format!("{name}'s device"), what.as_str(), text);
            }
            DeviceEvent::Message(entry) => self.report.tell(&DemoEvent::Message {
                reader: name.to_owned(),
                sender: entry.sender.address(),
                seq: entry.seq,
                text: entry.text.clone(),
            }),
            DeviceEvent::Alarm { what, .. } => self.report.say(format!("ALARM at {name}: {what}")),
            _ => {}
        }
    }
}

async fn hear_servers(
    mut hops: broadcast::Receiver<(ServerName, Hop)>,
    sender: mpsc::Sender<Told>,
) {
    loop {
        match hops.recv().await {
            Ok((domain, hop)) => {
                if sender.send(Told::Server(domain, hop)).await.is_err() {
                    return;
                }
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}
