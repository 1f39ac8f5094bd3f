//! Messages that are cut, longer, of another kind, or with authenticated data that is none (LOG-7,
//! LOG-11, ENC-2).

use std::sync::Arc;

use holm_protocol::aad::{Aad, ClientMsgId, Extra};

use super::hosted::Hosted;
use super::plan::{Plan, plan};
use super::stage::Stage;
use crate::client_role::fault::{Check, same, wrong};

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans = vec![
        plan(
            "hub.message.cut",
            "a message cut off anywhere is refused",
            "LOG-11 M01",
            cut,
        ),
        plan(
            "hub.message.longer",
            "a message with a byte more is refused",
            "LOG-11 M01",
            longer,
        ),
        plan(
            "hub.message.versions",
            "another protocol version or wire format is refused",
            "LOG-11 M01 M03",
            versions,
        ),
        plan(
            "hub.message.lengths",
            "lengths that are not in the fewest bytes, or claim more than there is",
            "ENC-2 LOG-11 M02",
            lengths,
        ),
    ];
    plans.extend(authenticated_data());
    plans
}

async fn cut(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let message = hosted.message()?;
    let lengths = (0..120).chain([message.len() / 2, message.len() - 1]);
    let pieces: Vec<_> = lengths.map(|len| message[..len].to_vec()).collect();
    all_invalid(&hosted, &pieces).await?;
    hosted.goes_on().await
}

async fn all_invalid(hosted: &Hosted, messages: &[Vec<u8>]) -> Check {
    let outcomes = hosted.outcomes(messages).await?;
    for (message, outcome) in messages.iter().zip(&outcomes) {
        let what = format!("{} bytes", message.len());
        same(&what, outcome, &"invalid_message".to_owned())?;
    }
    same("results", &outcomes.len(), &messages.len())
}

async fn longer(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let mut message = hosted.message()?;
    message.push(0);
    let mut doubled = hosted.message()?;
    doubled.extend(doubled.clone());
    all_invalid(&hosted, &[message, doubled]).await?;
    hosted.goes_on().await
}

async fn versions(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let message = hosted.message()?;
    let change = |at: usize, value: u8| {
        let mut changed = message.clone();
        changed[at] = value;
        changed
    };
    // Two bytes of version, two of the wire format.
    let all = [
        change(0, 1),
        change(1, 0),
        change(1, 2),
        change(3, 0),
        change(3, 1),
        change(3, 3),
        change(3, 4),
        change(3, 5),
        change(2, 0xff),
    ];
    all_invalid(&hosted, &all).await?;
    hosted.goes_on().await
}

async fn lengths(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let message = hosted.message()?;
    // The group id follows four bytes; it is shorter than 64.
    let len = message[4];
    let with = |length: &[u8]| [&message[..4], length, &message[5..]].concat();
    let all = [
        with(&[0x40, len]),
        with(&[0x80, 0, 0, len]),
        with(&[0xc0, 0, 0, 0, 0, 0, 0, len]),
        with(&[0x7f, 0xff]),
        with(&[0xbf, 0xff, 0xff, 0xff]),
        with(&[0x3f]),
        with(&[0]),
    ];
    all_invalid(&hosted, &all).await?;
    hosted.goes_on().await
}

/// Authenticated data that is not what LOG-7 says.
#[expect(clippy::too_many_lines, reason = "a table")]
fn authenticated_data() -> Vec<Plan> {
    let id: [u8; 16] = [7; 16];
    let with_extras = |kinds: &[u16]| {
        let mut aad = Aad::new(ClientMsgId(id));
        let extra = |kind: &u16| Extra {
            kind: *kind,
            value: vec![1, 2].into(),
        };
        aad.extra = kinds.iter().map(extra).collect();
        aad.to_bytes()
    };
    let good = Aad::new(ClientMsgId(id)).to_bytes();
    let mut large = Aad::new(ClientMsgId(id));
    large.extra = vec![Extra {
        kind: 9,
        value: vec![0; 17_000].into(),
    }];
    let bad = [
        ("empty", "nothing", Vec::new()),
        ("short_id", "an id of 15 bytes", good[1..].to_vec()),
        ("id_alone", "an id alone", id.to_vec()),
        ("longer", "a byte more", [good.as_slice(), &[0]].concat()),
        (
            "marker",
            "an optional marker that is none",
            [&id[..], &[2, 0, 0]].concat(),
        ),
        (
            "no_extras",
            "no list of extras",
            [&id[..], &[0, 0]].concat(),
        ),
        (
            "open_length",
            "a length that claims more",
            [&id[..], &[0, 0, 0x3f]].concat(),
        ),
        (
            "wide_length",
            "a length in too many bytes",
            [&id[..], &[0, 0x40, 0, 0]].concat(),
        ),
        (
            "extra_twice",
            "an extra of one kind twice",
            with_extras(&[9, 9]),
        ),
        ("too_large", "more than 16,384 bytes", large.to_bytes()),
    ];
    let bad = bad.into_iter().map(|(name, what, aad)| {
        let title = format!("authenticated data with {what} is refused");
        plan(
            format!("hub.aad.{name}"),
            title,
            "LOG-7 LIM-20 ENC-2 M20",
            move |stage| {
                let aad = aad.clone();
                async move { with_aad(&stage, aad, "invalid_message").await }
            },
        )
    });
    let unknown = with_extras(&[8, 9, 0xffff]);
    let known = plan(
        "hub.aad.unknown_extras",
        "extras nobody knows are passed over",
        "LOG-7",
        move |stage| {
            let aad = unknown.clone();
            async move { with_aad(&stage, aad, "").await }
        },
    );
    bad.chain([known]).collect()
}

async fn with_aad(stage: &Arc<Stage>, aad: Vec<u8>, wanted: &str) -> Check {
    let mut hosted = Hosted::set_up(stage).await?;
    let message = hosted
        .mallory
        .encrypt_with(aad, "strange")
        .map_err(|e| wrong(format!("the kit could not make the message: {e}")))?;
    same(
        "outcome",
        &hosted.outcome(&message).await?,
        &wanted.to_owned(),
    )?;
    hosted.goes_on().await
}
