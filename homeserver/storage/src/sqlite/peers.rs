//! Documents of other servers that held (DOC-2, DOC-6): exact bytes, root and signature.

use holm_core::ports::{PeerStore, Stored};
use holm_protocol::document::SignedDocument;
use holm_protocol::{PublicKey, ServerName, Signature};
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::failure::Failure;
use super::row::Cells;

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

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[DOCUMENT, PUT_DOCUMENT];
