//! The homeserver as one connection sees it.
//!
//! A port, so that the order of sends, the pings and the close codes are tested without a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use holm_core::delivery::Outgoing;
use holm_core::room::Verdict;
use holm_core::{Caller, Homeserver};
use holm_protocol::{Problem, RoomUri};

/// What goes to the device, batch by batch.
pub(crate) type Feed = BoxStream<'static, Result<Vec<Outgoing>, Problem>>;

/// What a connection asks for its device.
pub(crate) trait Backend: Send + 'static {
    /// Connects the device, reading from `cursors` (SYNC-1).
    fn connect(&self, cursors: BTreeMap<RoomUri, u64>)
    -> BoxFuture<'static, Result<Feed, Problem>>;

    /// Submits messages of one room in order; one verdict each (SYNC-4).
    fn send(&self, room: RoomUri, messages: Vec<Bytes>) -> BoxFuture<'static, Vec<Verdict>>;

    /// The device has read the refusals in a room (SYNC-17).
    fn reopen(&self, room: &RoomUri);

    /// Raises the device's watermarks (SYNC-6).
    fn acknowledge(
        &self,
        room: RoomUri,
        delivered: u64,
        read: u64,
    ) -> BoxFuture<'static, Result<(), Problem>>;
}

/// A connected device of the homeserver.
#[derive(Clone)]
pub(crate) struct Device {
    homeserver: Arc<Homeserver>,
    caller: Arc<Caller>,
}

impl Device {
    /// The device that `caller` proved to be.
    pub(crate) fn new(homeserver: Arc<Homeserver>, caller: Caller) -> Self {
        Self {
            homeserver,
            caller: Arc::new(caller),
        }
    }
}

impl Backend for Device {
    fn connect(
        &self,
        cursors: BTreeMap<RoomUri, u64>,
    ) -> BoxFuture<'static, Result<Feed, Problem>> {
        let Self { homeserver, caller } = self.clone();
        Box::pin(async move {
            let subscription = homeserver.connect(&caller, cursors).await?;
            // The stream keeps a call to `next` that was not finished, so nothing is lost when
            // the session turns to something else in between.
            let feed = stream::unfold(subscription, |mut subscription| async move {
                let batch = subscription.next().await;
                Some((batch, subscription))
            });
            Ok(feed.boxed())
        })
    }

    fn send(&self, room: RoomUri, messages: Vec<Bytes>) -> BoxFuture<'static, Vec<Verdict>> {
        let Self { homeserver, caller } = self.clone();
        Box::pin(async move { homeserver.send(&caller, &room, messages).await })
    }

    fn reopen(&self, room: &RoomUri) {
        self.homeserver.reopen(&self.caller, room);
    }

    fn acknowledge(
        &self,
        room: RoomUri,
        delivered: u64,
        read: u64,
    ) -> BoxFuture<'static, Result<(), Problem>> {
        let Self { homeserver, caller } = self.clone();
        Box::pin(async move {
            homeserver
                .acknowledge(&caller, &room, delivered, read)
                .await
        })
    }
}
