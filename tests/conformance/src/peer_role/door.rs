//! What a homeserver of the kit answers to others, byte by byte: HTTP/1.1 written here and not by
//! a library, since a library answers nothing malformed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// A request that the homeserver was sent.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method.
    pub(crate) method: String,
    /// Path and query, as they stood.
    pub(crate) target: String,
    /// The whole head.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A whole answer.
    Full {
        /// Status.
        status: u16,
        /// Headers beside the length.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// These bytes, and the end of the connection.
    Raw(Vec<u8>),
    /// These bytes, and then a piece again and again until the other side has had enough.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes, and then one more each second.
    Drip(Vec<u8>),
    /// Nothing, while the connection stays.
    Silence,
    /// The end of the connection.
    Cut,
}

/// Answers a request, or leaves it to the next rule.
pub(crate) type Rule = Box<dyn FnMut(&Asked) -> Option<Reply> + Send>;

/// What a homeserver answers, and what it was asked.
#[derive(Default)]
pub(crate) struct Door {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    asked: Vec<Asked>,
}

/// A body that is longer is not read.
const BODY_LEN_MAX: usize = 8 * 1_024 * 1_024;
const HEAD_LEN_MAX: usize = 64 * 1_024;
/// Requests remembered.
const ASKED_MAX: usize = 4_096;
/// How much of an endless answer is offered before the case counts as failed.
const ENDLESS_LEN_MAX: usize = 256 * 1_024 * 1_024;

impl Reply {
    /// JSON with status 200.
    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::body(200, "application/json", value.to_string().into_bytes())
    }

    /// A body of a kind.
    pub(crate) fn body(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Full {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.into(),
        }
    }

    /// A problem.
    pub(crate) fn problem(status: u16, code: &str) -> Self {
        let body = serde_json::json!({
            "type": format!("urn:holm:problem:{code}"), "title": "No", "status": status,
            "code": code, "detail": "as the case wants it",
        });
        Self::body(status, "application/problem+json", body.to_string())
    }
}

impl Door {
    /// Answers by this rule before all others.
    pub(crate) fn rule(&self, rule: impl FnMut(&Asked) -> Option<Reply> + Send + 'static) {
        self.state().rules.push(Box::new(rule));
    }

    /// Answers requests whose path begins so.
    pub(crate) fn answer(&self, path: &str, reply: Reply) {
        let path = path.to_owned();
        self.rule(move |asked| asked.target.starts_with(&path).then(|| reply.clone()));
    }

    /// Requests so far whose path begins so.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let state = self.state();
        let asked = state.asked.iter().filter(|a| a.target.starts_with(path));
        asked.cloned().collect()
    }

    /// Waits for a request that is looked for; `None` after so long.
    pub(crate) async fn wait(
        &self,
        limit: Duration,
        mut wanted: impl FnMut(&Asked) -> bool,
    ) -> Option<Asked> {
        let looking = async {
            loop {
                let news = self.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                let found = self.state().asked.iter().find(|a| wanted(a)).cloned();
                if let Some(found) = found {
                    return found;
                }
                news.await;
            }
        };
        tokio::time::timeout(limit, looking).await.ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decide(&self, asked: Asked) -> Reply {
        let mut state = self.state();
        let replies = state.rules.iter_mut().rev().find_map(|rule| rule(&asked));
        if state.asked.len() < ASKED_MAX {
            state.asked.push(asked);
        }
        drop(state);
        self.news.notify_waiters();
        replies.unwrap_or_else(|| Reply::problem(404, "not_found"))
    }
}

/// Serves until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, acceptor: TlsAcceptor, door: Arc<Door>) {
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            continue;
        };
        let (acceptor, door) = (acceptor.clone(), Arc::clone(&door));
        tokio::spawn(async move { connection(tcp, acceptor, door).await });
    }
}

/// Connections that break are the other side's affair.
async fn connection(tcp: TcpStream, acceptor: TlsAcceptor, door: Arc<Door>) -> Option<()> {
    let mut stream = acceptor.accept(tcp).await.ok()?;
    let mut unread = Vec::new();
    while let Some(asked) = read_request(&mut stream, &mut unread).await {
        match door.decide(asked) {
            Reply::Full {
                status,
                headers,
                body,
            } => write_full(&mut stream, status, &headers, &body).await?,
            Reply::Raw(bytes) => {
                write(&mut stream, &bytes).await?;
                break;
            }
            Reply::Endless(head, piece) => {
                write(&mut stream, &head).await?;
                for _ in 0..ENDLESS_LEN_MAX / piece.len().max(1) {
                    write(&mut stream, &piece).await?;
                }
            }
            Reply::Drip(bytes) => drip(&mut stream, &bytes).await?,
            Reply::Silence => std::future::pending().await,
            Reply::Cut => return None,
        }
    }
    stream.shutdown().await.ok()
}

async fn write_full<S: AsyncWrite + Unpin>(
    stream: &mut S,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> Option<()> {
    let mut head = format!("HTTP/1.1 {status} \r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        for part in [name, ": ", value, "\r\n"] {
            head.push_str(part);
        }
    }
    head.push_str("\r\n");
    write(stream, head.as_bytes()).await?;
    write(stream, body).await
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> Option<()> {
    stream.write_all(bytes).await.ok()?;
    stream.flush().await.ok()
}

async fn drip<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> Option<()> {
    write(stream, bytes).await?;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        write(stream, b" ").await?;
    }
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut S, unread: &mut Vec<u8>) -> Option<Asked> {
    let end = loop {
        match unread.windows(4).position(|w| w == b"\r\n\r\n") {
            Some(end) => break end + 4,
            None if unread.len() > HEAD_LEN_MAX => return None,
            None => fill(stream, unread).await?,
        }
    };
    let head = String::from_utf8_lossy(&unread[..end]).into_owned();
    unread.drain(..end);
    let len = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    let len = len.unwrap_or(0);
    if len > BODY_LEN_MAX {
        return None;
    }
    while unread.len() < len {
        fill(stream, unread).await?;
    }
    let body: Vec<u8> = unread.drain(..len).collect();
    let mut words = head.split(' ');
    Some(Asked {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        body,
        head,
    })
}

async fn fill<S: AsyncRead + Unpin>(stream: &mut S, unread: &mut Vec<u8>) -> Option<()> {
    unread.reserve(16 * 1_024);
    let len = stream.read_buf(unread).await.ok()?;
    (len > 0).then_some(())
}
