//! What the servers have in the end, read from their databases once they have stopped.

use holm_core::ports::{LogStore, RoomStore};
use holm_history::Observation;
use holm_protocol::bundle::CommitBody;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Event, EventKind, RoomUri, ServerName};
use holm_storage::{Drive, Sqlite};

use crate::Failure;
use crate::stage::Stage;

/// Entries read at a time, and their bytes.
const PAGE: (usize, usize) = (1_000, 16 * 1024 * 1024);

/// Records every server's copy of every room.
pub(crate) async fn record(stage: &Stage) -> Result<(), Failure> {
    for server in stage.lab.servers() {
        let (store, writer) = Sqlite::open(&server.data_dir(), Drive::Await).await?;
        let writer = tokio::spawn(writer.run());
        for (room, ..) in store.all_rooms().await? {
            copy(stage, &store, server.domain(), &room).await?;
        }
        drop(store);
        writer.abort();
    }
    Ok(())
}

async fn copy(
    stage: &Stage,
    store: &Sqlite,
    server: &ServerName,
    room: &RoomUri,
) -> Result<(), Failure> {
    let (mut after, mut first) = (0, None);
    let mut hashes = Vec::new();
    loop {
        let page = store.read(room, after, PAGE.0, PAGE.1).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in &page {
            first.get_or_insert(entry.seq);
            let event = Event::from_bytes(&entry.event)?;
            hashes.push(event.hash());
            if let Some(observation) = epoch(room, &event) {
                stage.scribe().record(observation);
            }
        }
    }
    if let Some(first) = first {
        stage.scribe().record(Observation::ServerCopy {
            server: server.clone(),
            room: room.clone(),
            first,
            hashes,
        });
    }
    Ok(())
}

/// Which epoch a commit ends, or a message was encrypted in.
fn epoch(room: &RoomUri, event: &Event) -> Option<Observation> {
    let (room, seq) = (room.clone(), event.header.seq);
    match event.header.kind {
        EventKind::MESSAGE => {
            let epoch = MlsHeader::read(event.body.as_slice())?.epoch;
            Some(Observation::Encrypted { room, seq, epoch })
        }
        EventKind::COMMIT => {
            let body: CommitBody = holm_protocol::encoding::decode(event.body.as_slice()).ok()?;
            let epoch = MlsHeader::read(body.commit.as_slice())?.epoch;
            Some(Observation::Committed { room, epoch, seq })
        }
        _ => None,
    }
}
