//! Cuts between servers, and between devices and servers; DNS that forgets; storms.

use std::time::Duration;

use holm::lab::{Direction, Older, Wire};

use super::Nemesis;
use crate::Failure;
use crate::draws::Draws;
use crate::tally::Fault;
use crate::view::View;

/// One fault after another.
pub(super) async fn run(nemesis: &Nemesis<'_>, mut draws: Draws) -> Result<(), Failure> {
    while nemesis.pause(&mut draws, 50, 900).await {
        match draws.below(10) {
            0..=2 => between_servers(nemesis, &mut draws).await,
            3 | 4 => one_way(nemesis, &mut draws).await,
            5..=7 => from_devices(nemesis, &mut draws).await,
            8 => storm(nemesis),
            _ => lose_dns(nemesis, &mut draws).await?,
        }
    }
    Ok(())
}

/// How long a cut lasts: mostly a moment, sometimes longer than anybody waits.
fn lasts(draws: &mut Draws) -> Duration {
    match draws.percent(10) {
        true => draws.millis(8_000, 15_000),
        false => draws.millis(200, 3_000),
    }
}

/// What was cut goes on, or is dead and nobody is told.
fn heal(nemesis: &Nemesis<'_>, wires: &[&Wire], draws: &mut Draws) {
    let older = match draws.percent(40) {
        true => {
            nemesis.count(Fault::HalfOpen);
            Older::StayDead
        }
        false => Older::GoOn,
    };
    for wire in wires {
        wire.heal(older);
    }
}

/// Nothing passes between two servers.
async fn between_servers(nemesis: &Nemesis<'_>, draws: &mut Draws) {
    let count = nemesis.servers.len();
    let one = draws.index(count);
    let other = (one + 1 + draws.index(count - 1)) % count;
    let wires: Vec<&Wire> = [(one, other), (other, one)]
        .into_iter()
        .filter_map(|(from, to)| nemesis.stage.peers[from].wire(nemesis.servers[to].domain()))
        .collect();
    for wire in &wires {
        wire.cut();
    }
    nemesis.count(Fault::Partition);
    nemesis.last(lasts(draws)).await;
    heal(nemesis, &wires, draws);
}

/// Requests arrive and answers do not, or the other way round.
async fn one_way(nemesis: &Nemesis<'_>, draws: &mut Draws) {
    let view = any_view(nemesis, draws);
    let Some(wire) = view.wire(nemesis.server(draws).domain()) else {
        return;
    };
    let directions = [Direction::ToServer, Direction::FromServer];
    wire.cut_one(*draws.one_of(&directions));
    nemesis.count(Fault::PartitionOneWay);
    nemesis.last(lasts(draws)).await;
    heal(nemesis, &[wire], draws);
}

/// Devices do not reach one server.
async fn from_devices(nemesis: &Nemesis<'_>, draws: &mut Draws) {
    let Some(wire) = nemesis.stage.near.wire(nemesis.server(draws).domain()) else {
        return;
    };
    wire.cut();
    nemesis.count(Fault::Partition);
    nemesis.last(lasts(draws)).await;
    heal(nemesis, &[wire], draws);
}

/// All devices lose their connections at once, and come back.
fn storm(nemesis: &Nemesis<'_>) {
    for view in nemesis.stage.device_views() {
        view.wires().for_each(Wire::hang_up);
    }
    nemesis.count(Fault::ReconnectStorm);
}

/// DNS knows a server no more.
async fn lose_dns(nemesis: &Nemesis<'_>, draws: &mut Draws) -> Result<(), Failure> {
    let (view, server) = (any_view(nemesis, draws), nemesis.server(draws));
    view.forget(server.domain()).await?;
    nemesis.count(Fault::DnsLost);
    nemesis.last(lasts(draws)).await;
    Ok(view.publish(&nemesis.stage.lab, server.domain()).await?)
}

fn any_view<'a>(nemesis: &Nemesis<'a>, draws: &mut Draws) -> &'a View {
    let views: Vec<&View> = nemesis.views().collect();
    views[draws.index(views.len())]
}

/// Some devices read nothing for a while: what is sent to them stays with their servers.
pub(super) async fn slow_readers(nemesis: &Nemesis<'_>, mut draws: Draws) -> Result<(), Failure> {
    while nemesis.pause(&mut draws, 1_000, 10_000).await {
        let wires: Vec<&Wire> = nemesis.stage.slow.wires().collect();
        for wire in &wires {
            wire.cut_one(Direction::FromServer);
        }
        nemesis.count(Fault::SlowReaders);
        nemesis.last(draws.millis(2_000, 20_000)).await;
        heal(nemesis, &wires, &mut draws);
    }
    Ok(())
}
