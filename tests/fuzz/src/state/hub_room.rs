//! The hub's room: messages, commits, leaves, repeats, spoiled bytes and restarts against a model
//! in plain words (LOG-2, LOG-7 to LOG-13, ROOM-8, ORD-3).

use std::collections::BTreeMap;

use bytes::Bytes;
use holm_core::room::Verdict;
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::bundle::{Bundle, CommitBody};
use holm_protocol::federation::{Sent, SubmitRequest, SubmitResult, SubmittedMessage};
use holm_protocol::federation::{UpdateRequest, UpdateResponse};
use holm_protocol::limits::MESSAGE_EPOCHS_BEHIND_MAX;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{DeviceUri, EventKind, Problem, UserUri};

use crate::group::{Commit, FOLLOWER, HUB, Message, room, server, story};
use crate::input::Input;
use crate::runtime::run;
use crate::server::{Site, caller};

/// Steps of one input at most.
const STEPS_MAX: usize = 48;

/// One input as a history of the story's room at its hub.
pub fn hub_room(bytes: &[u8]) {
    run(async {
        let mut play = Play::begin().await;
        let mut input = Input::new(bytes);
        for _ in 0..STEPS_MAX {
            if input.is_empty() {
                break;
            }
            play.step(&mut input).await;
        }
        play.compare().await;
    });
}

/// What the log has to hold, and what decides the next answer.
struct Model {
    /// Kind and body of each event.
    log: Vec<(EventKind, Vec<u8>)>,
    /// What was answered to each accepted id.
    answers: BTreeMap<(UserUri, ClientMsgId), Sent>,
    epoch: u64,
    floor: u64,
    members: Vec<UserUri>,
    /// Whether every commit so far was the story's winner.
    on_story: bool,
    /// Users with an open order.
    leaving: Vec<UserUri>,
}

struct Play {
    site: Site,
    model: Model,
}

impl Play {
    async fn begin() -> Self {
        let site = Site::hub_at(0).await;
        let creator = &story().people[0].0.device;
        let model = Model {
            log: Vec::new(),
            answers: BTreeMap::new(),
            epoch: 0,
            floor: 0,
            members: vec![creator.user()],
            on_story: true,
            leaving: Vec::new(),
        };
        Self { site, model }
    }

    async fn step(&mut self, input: &mut Input<'_>) {
        match input.below(10) {
            0..=3 => self.message(input).await,
            4 => self.batch(input).await,
            5 | 6 => self.commit(input).await,
            7 => self.leave(input).await,
            8 => self.site.ambient.advance(u64::from(input.byte()) * 100),
            _ => self.site.restart(),
        }
    }

    /// One message, perhaps with one byte changed.
    async fn message(&mut self, input: &mut Input<'_>) {
        let message = pick_message(input);
        let bytes = spoiled(&message.bytes, input);
        let user = message.device.user();
        let untouched = bytes == message.bytes;
        let expected = untouched.then(|| self.model.takes(message));
        let verdict = self
            .submit(&message.device, vec![bytes.clone()])
            .await
            .remove(0);
        if let Some(expected) = expected {
            assert_eq!(verdict.is_ok(), expected, "{verdict:?}");
        }
        self.model.record(
            &user,
            message_id(&bytes),
            EventKind::MESSAGE,
            bytes,
            verdict,
        );
    }

    /// Several of one sender at once; among them the same twice.
    async fn batch(&mut self, input: &mut Input<'_>) {
        let first = pick_message(input);
        let mut batch = vec![first.bytes.clone()];
        for _ in 0..input.below(4) {
            let other = pick_message(input);
            if other.device == first.device {
                batch.push(other.bytes.clone());
            }
        }
        let verdicts = self.submit(&first.device, batch.clone()).await;
        assert_eq!(verdicts.len(), batch.len());
        let user = first.device.user();
        for (bytes, verdict) in batch.into_iter().zip(verdicts) {
            let id = message_id(&bytes);
            self.model
                .record(&user, id, EventKind::MESSAGE, bytes, verdict);
        }
    }

    async fn submit(&self, device: &DeviceUri, batch: Vec<Vec<u8>>) -> Vec<Result<Sent, Problem>> {
        let homeserver = &self.site.homeserver;
        if device.domain() == HUB {
            let batch = batch.into_iter().map(Bytes::from).collect();
            let verdicts = homeserver.send(&caller(device), &room(), batch).await;
            return verdicts.into_iter().map(decided).collect();
        }
        let count = batch.len();
        let message = |bytes: Vec<u8>| SubmittedMessage {
            user: device.user(),
            message: bytes.into(),
        };
        let request = SubmitRequest {
            messages: batch.into_iter().map(message).collect(),
        };
        let (peer, room) = (server(FOLLOWER), room());
        match homeserver.peer_submit_message(&peer, &room, request).await {
            Ok(answer) => answer.results.into_iter().map(result).collect(),
            Err(problem) => vec![Err(problem); count],
        }
    }

    async fn commit(&mut self, input: &mut Input<'_>) {
        let commits = &story().commits;
        let commit = &commits[input.below(commits.len())];
        let mut bundle = commit.bundle.clone();
        bundle.commit = spoiled(&bundle.commit, input);
        let untouched = bundle.commit == commit.bundle.commit;
        let expected = untouched.then(|| self.model.takes_commit(commit));
        let user = commit.device.user();
        let id = commit_id(&bundle.commit);
        let known = id.is_some_and(|id| self.model.answers.contains_key(&(user.clone(), id)));
        let body = bundle.body();
        let answer = self.update(&commit.device, bundle).await;
        match expected {
            Some(Some(expected)) => assert_eq!(answer.is_ok(), expected, "{answer:?}"),
            Some(None) => {}
            None => assert!(answer.is_err() || known, "spoiled bytes are no commit"),
        }
        if answer.is_ok() && !known {
            self.model.merge(commit);
        }
        let bytes = CommitBody::to_bytes(&body);
        self.model
            .record(&user, id, EventKind::COMMIT, bytes, answer);
    }

    async fn update(&self, device: &DeviceUri, bundle: Bundle) -> Result<Sent, Problem> {
        let homeserver = &self.site.homeserver;
        if device.domain() == HUB {
            return homeserver.commit(&caller(device), &room(), bundle).await;
        }
        let request = UpdateRequest::Commit {
            user: device.user(),
            bundle: bundle.into(),
        };
        let (peer, room) = (server(FOLLOWER), room());
        match homeserver.peer_update(&peer, &room, request).await? {
            UpdateResponse::Commit(sent) => Ok(sent),
            UpdateResponse::Leave { .. } => panic!("a commit is answered as one"),
        }
    }

    /// A user asks to leave; only a member can, and asking twice is asking once.
    async fn leave(&mut self, input: &mut Input<'_>) {
        let people = &story().people;
        let device = &people[input.below(people.len())].0.device;
        let (homeserver, user) = (&self.site.homeserver, device.user());
        let left = if device.domain() == HUB {
            homeserver.leave(&caller(device), &room()).await.is_ok()
        } else {
            let request = UpdateRequest::Leave { user: user.clone() };
            let (peer, room) = (server(FOLLOWER), room());
            homeserver.peer_update(&peer, &room, request).await.is_ok()
        };
        assert_eq!(left, self.model.members.contains(&user), "{user}");
        if left && !self.model.leaving.contains(&user) {
            self.model.leaving.push(user);
        }
    }

    async fn compare(&mut self) {
        self.site.restart();
        let events = self.site.events().await;
        let found: Vec<_> = events
            .iter()
            .map(|event| (event.header.kind, event.body.as_slice().to_vec()))
            .collect();
        assert_eq!(found, self.model.log);
        assert!(events.first().is_none_or(|event| event.header.seq == 1));
    }
}

impl Model {
    /// Whether a message as it was made has to be taken.
    fn takes(&self, message: &Message) -> bool {
        let user = message.device.user();
        let epoch = message.epoch;
        self.answers.contains_key(&(user.clone(), message.id))
            && (message.device.domain() == HUB || self.has_follower())
            || self.members.contains(&user)
                && !self.leaving.contains(&user)
                && epoch <= self.epoch
                && epoch >= self.floor
                && self.epoch - epoch <= MESSAGE_EPOCHS_BEHIND_MAX
    }

    /// Whether a commit as it was made has to be taken; `None` where an open order decides.
    fn takes_commit(&self, commit: &Commit) -> Option<bool> {
        let user = commit.device.user();
        if self.answers.contains_key(&(user.clone(), commit.id)) {
            return None;
        }
        if !self.leaving.is_empty() {
            return None;
        }
        Some(self.members.contains(&user) && self.on_story && commit.epoch == self.epoch)
    }

    fn has_follower(&self) -> bool {
        self.members.iter().any(|user| user.domain() == FOLLOWER)
    }

    fn merge(&mut self, commit: &Commit) {
        self.epoch += 1;
        self.on_story &= commit.wins;
        self.members.clone_from(&commit.members);
        self.leaving.retain(|user| commit.members.contains(user));
        if commit.removes {
            self.floor = self.epoch;
        }
    }

    /// Notes an answer: an accepted id keeps its first one, a new one is the next event.
    fn record(
        &mut self,
        user: &UserUri,
        id: Option<ClientMsgId>,
        kind: EventKind,
        body: Vec<u8>,
        answer: Result<Sent, Problem>,
    ) {
        let Some(sent) = answer.ok() else {
            return;
        };
        let id = id.expect("what is taken has an id");
        assert_eq!(sent.client_msg_id, id);
        if let Some(first) = self.answers.get(&(user.clone(), id)) {
            assert_eq!(sent, *first, "an accepted id keeps its first answer");
            return;
        }
        self.log.push((kind, body));
        assert_eq!(u64::try_from(self.log.len()), Ok(sent.seq), "no gap");
        self.answers.insert((user.clone(), id), sent);
    }
}

fn pick_message(input: &mut Input<'_>) -> &'static Message {
    let messages = &story().messages;
    &messages[input.below(messages.len())]
}

/// The bytes as they are, or with one of them changed.
fn spoiled(bytes: &[u8], input: &mut Input<'_>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if input.below(4) == 3 {
        let place = usize::from(input.byte()) << 8 | usize::from(input.byte());
        let place = place % bytes.len();
        bytes[place] ^= input.byte();
    }
    bytes
}

fn message_id(bytes: &[u8]) -> Option<ClientMsgId> {
    let header = MlsHeader::read(bytes).filter(MlsHeader::is_message)?;
    Aad::from_bytes(header.aad)
        .ok()
        .map(|aad| aad.client_msg_id)
}

fn commit_id(bytes: &[u8]) -> Option<ClientMsgId> {
    let header = MlsHeader::read(bytes).filter(MlsHeader::is_commit)?;
    Aad::from_bytes(header.aad)
        .ok()
        .map(|aad| aad.client_msg_id)
}

fn decided(verdict: Verdict) -> Result<Sent, Problem> {
    match verdict {
        Verdict::Sent(sent) => Ok(sent),
        Verdict::Refused(problem) => Err(problem),
        Verdict::Held => panic!("a hub holds nothing"),
    }
}

fn result(result: SubmitResult) -> Result<Sent, Problem> {
    match result {
        SubmitResult::Sent(sent) => Ok(sent),
        SubmitResult::Refused { problem } => Err(problem),
    }
}
