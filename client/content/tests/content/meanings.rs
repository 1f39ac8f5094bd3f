//! What contents do, and what of them is shown.

use holm_content::{Content, Disposition, Meaning, MessageId, Part, Piece, Semantics, pieces};

use crate::fixtures::{markdown, multi, plain, reaction, says};

fn id(byte: u8) -> MessageId {
    let mut bytes = [byte; 32];
    bytes[0] = 1;
    MessageId::from_bytes(&bytes).unwrap()
}

fn texts(body: &Part) -> Vec<String> {
    let shown = pieces(body).into_iter();
    shown
        .map(|piece| match piece {
            Piece::Text(text) => text.source,
            Piece::External(_, at) => at.filename.clone(),
            Piece::Other { content_type, .. } => format!("[{content_type}]"),
        })
        .collect()
}

fn unknown() -> Part {
    Part::single(Disposition::RENDER, "application/x-poll", b"?")
}

// MSG-6
#[test]
fn what_a_content_does_is_read_off_its_fields() {
    let base = says(plain("hi"));
    let with = |replaces, in_reply_to, body| {
        let content = Content {
            replaces,
            in_reply_to,
            body,
            ..base.clone()
        };
        content.meaning()
    };
    let (one, other) = (Some(id(1)), Some(id(2)));
    assert_eq!(with(None, None, plain("a")), Meaning::Message);
    assert_eq!(with(None, one, plain("a")), Meaning::Message);
    assert_eq!(with(None, None, Part::null()), Meaning::Nothing);
    assert_eq!(with(one, None, plain("a")), Meaning::Edit(id(1)));
    assert_eq!(with(one, other, plain("a")), Meaning::Edit(id(1)));
    assert_eq!(with(one, other, Part::null()), Meaning::Delete(id(1)));
    let liked = Meaning::Reaction {
        to: id(2),
        texts: vec!["+1".into()],
    };
    assert_eq!(with(None, other, reaction("+1")), liked);
    // A reaction to nothing is a message.
    assert_eq!(with(None, None, reaction("+1")), Meaning::Message);
}

// MSG-6
#[test]
fn several_reactions_of_one_message_are_several() {
    let mut both = multi(Semantics::ProcessAll, vec![reaction("a"), reaction("b")]);
    both.disposition = Disposition::REACTION;
    let content = Content {
        in_reply_to: Some(id(1)),
        ..says(both)
    };
    let liked = Meaning::Reaction {
        to: id(1),
        texts: vec!["a".into(), "b".into()],
    };
    assert_eq!(content.meaning(), liked);
}

// MSG-4, MSG-7
#[test]
fn of_parts_to_choose_from_the_first_that_is_known_is_shown() {
    let choice = multi(
        Semantics::ChooseOne,
        vec![unknown(), markdown("*b*"), plain("b")],
    );
    assert_eq!(texts(&choice), ["*b*"]);
    let strange = multi(Semantics::ChooseOne, vec![unknown(), unknown()]);
    assert_eq!(texts(&strange), ["[application/x-poll]"]);
}

// MSG-7
#[test]
fn what_nobody_knows_is_shown_as_such_and_hides_nothing_beside_it() {
    let all = multi(
        Semantics::ProcessAll,
        vec![plain("a"), unknown(), plain("b")],
    );
    assert_eq!(texts(&all), ["a", "[application/x-poll]", "b"]);
    let bytes = Part::single(Disposition::RENDER, "text/plain;charset=utf-8", b"\xFF");
    assert_eq!(texts(&bytes), ["[text/plain;charset=utf-8]"]);
}
