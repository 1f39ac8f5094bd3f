//! JSON bodies and frames: strict, bounded, and told back in their own words (ENC-3 to ENC-6).

use std::fmt::Debug;

use holm_client_types::account::{EnrollRequest, LoginRequest, RegisterRequest, SessionResponse};
use holm_client_types::frame::{self, DeviceFrame, FrameError, ServerFrame};
use holm_client_types::key_package::{
    ClaimRequest, ClaimResponse, KeyPackageCount, UploadKeyPackagesRequest,
};
use holm_client_types::room::{
    CommitRequest, CreateRoomRequest, EventsResponse, LeaveResponse, RoomsResponse, SentResponse,
    TreeResponse,
};
use holm_protocol::document::{Document, SignedDocument, Trust};
use holm_protocol::federation::{
    GroupInfoRequest, GroupInfoResponse, HeadsRequest, HeadsResponse, KeyMaterialRequest,
    KeyMaterialResponse, LogPage, NotifyRequest, NotifyResponse, SubmitRequest, SubmitResponse,
    UpdateRequest, UpdateResponse,
};
use holm_protocol::{PrivateKey, Problem, ServerName, json};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::input::Input;

/// Reads a body of one type; what is taken is written and read as the same value.
fn body<T: DeserializeOwned + Serialize>(bytes: &[u8]) {
    if let Ok(value) = json::from_slice::<T>(bytes) {
        let written = serde_json::to_vec(&value).expect("plain data");
        let again: T = json::from_slice(&written).expect("what is written can be read");
        let twice = serde_json::to_vec(&again).expect("plain data");
        assert_eq!(written, twice);
    }
}

/// Any JSON object: what the strict reader takes, the lenient one takes too, and no member of it
/// stands twice (ENC-4, ENC-5).
pub fn strict_json(bytes: &[u8]) {
    if let Ok(strict) = json::from_slice::<serde_json::Value>(bytes) {
        let lenient: serde_json::Value = serde_json::from_slice(bytes).expect("it is JSON");
        assert_eq!(strict, lenient);
        assert!(strict.is_object());
        let written = strict.to_string();
        assert!(json::from_slice::<serde_json::Value>(written.as_bytes()).is_ok());
    }
}

/// Requests and answers of the federation API; the first byte says which.
pub fn federation_bodies(bytes: &[u8]) {
    let readers: [fn(&[u8]); 15] = [
        body::<KeyMaterialRequest>,
        body::<KeyMaterialResponse>,
        body::<UpdateRequest>,
        body::<UpdateResponse>,
        body::<SubmitRequest>,
        body::<SubmitResponse>,
        body::<NotifyRequest>,
        body::<NotifyResponse>,
        body::<HeadsRequest>,
        body::<HeadsResponse>,
        body::<LogPage>,
        body::<GroupInfoRequest>,
        body::<GroupInfoResponse>,
        body::<SignedDocument>,
        body::<Document>,
    ];
    let mut input = Input::new(bytes);
    input.pick(&readers)(input.rest());
}

/// Requests and answers of the client API; the first byte says which.
pub fn client_bodies(bytes: &[u8]) {
    let readers: [fn(&[u8]); 15] = [
        body::<RegisterRequest>,
        body::<LoginRequest>,
        body::<SessionResponse>,
        body::<EnrollRequest>,
        body::<UploadKeyPackagesRequest>,
        body::<KeyPackageCount>,
        body::<ClaimRequest>,
        body::<ClaimResponse>,
        body::<CreateRoomRequest>,
        body::<RoomsResponse>,
        body::<CommitRequest>,
        body::<SentResponse>,
        body::<LeaveResponse>,
        body::<EventsResponse>,
        body::<TreeResponse>,
    ];
    let mut input = Input::new(bytes);
    input.pick(&readers)(input.rest());
}

/// Frames of both directions; the fast reader of a device's frames says what the plain one says
/// (SYNC-9, SYNC-10).
pub fn client_frames(bytes: &[u8]) {
    let plain = frame::read::<DeviceFrame>(bytes);
    same(&frame::read_device(bytes), &plain);
    if let Ok(frame) = plain {
        written(&frame);
    }
    if let Ok(frame) = frame::read::<ServerFrame>(bytes) {
        written(&frame);
    }
}

fn same<T: PartialEq + Debug>(fast: &Result<T, FrameError>, plain: &Result<T, FrameError>) {
    match (fast, plain) {
        (Ok(fast), Ok(plain)) => assert_eq!(fast, plain),
        (Err(FrameError::UnknownType(fast)), Err(FrameError::UnknownType(plain))) => {
            assert_eq!(fast, plain);
        }
        (Err(FrameError::Malformed(_)), Err(FrameError::Malformed(_))) => {}
        (fast, plain) => panic!("two readers, two answers: {fast:?} and {plain:?}"),
    }
}

fn written<F: frame::Frame + Serialize + PartialEq + Debug>(frame: &F) {
    let text = serde_json::to_vec(frame).expect("plain data");
    let again = frame::read::<F>(&text).expect("what is written can be read");
    assert_eq!(again, *frame);
}

/// Problems, as a peer's answer or a frame carries them.
pub fn problem(bytes: &[u8]) {
    if let Ok(problem) = json::from_slice::<Problem>(bytes) {
        let written = serde_json::to_vec(&problem).expect("plain data");
        let again: Problem = json::from_slice(&written).expect("what is written can be read");
        assert_eq!(again, problem);
        let _ = problem.to_string();
    }
}

/// A server document: as it comes with a signature, and once somebody who holds a root signed
/// these very bytes (DOC-1 to DOC-8).
pub fn server_document(bytes: &[u8]) {
    let name = ServerName::parse("islet.test").expect("a name");
    let root = PrivateKey::from_seed(&[9; 32]);
    if let Ok(signed) = json::from_slice::<SignedDocument>(bytes) {
        let _ = signed.verify(&name, &Trust::default(), 1);
    }
    let signature = root.sign(holm_protocol::signing::Label::DOCUMENT, &[bytes]);
    let signed = SignedDocument {
        document: bytes.to_vec().into(),
        root: root.public(),
        signature,
    };
    let now_ms = 1_700_000_000_000;
    if let Ok(verified) = signed.verify(&name, &Trust::default(), now_ms) {
        let content = verified.content();
        assert!(content.name == name && content.expires > now_ms);
        let keys = content.request_keys.iter().chain(&content.room_keys);
        for key in keys {
            let found = verified.request_key(&key.id, key.from);
            let found = found.or(verified.room_key(&key.id, key.from));
            assert_eq!(found.is_some(), key.from < key.until);
        }
        let stranger = Trust {
            pin: Some(PrivateKey::from_seed(&[8; 32]).public()),
            known: None,
        };
        assert!(
            verified
                .signed()
                .clone()
                .verify(&name, &stranger, now_ms)
                .is_err()
        );
    }
}
