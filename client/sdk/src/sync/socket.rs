//! The sync WebSocket: frames as typed values, over whatever stream the connector opened.

use std::time::Duration;

use futures::{FutureExt, SinkExt, StreamExt};
use holm_client_types::endpoint::SYNC;
use holm_client_types::frame::{self, DeviceFrame, FrameError, SUBPROTOCOL, ServerFrame, close};
use holm_protocol::Problem;
use holm_protocol::limits::{FRAME_IN_LEN_MAX, FRAME_OUT_LEN_MAX};
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::device::Inner;
use crate::error::SdkError;
use crate::network::Duplex;

/// Frames taken from the socket before turning to other work.
const FRAMES_AT_ONCE: usize = 64;
/// Longest wait for the upgrade, and for the server to take a frame.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Bytes of the socket's buffers.
const BUFFER_LEN: usize = 4 * 1_024;

/// An open sync connection.
pub(super) struct Socket {
    stream: WebSocketStream<Box<dyn Duplex>>,
    /// When the server was last heard.
    pub(super) heard: Instant,
}

impl Socket {
    /// Connects to the own server; gives how it was found as well.
    pub(super) async fn open(inner: &Inner) -> Result<(Self, String), SdkError> {
        let account = inner.account()?;
        let token = account.token.as_ref().ok_or(SdkError::NoSession)?;
        let link = inner.network.connect(&account.user.server()).await?;
        let mut request = format!("ws://{}{}", link.authority, SYNC.path)
            .into_client_request()
            .map_err(failed)?;
        let headers = request.headers_mut();
        let bearer = format!("Bearer {}", token.as_str());
        let bearer = bearer.parse().map_err(|_e| SdkError::NoSession)?;
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(
            SEC_WEBSOCKET_PROTOCOL,
            http::HeaderValue::from_static(SUBPROTOCOL),
        );
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_LEN)
            .write_buffer_size(BUFFER_LEN)
            .max_write_buffer_size(4 * FRAME_IN_LEN_MAX)
            .max_message_size(Some(FRAME_OUT_LEN_MAX))
            .max_frame_size(Some(FRAME_OUT_LEN_MAX));
        let upgrade =
            tokio_tungstenite::client_async_with_config(request, link.stream, Some(config));
        let (stream, response) = timeout(WAIT_MAX, upgrade)
            .await
            .map_err(|_elapsed| SdkError::TimedOut("the server did not take the connection"))?
            .map_err(upgrade_failed)?;
        let chosen = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
        if chosen.is_none_or(|chosen| chosen != SUBPROTOCOL) {
            return Err(SdkError::Answer(format!("no subprotocol {SUBPROTOCOL}")));
        }
        let heard = Instant::now();
        Ok((Self { stream, heard }, link.found))
    }

    /// Waits for frames and takes those that are there. May be dropped and asked again.
    pub(super) async fn next(&mut self) -> Result<Vec<ServerFrame>, SdkError> {
        let mut frames = Vec::new();
        let first = self.stream.next().await;
        self.take(first, &mut frames)?;
        while frames.len() < FRAMES_AT_ONCE {
            match self.stream.next().now_or_never() {
                Some(message) => self.take(message, &mut frames)?,
                None => break,
            }
        }
        Ok(frames)
    }

    fn take(
        &mut self,
        message: Option<Result<Message, WsError>>,
        frames: &mut Vec<ServerFrame>,
    ) -> Result<(), SdkError> {
        self.heard = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => match frame::read(text.as_bytes()) {
                Ok(frame) => frames.push(frame),
                Err(FrameError::UnknownType(_)) => {}
                Err(error) => return Err(SdkError::Answer(error.to_string())),
            },
            Some(Ok(Message::Close(reason))) => return Err(closed(reason.as_ref())),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(failed(error)),
            None => return Err(SdkError::Network("the connection ended".into())),
        }
        Ok(())
    }

    /// Sends frames in order.
    pub(super) async fn send(
        &mut self,
        frames: impl IntoIterator<Item = DeviceFrame>,
    ) -> Result<(), SdkError> {
        let sending = async {
            for frame in frames {
                let text =
                    serde_json::to_string(&frame).map_err(|e| SdkError::Invalid(e.to_string()))?;
                self.stream
                    .feed(Message::text(text))
                    .await
                    .map_err(failed)?;
            }
            self.stream.flush().await.map_err(failed)
        };
        timeout(WAIT_MAX, sending)
            .await
            .unwrap_or(Err(SdkError::TimedOut("the server takes no frames")))
    }

    /// Says goodbye, without waiting for long.
    pub(super) async fn close(&mut self) {
        let _gone = timeout(Duration::from_secs(1), self.stream.close(None)).await;
    }
}

fn failed(error: impl std::fmt::Display) -> SdkError {
    SdkError::Network(error.to_string())
}

/// A refused upgrade carries a problem like any refusal.
fn upgrade_failed(error: WsError) -> SdkError {
    let WsError::Http(response) = &error else {
        return failed(error);
    };
    let status = response.status().as_u16();
    let problem = response.body().as_ref();
    let problem = problem.and_then(|body| holm_protocol::json::from_slice(body).ok());
    match problem {
        Some(problem) => refused(problem),
        None if status == 401 => SdkError::SessionEnded(format!("HTTP status {status}")),
        None => SdkError::Network(format!("HTTP status {status}")),
    }
}

/// What a close code means for this device.
fn closed(reason: Option<&CloseFrame>) -> SdkError {
    let code = reason.map_or(0, |r| u16::from(r.code));
    let why = reason.map_or("", |r| r.reason.as_str());
    match code {
        close::TOKEN => SdkError::SessionEnded("the token has ended".into()),
        close::DEVICE => SdkError::SessionEnded("the device was removed".into()),
        close::REPLACED => SdkError::Replaced,
        code => SdkError::Network(format!("the server closed the connection: {code} {why}")),
    }
}

/// A refusal of the connection itself ends the session, unless it passes.
fn refused(problem: Problem) -> SdkError {
    match problem.status {
        401 | 403 => SdkError::SessionEnded(problem.to_string()),
        _ => SdkError::Refused(problem),
    }
}
