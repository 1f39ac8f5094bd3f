//! Documents of other servers (DOC-2, DOC-6).

use holm_core::ports::PeerStore;
use holm_protocol::PrivateKey;
use holm_protocol::document::SignedDocument;
use holm_protocol::signing::Label;

use crate::names::server;
use crate::subject::Running;

#[tokio::test]
async fn the_last_document_is_kept_as_it_was_signed() {
    let running = Running::memory().await;
    let (store, skerry) = (&running.store, server("skerry.test"));
    let root = PrivateKey::from_seed(&[7; 32]);
    let document = |text: &str| SignedDocument {
        document: text.as_bytes().to_vec().into(),
        root: root.public(),
        signature: root.sign(Label::DOCUMENT, &[text.as_bytes()]),
    };
    assert_eq!(store.document(&skerry).await.unwrap(), None);
    for text in ["{ \"serial\": 1 }", "{\"serial\":2}"] {
        store.put_document(&skerry, &document(text)).await.unwrap();
        assert_eq!(store.document(&skerry).await.unwrap(), Some(document(text)));
    }
    assert_eq!(store.document(&server("atoll.test")).await.unwrap(), None);
}
