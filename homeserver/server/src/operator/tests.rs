//! The door from both sides, without a server behind it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use axum::Json;
use holm_protocol::Code;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::body::Body;
use super::endpoint::Endpoint;
use super::{Client, ClientError, PEERS, SOCKET_FILE, door};
use crate::refusal::Refusal;
use crate::runtime::TokioTasks;

const DOUBLE: Endpoint<Number, Number> = Endpoint::takes("/operator/v1/double");

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Number {
    number: u64,
}

fn number(number: u64) -> Number {
    Number { number }
}

/// A door with one endpoint.
fn open(data: &Path, tasks: &TokioTasks) {
    let double = |Body(Number { number }): Body<Number>| async move {
        Ok::<_, Refusal>(Json(self::number(number * 2)))
    };
    let router = axum::Router::new()
        .route(DOUBLE.path(), axum::routing::post(double))
        .fallback(super::refusal::not_found);
    door::open_router(data, router, tasks);
}

#[tokio::test]
async fn the_socket_is_the_owners_alone_and_made_anew_at_every_start() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let tasks = TokioTasks::new(CancellationToken::new());
        open(folder.path(), &tasks);
        let socket = folder.path().join(SOCKET_FILE);
        let mode = std::fs::metadata(socket).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let client = Client::of_folder(folder.path());
        assert_eq!(client.ask(&DOUBLE, &number(21)).await.unwrap(), number(42));
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "only the socket stays: {left:?}");
}

#[tokio::test]
async fn a_folder_with_a_long_path_has_a_door_too() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a".repeat(100)).join("b".repeat(100));
    std::fs::create_dir_all(&deep).unwrap();
    open(&deep, &TokioTasks::new(CancellationToken::new()));
    let client = Client::of_folder(&deep);
    assert_eq!(client.ask(&DOUBLE, &number(4)).await.unwrap(), number(8));
}

#[tokio::test]
async fn without_a_server_the_command_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::of_folder(folder.path());
    let error = client.ask(&PEERS, &()).await.unwrap_err();
    assert!(matches!(error, ClientError::NotRunning(_)), "{error}");
    assert!(error.to_string().contains("fix: start it"), "{error}");
    // A server that ended without a word leaves its socket.
    drop(std::os::unix::net::UnixListener::bind(folder.path().join(SOCKET_FILE)).unwrap());
    let error = client.ask(&PEERS, &()).await.unwrap_err();
    assert!(matches!(error, ClientError::NotRunning(_)), "{error}");
}

#[tokio::test]
async fn what_the_server_does_not_know_or_cannot_read_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), &TokioTasks::new(CancellationToken::new()));
    let client = Client::of_folder(folder.path());
    let code = |error| match error {
        ClientError::Refused(problem) => problem.code,
        error => panic!("{error}"),
    };
    let unknown = client.ask(&PEERS, &()).await.unwrap_err();
    assert_eq!(code(unknown), Code::NotFound);
    let text: Endpoint<&str, Number> = Endpoint::takes(DOUBLE.path());
    let malformed = client.ask(&text, &"no number").await.unwrap_err();
    assert_eq!(code(malformed), Code::Malformed);
}
