//! A device that writes as fast as its server takes it.

use std::time::Duration;

use holm_protocol::RoomUri;
use holm_system_tests::Member;
use tokio::time::{Instant, timeout};

use crate::line::Line;
use crate::message::{Press, Stamp};
use crate::way::Way;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(30);

/// A device of one room, its messages numbered from 0.
pub(crate) struct Writer {
    /// Makes the messages.
    press: Press,
    /// The connection.
    pub(crate) line: Line,
    /// Messages so far.
    pub(crate) said: u64,
}

impl Writer {
    /// Connects a member of a room that has one event.
    pub(crate) async fn open(way: &Way, member: &mut Member, room: &RoomUri, size: usize) -> Self {
        let press = Press::new(member, room, size);
        let mut line = Line::open(way, &member.token, Some(room)).await;
        line.caught_up().await;
        Self {
            press,
            line,
            said: 0,
        }
    }

    /// Sends so many more, at most `window` of them unanswered, until all are in the log.
    async fn write(&mut self, count: u64, window: u64) {
        let (last, begun, mut events) = (self.said + count, Instant::now(), Vec::new());
        while self.line.sent < last {
            while self.said < last && self.said < self.line.sent + window {
                let sent_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
                let number = self.said;
                self.line
                    .say(self.press.frame(Stamp { number, sent_us }))
                    .await;
                self.said += 1;
            }
            self.line.flush().await;
            if timeout(ANSWER, self.line.events(&mut events))
                .await
                .is_err()
            {
                eprintln!("{} of {} answered", self.line.sent, self.said);
                return;
            }
            events.clear();
            self.line.acknowledge().await;
        }
    }
}

/// All write at once, `count` in all; the writers again, in their order.
pub(crate) async fn write_all(writers: Vec<Writer>, count: u64, window: u64) -> Vec<Writer> {
    let among = u64::try_from(writers.len()).unwrap_or(1);
    let writing = writers.into_iter().zip(0..).map(|(mut writer, turn)| {
        let share = count / among + u64::from(turn < count % among);
        tokio::spawn(async move {
            writer.write(share, window).await;
            writer
        })
    });
    let written = futures::future::join_all(writing).await;
    written
        .into_iter()
        .map(|writer| writer.expect("a writer"))
        .collect()
}
