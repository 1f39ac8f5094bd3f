//! After the conversation: the demo stays up, tells how to join in, and bob answers visitors.

use futures::FutureExt;
use holm_protocol::ServerName;
use holm_sdk::DeviceEvent;

use super::person::Person;
use super::stage::{Stage, Told};
use crate::failure::Failure;
use crate::lab::Lab;

/// Stays up until interrupted.
pub(super) async fn stay(lab: &Lab, stage: &mut Stage, bob: &Person) -> Result<(), Failure> {
    stage.report.say(invitation(lab));
    loop {
        if let Told::Device("bob", DeviceEvent::Message(entry)) = stage.next().await? {
            let answer = format!("I read you, {}: {:?}", entry.sender.address(), entry.text);
            if entry.sender.local_name() != "alice" {
                // A room that is closed by now needs no answer.
                let _ = bob.device.send(&entry.room, &answer).await;
            }
        }
    }
}

/// The server whose process ends first; not before one does.
pub(super) async fn first_that_ends(lab: &Lab) -> ServerName {
    let ends = lab.servers().map(|server| {
        async move {
            server.ended().await;
            server.domain().clone()
        }
        .boxed()
    });
    futures::future::select_all(ends).await.0
}

fn invitation(lab: &Lab) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "holm".to_owned());
    let chat = |name: &str| {
        format!(
            "  {program} chat --profile {} --ca {} --dns {}",
            lab.device_dir(name).display(),
            lab.authority.root_file().display(),
            lab.dns.address()
        )
    };
    format!(
        "\nJoin in from another terminal:\n{}\nthen type:\n  /register carol@islet.test\n  \
         /create\n  /add bob@skerry.test\n  hello bob\nor from two, the second being:\n{}\n  \
         /register dave@skerry.test\nCtrl-C ends the demo.",
        chat("carol"),
        chat("dave")
    )
}
