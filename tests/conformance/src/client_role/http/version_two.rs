//! HTTP/2: what its frames can be made to cost (R24; RFC 9113).

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client_role::fault::{Check, During, ensure, fault};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;
use crate::client_role::wire::PATIENCE;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
const END_STREAM: u8 = 1;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("http2.answers", answers),
        named("http2.rapid_reset", |s| {
            flood(s, |n| {
                let id = 2 * n + 1;
                [
                    frame(HEADERS, END_HEADERS | END_STREAM, id, &request()),
                    frame(RST_STREAM, 0, id, &[0, 0, 0, 8]),
                ]
                .concat()
            })
        }),
        named("http2.continuation", |s| {
            flood(s, |n| match n {
                0 => frame(HEADERS, 0, 1, &request()),
                _ => frame(CONTINUATION, 0, 1, b"\x00\x01x\x01y"),
            })
        }),
        named("http2.empty_data", |s| {
            flood(s, |n| match n {
                0 => frame(HEADERS, END_HEADERS, 1, &request()),
                _ => frame(DATA, 0, 1, b""),
            })
        }),
        named("http2.pings", |s| flood(s, |_| frame(PING, 0, 0, &[7; 8]))),
        named("http2.settings", |s| {
            flood(s, |_| frame(SETTINGS, 0, 0, b""))
        }),
        named("http2.noise", |s| flood(s, |_| vec![0xa5; 64])),
    ]
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len())
        .unwrap_or_default()
        .to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET /health` in HPACK, without the dynamic table: method, scheme, path, authority.
fn request() -> Vec<u8> {
    let path = b"/health";
    let host = b"h2.example";
    let mut block = vec![0x82, 0x87, 0x04, 7];
    block.extend_from_slice(path);
    block.extend_from_slice(&[0x01, 10]);
    block.extend_from_slice(host);
    block
}

/// An HTTP/2 connection; `None` where the server does not speak it.
async fn open(site: &Site) -> Check<Option<TlsStream<TcpStream>>> {
    let mut tls = (*site.door.tls).clone();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(site.door.address)
        .await
        .during("connecting")?;
    let connector = TlsConnector::from(Arc::new(tls));
    let connecting = connector.connect(site.door.host_name.clone(), stream);
    let mut stream = connecting.await.during("TLS handshake")?;
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Ok(None);
    }
    let hello = [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat();
    stream.write_all(&hello).await.during("the preface")?;
    Ok(Some(stream))
}

async fn answers(site: Arc<Site>) -> Check {
    let Some(mut stream) = open(&site).await? else {
        return Ok(());
    };
    let asked = frame(HEADERS, END_HEADERS | END_STREAM, 1, &request());
    stream.write_all(&asked).await.during("a request")?;
    loop {
        let mut head = [0; 9];
        let read = timeout(PATIENCE, stream.read_exact(&mut head)).await;
        read.during("no answer")?.during("no answer")?;
        let len = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(len).unwrap_or_default()];
        stream.read_exact(&mut payload).await.during("an answer")?;
        match (head[3], payload.first()) {
            // 0x88 is `:status: 200` in HPACK's static table.
            (HEADERS, Some(0x88)) => return Ok(()),
            (HEADERS | RST_STREAM, _) => return fault(format!("the request got {payload:?}")),
            _ => {}
        }
    }
}

/// Writes ten thousand of something; the server may close at any point and has to be well.
async fn flood(site: Arc<Site>, nth: fn(u32) -> Vec<u8>) -> Check {
    let Some(stream) = open(&site).await? else {
        return Ok(());
    };
    let (mut read, mut write) = tokio::io::split(stream);
    // What it answers is read, so that it is not held up by us.
    let reading = async {
        let mut buffer = vec![0; 16 * 1_024];
        while matches!(read.read(&mut buffer).await, Ok(1..)) {}
    };
    let writing = async {
        for n in 0..100_u32 {
            let many: Vec<u8> = (100 * n..100 * (n + 1)).flat_map(nth).collect();
            if write.write_all(&many).await.is_err() {
                return;
            }
        }
        // A connection that was not closed is ended by us.
        write.shutdown().await.ok();
    };
    let both = futures::future::join(timeout(PATIENCE, reading), timeout(PATIENCE, writing));
    let (read, written) = both.await;
    ensure(read.is_ok() && written.is_ok(), || {
        "the server neither reads nor closes".to_owned()
    })
}
