//! A hub brings commits to the server under test as a follower: what MLS or admission refuses sets
//! the room aside (FED-5, ADM-2).

use std::sync::Arc;

use holm_protocol::{Event, EventKind};

use super::follower_pages::page_of;
use super::led::Led;
use super::plan::{Plan, plan};
use super::stage::Stage;
use crate::client_role::device::change::Change;
use crate::client_role::fault::{Check, same};

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    vec![
        plan(
            "follower.page.commit_broken",
            "a commit that MLS refuses sets the room aside",
            "FED-5 S18 M09",
            commit_broken,
        ),
        plan(
            "follower.page.commit_unadmitted",
            "a commit that admission refuses sets the room aside",
            "FED-5 ADM-2 S28 M26",
            commit_unadmitted,
        ),
        plan(
            "follower.page.commit_of_other_epoch",
            "a commit of an epoch to come sets the room aside",
            "FED-5 M07",
            commit_epoch,
        ),
        plan(
            "follower.page.commit_garbage",
            "a commit event without a commit sets the room aside",
            "LOG-10 M01",
            commit_garbage,
        ),
        plan(
            "follower.page.hub_moved",
            "a commit that moves the hub sets the room aside",
            "ADM-11 S28",
            hub_moved,
        ),
        plan(
            "follower.page.commit_good",
            "a member's commit is taken",
            "FED-5 ROOM-8",
            commit_good,
        ),
    ]
}

/// The room is set aside, and stays so.
async fn sets_aside(led: &mut Led, event: Event) -> Check {
    let page = page_of(led, &event);
    led.refuses(page, 1, "room_stopped").await?;
    let honest = led.strange();
    led.refuses(led.page(&[honest]), 1, "room_stopped").await?;
    same("events", &led.stored().await?, &1)
}

async fn commit_broken(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let mut bundle = led.owner.commit(&Change::update())?;
    let at = bundle.commit.len() - 70;
    bundle.commit[at] ^= 1;
    let event = led.next(EventKind::COMMIT, bundle.body().to_bytes());
    sets_aside(&mut led, event).await
}

async fn commit_unadmitted(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let mut extension = led.owner.extension()?;
    extension.roles.clear();
    let bundle = led.owner.commit(&Change::extend(extension))?;
    let event = led.next(EventKind::COMMIT, bundle.body().to_bytes());
    sets_aside(&mut led, event).await
}

async fn commit_epoch(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    led.commit(&Change::update())?;
    let bundle = led.owner.commit(&Change::update())?;
    let event = led.next(EventKind::COMMIT, bundle.body().to_bytes());
    sets_aside(&mut led, event).await
}

async fn commit_garbage(stage: Arc<Stage>) -> Check {
    for body in [Vec::new(), vec![0; 100], b"\x00\x01\x00\x01".to_vec()] {
        let mut led = Led::entered(&stage).await?;
        let event = led.next(EventKind::COMMIT, body);
        sets_aside(&mut led, event).await?;
    }
    Ok(())
}

async fn hub_moved(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let mut extension = led.owner.extension()?;
    extension.hub.term += 1;
    extension.hub.domain = stage.target.domain.as_bytes().to_vec().into();
    let bundle = led.owner.commit(&Change::extend(extension))?;
    let event = led.next(EventKind::COMMIT, bundle.body().to_bytes());
    sets_aside(&mut led, event).await
}

async fn commit_good(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let (bundle, _) = led.commit(&Change::update())?;
    let event = led.commit_event(&bundle);
    led.takes(led.page(&[event]), 2).await?;
    led.goes_on().await
}
