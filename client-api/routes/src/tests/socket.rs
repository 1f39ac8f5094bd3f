//! The WebSocket over real connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Body;
use futures::{SinkExt, StreamExt};
use holm_client_types::frame::{DeviceFrame, ServerFrame, close};
use holm_protocol::limits::FRAME_IN_LEN_MAX;
use holm_protocol::{Code, Problem};
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{Request, Response, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::site::Site;

type Opened = (WebSocketStream<TcpStream>, Response<Option<Vec<u8>>>);

async fn served(site: &Site) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = site.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn open(
    address: SocketAddr,
    protocols: &[&str],
    token: Option<&str>,
) -> Result<Opened, Error> {
    let mut request = format!("ws://{address}/client/v1/sync")
        .into_client_request()
        .unwrap();
    let headers = request.headers_mut();
    for protocol in protocols {
        headers.append(SEC_WEBSOCKET_PROTOCOL, protocol.parse().unwrap());
    }
    if let Some(token) = token {
        let value = format!("Bearer {token}");
        headers.insert(AUTHORIZATION, value.parse().unwrap());
    }
    let stream = TcpStream::connect(address).await.unwrap();
    client_async(request, stream).await
}

fn refused(result: Result<Opened, Error>) -> Code {
    let Err(Error::Http(response)) = result else {
        panic!("a refusal over HTTP is expected");
    };
    let body = response.body().as_deref().unwrap();
    serde_json::from_slice::<Problem>(body).unwrap().code
}

async fn hello(socket: &mut WebSocketStream<TcpStream>) {
    let cursors = BTreeMap::new();
    let hello = serde_json::to_string(&DeviceFrame::Hello { cursors }).unwrap();
    socket.send(Message::text(hello)).await.unwrap();
    let frame = socket.next().await.unwrap().unwrap();
    let caught_up = serde_json::to_string(&ServerFrame::CaughtUp).unwrap();
    assert_eq!(frame, Message::text(caught_up));
}

async fn closed_with(socket: &mut WebSocketStream<TcpStream>) -> u16 {
    match socket.next().await.unwrap().unwrap() {
        Message::Close(Some(frame)) => frame.code.into(),
        other => panic!("a close is expected, not {other:?}"),
    }
}

// SYNC-1, SYNC-3, SYNC-7, SYNC-14
#[tokio::test]
async fn a_device_connects_catches_up_and_is_told_when_the_server_stops() {
    let site = Site::new();
    let (address, token) = (served(&site).await, site.enrolled_token());
    let opened = open(address, &["holm.v1.json"], Some(&token)).await;
    let (mut socket, response) = opened.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()[SEC_WEBSOCKET_PROTOCOL], "holm.v1.json");
    hello(&mut socket).await;
    assert_eq!(site.sockets.len(), 1);
    let told = async {
        assert_eq!(closed_with(&mut socket).await, close::RESTART);
        while socket.next().await.is_some() {}
    };
    futures::future::join(site.sockets.stop(), told).await;
    assert!(site.sockets.is_empty());
}

// SYNC-7
#[tokio::test]
async fn a_browser_brings_its_token_as_a_subprotocol_which_is_not_echoed() {
    let site = Site::new();
    let (address, token) = (served(&site).await, site.enrolled_token());
    let bearer = format!("holm.bearer.{token}");
    let in_one = format!("holm.v1.json, {bearer}");
    for protocols in [&["holm.v1.json", &*bearer][..], &[&*in_one][..]] {
        let (mut socket, response) = open(address, protocols, None).await.unwrap();
        let chosen: Vec<_> = response
            .headers()
            .get_all(SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .collect();
        assert_eq!(chosen, ["holm.v1.json"]);
        hello(&mut socket).await;
    }
}

// SYNC-7, API-2, API-3
#[tokio::test]
async fn what_may_not_connect_is_refused_over_http() {
    let site = Site::new();
    let address = served(&site).await;
    let (token, fresh) = (site.enrolled_token(), site.fresh_token());
    let bearer = format!("holm.bearer.{token}");
    let v1 = "holm.v1.json";
    let cases: [(&[&str], Option<&str>, Code); 7] = [
        (&[v1], None, Code::Unauthenticated),
        (&[v1], Some("wrong"), Code::Unauthenticated),
        (&[v1, "holm.bearer."], None, Code::Unauthenticated),
        (&[v1], Some(&fresh), Code::Forbidden),
        (&[v1, &bearer], Some(&token), Code::Malformed),
        (&[v1, &bearer, &bearer], None, Code::Malformed),
        (&["holm.v2.json"], Some(&token), Code::Malformed),
    ];
    for (protocols, header, code) in cases {
        let result = open(address, protocols, header).await;
        assert_eq!(refused(result), code, "{protocols:?}");
    }
    assert_eq!(
        refused(open(address, &[], Some(&token)).await),
        Code::Malformed
    );
}

// SYNC-7
#[tokio::test]
async fn a_request_that_is_no_upgrade_is_refused() {
    let site = Site::new();
    let header = format!("Bearer {}", site.enrolled_token());
    let request = Request::get("/client/v1/sync").header(AUTHORIZATION, header);
    let answer = site.answer(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.problem().code, Code::Malformed);
}

// LIM-7, SYNC-11
#[tokio::test]
async fn a_device_that_sends_three_mebibytes_learns_why_it_is_closed() {
    let site = Site::new();
    let (address, token) = (served(&site).await, site.enrolled_token());
    let opened = open(address, &["holm.v1.json"], Some(&token)).await;
    let (mut socket, _) = opened.unwrap();
    hello(&mut socket).await;
    let frame = "x".repeat(24 * FRAME_IN_LEN_MAX);
    socket.send(Message::text(frame)).await.unwrap();
    assert_eq!(closed_with(&mut socket).await, close::TOO_LARGE);
}
