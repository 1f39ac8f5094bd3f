//! Documents of other servers that held (DOC-2, DOC-6): exact bytes, root and signature.

use holm_core::ports::{PeerStore, RootMemory, Stored};
use holm_protocol::document::SignedDocument;
use holm_protocol::{PublicKey, ServerName, Signature};
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::failure::Failure;
use super::row::{Cells, stored_number};

impl PeerStore for Sqlite {
    fn document<'a>(&'a self, server: &'a ServerName) -> Stored<'a, Option<SignedDocument>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(DOCUMENT).bind(server.as_str());
            let row = query.fetch_optional(reading.connection()).await?;
            row.map(|row| document(&row, server)).transpose()
        })
    }

    fn put_document<'a>(
        &'a self,
        server: &'a ServerName,
        document: &'a SignedDocument,
    ) -> Stored<'a, ()> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let query = sqlx::query(PUT_DOCUMENT)
                .bind(server.as_str())
                .bind(&document.root.0[..])
                .bind(&document.signature.0[..])
                .bind(document.document.as_slice());
            query.execute(transaction.connection()).await?;
            transaction.commit().await
        })
    }

    fn root_memory<'a>(&'a self, server: &'a ServerName) -> Stored<'a, RootMemory> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(ROOT_MEMORY).bind(server.as_str());
            let row = query.fetch_optional(reading.connection()).await?;
            row.map_or(Ok(RootMemory::default()), |row| root_memory(&row, server))
        })
    }

    fn put_root_memory<'a>(
        &'a self,
        server: &'a ServerName,
        memory: &'a RootMemory,
    ) -> Stored<'a, ()> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let since = memory.new_pin.map(|(_, since)| stored_number(since));
            let query = sqlx::query(PUT_ROOT_MEMORY)
                .bind(server.as_str())
                .bind(memory.new_pin.map(|(pin, _)| pin.0.to_vec()))
                .bind(since.transpose()?)
                .bind(memory.accepted.map(|root| root.0.to_vec()))
                .bind(memory.replaced);
            query.execute(transaction.connection()).await?;
            transaction.commit().await
        })
    }

    fn replaced(&self) -> Stored<'_, Vec<ServerName>> {
        self.names(REPLACED)
    }

    fn blocked(&self) -> Stored<'_, Vec<ServerName>> {
        self.names(BLOCKED)
    }

    fn set_blocked<'a>(&'a self, server: &'a ServerName, blocked: bool) -> Stored<'a, ()> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let query = sqlx::query(SET_BLOCKED).bind(server.as_str()).bind(blocked);
            query.execute(transaction.connection()).await?;
            transaction.commit().await
        })
    }
}

impl Sqlite {
    fn names(&self, statement: &'static str) -> Stored<'_, Vec<ServerName>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let rows = sqlx::query(statement)
                .fetch_all(reading.connection())
                .await?;
            let name =
                |row: &SqliteRow| Cells::new(row, "known_server", &"a list").parsed("server");
            rows.iter().map(name).collect()
        })
    }
}

fn root_memory(row: &SqliteRow, server: &ServerName) -> Result<RootMemory, Failure> {
    let cells = Cells::new(row, "known_server", server);
    let key = |column| {
        let there = cells.get::<Option<&[u8]>>(column)?.is_some();
        there
            .then(|| cells.array(column).map(PublicKey))
            .transpose()
    };
    let since = cells.optional_number("new_pin_since")?;
    Ok(RootMemory {
        new_pin: key("new_pin")?.zip(since),
        accepted: key("accepted")?,
        replaced: cells.get("replaced")?,
    })
}

fn document(row: &SqliteRow, server: &ServerName) -> Result<SignedDocument, Failure> {
    let cells = Cells::new(row, "server_document", server);
    Ok(SignedDocument {
        document: cells.bytes("document")?.into(),
        root: PublicKey(cells.array("root")?),
        signature: Signature(cells.array("signature")?),
    })
}

const DOCUMENT: &str = "SELECT root, signature, document FROM server_document WHERE server = ?1";

const PUT_DOCUMENT: &str = "INSERT INTO server_document (server, root, signature, document) \
     VALUES (?1, ?2, ?3, ?4) ON CONFLICT (server) DO UPDATE SET root = excluded.root, \
     signature = excluded.signature, document = excluded.document";

const ROOT_MEMORY: &str = "SELECT new_pin, new_pin_since, accepted, replaced FROM known_server \
     WHERE server = ?1";

const PUT_ROOT_MEMORY: &str = "INSERT INTO known_server \
     (server, new_pin, new_pin_since, accepted, replaced) VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT (server) DO UPDATE SET new_pin = excluded.new_pin, \
     new_pin_since = excluded.new_pin_since, accepted = excluded.accepted, \
     replaced = excluded.replaced";

const REPLACED: &str = "SELECT server FROM known_server WHERE replaced ORDER BY server";

const BLOCKED: &str = "SELECT server FROM known_server WHERE blocked ORDER BY server";

const SET_BLOCKED: &str = "INSERT INTO known_server (server, blocked) VALUES (?1, ?2) \
     ON CONFLICT (server) DO UPDATE SET blocked = excluded.blocked";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    DOCUMENT,
    PUT_DOCUMENT,
    ROOT_MEMORY,
    PUT_ROOT_MEMORY,
    REPLACED,
    BLOCKED,
    SET_BLOCKED,
];
