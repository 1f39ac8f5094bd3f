//! What core hands over, as frames.

use holm_client_types::frame::ServerFrame;
use holm_core::delivery::Outgoing;
use holm_protocol::Base64Url;

/// The frame, or the code to close with.
pub(crate) fn frame(outgoing: Outgoing) -> Result<ServerFrame, u16> {
    Ok(match outgoing {
        Outgoing::Welcome {
            room,
            event,
            welcome,
            interim,
        } => ServerFrame::Welcome {
            room,
            event: Base64Url(event),
            welcome: Base64Url(welcome),
            interim,
        },
        Outgoing::Event { room, event, head } => ServerFrame::Event {
            room,
            event: Base64Url(event),
            head: head.map(Base64Url),
        },
        Outgoing::Order { room, order } => ServerFrame::Order {
            room,
            order: Base64Url(order),
        },
        Outgoing::CaughtUp => ServerFrame::CaughtUp,
        Outgoing::Closed(code) => return Err(code),
    })
}
