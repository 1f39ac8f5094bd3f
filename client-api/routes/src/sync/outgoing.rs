//! What core hands over, as the text of frames.

use bytes::Bytes;
use holm_client_types::frame::ServerFrame;
use holm_core::delivery::{LiveEvent, Outgoing};
use holm_protocol::{Base64Url, RoomUri};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// The frame's text, or the code to close with.
pub(crate) fn text(outgoing: Outgoing) -> Result<Utf8Bytes, u16> {
    match outgoing {
        Outgoing::Event {
            room,
            event,
            head: None,
        } => Ok(shared_event(room, &event)),
        other => frame(other).map(|frame| frame_text(&frame)),
    }
}

/// A frame's text.
pub(crate) fn frame_text(frame: &ServerFrame) -> Utf8Bytes {
    let text = serde_json::to_string(frame);
    text.unwrap_or_else(|e| unreachable!("frames have text keys and plain values: {e}"))
        .into()
}

/// An event without a head is the same text for every device; one of them makes it.
fn shared_event(room: RoomUri, event: &LiveEvent) -> Utf8Bytes {
    let carried = event.carried(|bytes| {
        Bytes::from(frame_text(&ServerFrame::Event {
            room,
            event: Base64Url(bytes.clone()),
            head: None,
        }))
    });
    Utf8Bytes::try_from(carried).unwrap_or_else(|e| unreachable!("made from text: {e}"))
}

fn frame(outgoing: Outgoing) -> Result<ServerFrame, u16> {
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
            event: Base64Url(event.bytes().clone()),
            head: head.map(Base64Url),
        },
        Outgoing::Order { room, order } => ServerFrame::Order {
            room,
            order: Base64Url(order),
        },
        Outgoing::Sent { room, sent } => ServerFrame::Sent {
            room,
            client_msg_id: sent.client_msg_id,
            seq: sent.seq,
            time: sent.time,
        },
        Outgoing::Refused {
            room,
            client_msg_id,
            problem,
        } => ServerFrame::Problem {
            room: Some(room),
            client_msg_id: Some(client_msg_id),
            problem,
        },
        Outgoing::CaughtUp => ServerFrame::CaughtUp,
        Outgoing::Closed(code) => return Err(code),
    })
}
