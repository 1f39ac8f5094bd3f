//! A follower takes a room's log from its hub: in any slices, twice, spoiled, from strangers, over
//! restarts (LOG-6, FED-5, FED-9). Its copy is always a run of what the hub brought, without a gap,
//! and what was brought whole is taken whole.

use std::sync::OnceLock;

use holm_protocol::encoding::encode;
use holm_protocol::federation::{Anchor, LogPage, NotifyRequest, RoomCursor};
use holm_protocol::{Base64Url, Code, Event, Head};

use crate::group::{FOLLOWER, HUB, room, server, signed_head, story};
use crate::input::Input;
use crate::runtime::{begun_ms, run};
use crate::server::{Site, caller};

/// Steps of one input at most.
const STEPS_MAX: usize = 32;

/// What the hub has: all events, and the anchor of the follower's copy.
struct HubLog {
    events: Vec<Vec<u8>>,
    anchor: Anchor,
}

/// One input as a history of a follower's copy.
pub fn follower(bytes: &[u8]) {
    let hub_log = hub_log();
    run(async {
        let mut copy = Copy::begin(hub_log).await;
        let mut input = Input::new(bytes);
        for _ in 0..STEPS_MAX {
            if input.is_empty() {
                break;
            }
            copy.step(&mut input).await;
        }
        copy.site.restart();
        copy.compare().await;
    });
}

/// The story brought to its end at a hub, messages between the commits; made once.
fn hub_log() -> &'static HubLog {
    static LOG: OnceLock<HubLog> = OnceLock::new();
    LOG.get_or_init(|| run(play()))
}

async fn play() -> HubLog {
    let site = Site::hub_at(0).await;
    for commit in story().commits.iter().filter(|commit| commit.wins) {
        let messages = story().messages.iter().filter(|m| m.epoch == commit.epoch);
        for message in messages.filter(|m| m.device.domain() == HUB) {
            let batch = vec![message.bytes.clone().into()];
            let by = caller(&message.device);
            site.homeserver.send(&by, &room(), batch).await;
        }
        site.win(commit).await;
    }
    let follower = server(FOLLOWER);
    let page = site.homeserver.peer_events(&follower, &room(), 0).await;
    let mut page = page.expect("the follower is owed its anchor");
    let events = site.log().await.into_iter();
    HubLog {
        events: events.map(|entry| entry.event.to_vec()).collect(),
        anchor: page.anchors.remove(0),
    }
}

struct Copy {
    site: Site,
    hub_log: &'static HubLog,
    /// Number of the newest event it said it has.
    cursor: u64,
    /// Whether something was brought that is not the hub's log.
    lied_to: bool,
}

impl Copy {
    async fn begin(hub_log: &'static HubLog) -> Self {
        Self {
            site: Site::new(FOLLOWER).await,
            hub_log,
            cursor: 0,
            lied_to: false,
        }
    }

    async fn step(&mut self, input: &mut Input<'_>) {
        match input.below(8) {
            0..=2 => self.next(input).await,
            3 => self.any_slice(input).await,
            4 | 5 => self.spoiled(input).await,
            6 => self.stranger(input).await,
            _ => self.site.restart(),
        }
        self.compare().await;
    }

    /// What comes next, in a page of the hub's own making: it is taken whole.
    async fn next(&mut self, input: &mut Input<'_>) {
        let first = self.cursor.max(self.hub_log.anchor.seq - 1);
        let newest = self.newest();
        if first == newest || self.cursor == 0 && first + 1 != self.hub_log.anchor.seq {
            return;
        }
        let count = match self.cursor {
            0 => 1,
            _ => u64::from(input.byte() % 4) + 1,
        };
        let last = newest.min(first + count);
        let page = self.page(first, last, last.max(newest));
        let answer = self.bring(HUB, page).await;
        if !self.lied_to {
            assert_eq!((answer.cursor, answer.problem), (last, None));
        }
    }

    /// Any events of the hub: known ones are passed over, later ones are a gap.
    async fn any_slice(&mut self, input: &mut Input<'_>) {
        let newest = usize::try_from(self.newest()).expect("few events");
        let first = u64::try_from(input.below(newest)).expect("few events");
        let last = self.newest().min(first + u64::from(input.byte() % 8));
        let before = self.cursor;
        let answer = self.bring(HUB, self.page(first, last, self.newest())).await;
        let is_gap = answer
            .problem
            .is_some_and(|problem| problem.code == Code::Gap);
        if !self.lied_to && before > 0 {
            assert_eq!(is_gap, last > first && first > before);
            let brings = last > first && !is_gap;
            assert_eq!(self.cursor, if brings { before.max(last) } else { before });
        }
    }

    /// A page with some bytes changed, dropped, doubled or in another order.
    async fn spoiled(&mut self, input: &mut Input<'_>) {
        self.lied_to = true;
        let first = self.cursor.max(self.hub_log.anchor.seq - 1);
        let last = self.newest().min(first + u64::from(input.byte() % 4) + 1);
        let mut page = self.page(first, last, self.newest());
        while input.below(4) != 0 {
            spoil(&mut page, input);
        }
        let _ = self.bring(HUB, page).await;
    }

    /// The right page from a server that is not the hub: nothing of it is taken.
    async fn stranger(&mut self, input: &mut Input<'_>) {
        let from = ["tide.test", FOLLOWER][input.below(2)];
        let before = self.cursor;
        let page = self.page(
            before.max(self.hub_log.anchor.seq - 1),
            self.newest(),
            self.newest(),
        );
        let answer = self.bring(from, page).await;
        assert_eq!(self.cursor, before);
        assert!(answer.problem.is_some());
    }

    async fn bring(&mut self, from: &str, page: LogPage) -> RoomCursor {
        let request = NotifyRequest { rooms: vec![page] };
        let answer = self
            .site
            .homeserver
            .peer_notify(&server(from), request)
            .await;
        let mut rooms = answer.expect("one room is not too many").rooms;
        assert_eq!(rooms.len(), 1);
        let cursor = rooms.remove(0);
        // A refusal before the copy is looked at says 0.
        assert!(cursor.cursor >= self.cursor || cursor.problem.is_some());
        self.cursor = self.cursor.max(cursor.cursor);
        cursor
    }

    async fn compare(&self) {
        let events = self.site.events().await;
        let last = events.last().map_or(0, |event| event.header.seq);
        assert_eq!(last, self.cursor, "the cursor is what is durable");
        if self.lied_to {
            return;
        }
        for event in &events {
            assert_eq!(event.to_bytes(), self.hub_log.bytes(event.header.seq));
        }
    }

    fn newest(&self) -> u64 {
        u64::try_from(self.hub_log.events.len()).expect("few events")
    }

    /// Events after `first` up to `last`, with the head at `head`.
    fn page(&self, first: u64, last: u64, head: u64) -> LogPage {
        let events = (first + 1..=last).map(|seq| self.hub_log.bytes(seq).into());
        let anchored = first < self.hub_log.anchor.seq && last >= self.hub_log.anchor.seq;
        let anchors = anchored.then(|| self.hub_log.anchor.clone());
        LogPage {
            room: room(),
            head: self.hub_log.head(head),
            events: events.collect(),
            anchors: anchors.into_iter().collect(),
            orders: Vec::new(),
        }
    }
}

impl HubLog {
    fn bytes(&self, seq: u64) -> Vec<u8> {
        let index = usize::try_from(seq).expect("few events") - 1;
        self.events[index].clone()
    }

    fn head(&self, seq: u64) -> Base64Url {
        let event = Event::from_bytes(&self.bytes(seq)).expect("an event");
        let head = Head {
            room: room(),
            term: 1,
            seq,
            hash: event.hash(),
            time: begun_ms().max(event.header.time),
        };
        encode(&signed_head(head)).into()
    }
}

fn spoil(page: &mut LogPage, input: &mut Input<'_>) {
    let index = input.below(page.events.len());
    match input.below(8) {
        0 if !page.events.is_empty() => drop(page.events.remove(index)),
        1 if !page.events.is_empty() => page.events.push(page.events[index].clone()),
        2 => page.events.reverse(),
        3 => page.anchors.clear(),
        4 => flip(&mut page.head, input),
        5 => page.anchors.iter_mut().for_each(|anchor| {
            flip(&mut anchor.welcome, input);
            anchor.interim.0[0] ^= input.byte();
        }),
        6 => page.orders.push(input.run().to_vec().into()),
        _ => page
            .events
            .iter_mut()
            .skip(index)
            .take(1)
            .for_each(|e| flip(e, input)),
    }
}

fn flip(bytes: &mut Base64Url, input: &mut Input<'_>) {
    let mut changed = bytes.as_slice().to_vec();
    let place = usize::from(input.byte()) << 8 | usize::from(input.byte());
    let place = place % changed.len().max(1);
    if let Some(byte) = changed.get_mut(place) {
        *byte ^= input.byte();
    }
    *bytes = changed.into();
}
