//! The server's side of the socket.

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use holm_core::ports::Tasks as _;
use holm_protocol::{Code, Problem};
use tokio::net::UnixListener;

use super::socket::ShortFolder;
use super::state::Operator;
use super::{SOCKET_FILE, router};
use crate::refusal::Refusal;
use crate::runtime::TokioTasks;

/// A folder of the owner alone in which the socket is made, until its mode is right.
const DRAFT_FOLDER: &str = "operator.new";
/// Bytes of a request's body.
const BODY_LEN_MAX: usize = 1024 * 1024;
/// Time for one answer; the longest question, the doctor's, takes 30 seconds.
const ANSWER_TIME_MAX: Duration = Duration::from_mins(1);

/// Opens the door in the data folder `data`, which this process holds the lock of, until `tasks`
/// stop. A server without its door serves all the same, so a failure is told and no more.
pub(crate) fn open(data: &Path, operator: Operator, tasks: &TokioTasks) {
    open_router(data, router(operator), tasks);
}

pub(super) fn open_router(data: &Path, router: Router, tasks: &TokioTasks) {
    let listener = match bind(data) {
        Ok(listener) => listener,
        Err(error) => {
            let socket = data.join(SOCKET_FILE);
            tracing::error!(socket = %socket.display(), %error,
                "the operator's socket can't be made, so `holm peers` and other commands can't \
                 reach this server; the data folder must be on a file system that holds sockets");
            return;
        }
    };
    let router = bounded(router);
    let serve = async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the operator's socket has failed");
        }
    };
    tasks.spawn("operator", Box::pin(serve));
}

/// Makes the socket, in place of an older one, so that at no moment anybody but the owner could
/// connect to it.
fn bind(data: &Path) -> std::io::Result<UnixListener> {
    let folder = data.join(DRAFT_FOLDER);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    DirBuilder::new().mode(0o700).create(&folder)?;
    let short = ShortFolder::of(&folder)?;
    let listener = UnixListener::bind(short.join(SOCKET_FILE))?;
    let draft = folder.join(SOCKET_FILE);
    std::fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
    std::fs::rename(&draft, data.join(SOCKET_FILE))?;
    std::fs::remove_dir(&folder)?;
    Ok(listener)
}

/// The router with bounds on body and time.
fn bounded(router: Router) -> Router {
    router
        .layer(DefaultBodyLimit::max(BODY_LEN_MAX))
        .layer(middleware::from_fn(in_time))
}

async fn in_time(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(ANSWER_TIME_MAX, next.run(request)).await;
    answer.unwrap_or_else(|_elapsed| {
        let text = "the server did not come to an answer within a minute";
        Refusal::from(Problem::new(Code::Timeout, text)).into_response()
    })
}
