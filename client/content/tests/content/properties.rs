//! Any content comes back as it was; any bytes are read once or refused.

use holm_content::{
    Body, Content, Disposition, Expiry, Extensions, External, Key, MessageId, Part, Salt, Secret,
    Semantics,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

fn message_id() -> impl Strategy<Value = MessageId> {
    any::<[u8; 32]>().prop_map(|mut bytes| {
        bytes[0] = 1;
        MessageId::from_bytes(&bytes).unwrap()
    })
}

fn expiry() -> impl Strategy<Value = Expiry> {
    prop_oneof![
        any::<u32>().prop_map(Expiry::At),
        any::<u32>().prop_map(Expiry::AfterRead),
    ]
}

fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn external() -> impl Strategy<Value = External> {
    let place = (
        ".{0,20}",
        ".{0,20}",
        any::<u32>(),
        any::<u64>(),
        any::<u16>(),
    );
    let secrets = (
        some_bytes(),
        some_bytes(),
        some_bytes(),
        any::<u8>(),
        some_bytes(),
    );
    (place, secrets, ".{0,9}").prop_map(|((kind, url, expires, size, enc_alg), secrets, name)| {
        let (key, nonce, aad, hash_alg, content_hash) = secrets;
        External {
            content_type: kind,
            url,
            expires,
            size,
            enc_alg,
            key: Secret(key),
            nonce,
            aad,
            hash_alg,
            content_hash,
            description: name.clone(),
            filename: name,
        }
    })
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        Just(Body::Null),
        (".{0,30}", some_bytes()).prop_map(|(content_type, content)| Body::Single {
            content_type,
            content,
        }),
        external().prop_map(|at| Body::External(Box::new(at))),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    let leaf = (any::<u8>(), "[a-z]{0,3}", body()).prop_map(|(disposition, language, body)| Part {
        disposition: Disposition(disposition),
        language,
        body,
    });
    leaf.prop_recursive(3, 24, 4, |inner| {
        let semantics = prop_oneof![
            Just(Semantics::ChooseOne),
            Just(Semantics::SingleUnit),
            Just(Semantics::ProcessAll),
        ];
        (semantics, vec(inner, 2..4)).prop_map(|(semantics, parts)| {
            Part::new(Disposition::RENDER, Body::Multi { semantics, parts })
        })
    })
}

fn extensions() -> impl Strategy<Value = Extensions> {
    let key = prop_oneof![
        (-9_000_000_000_000_000_i64..9_000_000_000_000_000).prop_map(Key::Number),
        (-300_i64..300).prop_map(Key::Number),
        "[a-z]{1,30}".prop_map(Key::Text),
    ];
    vec((key, ".{0,20}"), 0..6).prop_map(|all| {
        let mut extensions = Extensions::default();
        for (key, text) in all {
            extensions.set_text(key, &text).unwrap();
        }
        extensions
    })
}

fn content() -> impl Strategy<Value = Content> {
    let fields = (
        any::<[u8; 16]>(),
        option::of(message_id()),
        some_bytes(),
        option::of(expiry()),
        option::of(message_id()),
        extensions(),
        part(),
    );
    fields.prop_map(
        |(salt, replaces, topic, expires, in_reply_to, extensions, body)| Content {
            salt: Salt(salt),
            replaces,
            topic,
            expires,
            in_reply_to,
            extensions,
            body,
        },
    )
}

proptest! {
    // MSG-2
    #[test]
    fn a_content_comes_back_as_it_was(content in content()) {
        let bytes = content.to_bytes().unwrap();
        prop_assert_eq!(Content::from_bytes(&bytes).unwrap(), content);
    }

    // MSG-2, SEC-1
    #[test]
    fn what_is_read_of_changed_bytes_encodes_to_those_bytes(
        content in content(),
        changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = content.to_bytes().unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(read) = Content::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes().unwrap(), bytes);
            let _ = (read.meaning(), holm_content::pieces(&read.body).len());
        }
    }
}
