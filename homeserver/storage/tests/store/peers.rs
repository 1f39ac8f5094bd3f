//! What is remembered of other servers: documents, roots, blocks (DOC-2, DOC-6, DOC-9, DISC-11).

use holm_core::ports::{PeerStore, RootMemory};
use holm_protocol::document::SignedDocument;
use holm_protocol::signing::Label;
use holm_protocol::{PrivateKey, PublicKey};

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

#[tokio::test]
async fn what_was_seen_of_a_root_is_kept_beside_the_block() {
    // DISC-11, DOC-9, FED-21
    let running = Running::memory().await;
    let (store, skerry) = (&running.store, server("skerry.test"));
    let nothing = RootMemory::default();
    assert_eq!(store.root_memory(&skerry).await.unwrap(), nothing);
    let memory = RootMemory {
        new_pin: Some((PublicKey([3; 32]), 17)),
        accepted: Some(PublicKey([4; 32])),
        replaced: true,
    };
    store.set_blocked(&skerry, true).await.unwrap();
    for memory in [memory, nothing, memory] {
        store.put_root_memory(&skerry, &memory).await.unwrap();
        assert_eq!(store.root_memory(&skerry).await.unwrap(), memory);
    }
    assert_eq!(
        store.replaced().await.unwrap(),
        std::slice::from_ref(&skerry)
    );
    assert_eq!(
        store.blocked().await.unwrap(),
        std::slice::from_ref(&skerry)
    );
    store.set_blocked(&skerry, false).await.unwrap();
    assert!(store.blocked().await.unwrap().is_empty());
    assert_eq!(store.root_memory(&skerry).await.unwrap(), memory);
}
