//! Each member of each body between servers: left out, of another type, not base64url, not a name
//! (ENC-3, ID-1 to ID-5); and names in paths and queries (FED-1).

use std::sync::Arc;

use serde_json::{Value, json};

use super::endpoints::{Endpoint, endpoints};
use super::homeserver::Homeserver;
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::{refused, refused_as_one_of};
use crate::client_role::fault::{Check, During};
use crate::client_role::members::misspelt;
use crate::client_role::wire::segment;

/// All of them.
pub(crate) fn plans() -> Result<Vec<Plan>, String> {
    let mut plans = Vec::new();
    for endpoint in endpoints()? {
        let mut pointers = Vec::new();
        collect("", &endpoint.shape(), &mut pointers);
        for pointer in pointers {
            plans.extend(of_member(&endpoint, &pointer));
        }
        if endpoint.is_about() {
            plans.push(misspelt_path(&endpoint));
        }
    }
    plans.extend(queries());
    Ok(plans)
}

/// Pointers (RFC 6901) to every member.
fn collect(at: &str, value: &Value, pointers: &mut Vec<String>) {
    for (name, member) in value.as_object().into_iter().flatten() {
        let pointer = format!("{at}/{name}");
        pointers.push(pointer.clone());
        collect(&pointer, member, pointers);
    }
    if let Some(first) = value.as_array().and_then(|array| array.first()) {
        collect(&format!("{at}/0"), first, pointers);
    }
}

fn of_member(endpoint: &Endpoint, pointer: &str) -> Vec<Plan> {
    let shape = endpoint.shape();
    let usable = shape.pointer(pointer).cloned().unwrap_or_default();
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let mut plans = Vec::new();
    if !endpoint.optional.iter().any(|optional| optional == name) {
        plans.push(spoiled(
            endpoint,
            pointer,
            "missing",
            "ENC-5 R01",
            vec![None],
        ));
    }
    let types = [
        json!(true),
        json!(1.5),
        json!("\u{0}"),
        json!([true]),
        json!({ "a": 1 }),
    ];
    let same = |v: &Value| std::mem::discriminant(v) == std::mem::discriminant(&usable);
    let types = types.into_iter().filter(|v| !same(v)).map(Some).collect();
    plans.push(spoiled(
        endpoint,
        pointer,
        "wrong_type",
        "ENC-5 R01 R08",
        types,
    ));
    let text = usable.as_str().unwrap_or_default();
    if text.starts_with("AAAA") {
        let bad = [
            "A",
            "AA==",
            "AB",
            "A+/A",
            "AAAA AAAA",
            "AAAA\n",
            "ÄÄÄÄ",
            "AAAA\u{0}",
        ];
        let bad = bad.into_iter().map(|text| Some(json!(text))).collect();
        plans.push(spoiled(endpoint, pointer, "not_base64", "ENC-3 R01", bad));
    }
    if text.starts_with("{own_") || text == "{origin}" {
        plans.push(spoiled(
            endpoint,
            pointer,
            "misspelt",
            "ID-1 ID-4 ID-5 R08 R23",
            names(text),
        ));
    }
    plans
}

/// Spellings that are no name of the kind.
fn names(text: &str) -> Vec<Option<Value>> {
    let all = misspelt();
    let names = match text {
        "{own_user}" => all.user,
        "{own_room}" => all.room,
        _ => all.server,
    };
    names.into_iter().map(|name| Some(json!(name))).collect()
}

/// A member that is left out (`None`) or another value; each is refused.
fn spoiled(
    endpoint: &Endpoint,
    pointer: &str,
    name: &str,
    cites: &str,
    values: Vec<Option<Value>>,
) -> Plan {
    let member = pointer.trim_start_matches('/').replace('/', "_");
    let id = format!("member.{}.{member}.{name}", endpoint.name);
    let title = format!(
        "{}: {pointer} {} is refused",
        endpoint.name,
        name.replace('_', " ")
    );
    let (endpoint, pointer) = (endpoint.clone(), pointer.to_owned());
    let values = Arc::new(values);
    plan(id, title, format!("{cites} PROB-1"), move |stage| {
        let (endpoint, pointer, values) = (endpoint.clone(), pointer.clone(), Arc::clone(&values));
        async move {
            let peer = stage.peer().await?;
            for value in values.iter() {
                let checked = try_value(&peer, &endpoint, &pointer, value.as_ref()).await;
                checked.during(&format!("{pointer} = {value:?}"))?;
            }
            Ok(())
        }
    })
}

async fn try_value(
    peer: &Homeserver,
    endpoint: &Endpoint,
    pointer: &str,
    value: Option<&Value>,
) -> Check {
    let mut body: Value = serde_json::from_str(&endpoint.body(peer)).during("a usable body")?;
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    let parent = body.pointer_mut(parent).and_then(Value::as_object_mut);
    if let Some(parent) = parent {
        parent.remove(name);
        let text = value.map(|v| v.to_string().replace("{domain}", peer.name.as_str()));
        let value = text.and_then(|text| serde_json::from_str(&text).ok());
        parent.extend(value.map(|value: Value| (name.to_owned(), value)));
    }
    let answer = peer.post(&endpoint.path(peer), &body).await?;
    refused(&answer, 400, "malformed").map(drop)
}

/// Names in the path in every spelling but the one (FED-1, ID-5).
fn misspelt_path(endpoint: &Endpoint) -> Plan {
    let id = format!("path.{}.misspelt", endpoint.name);
    let title = format!(
        "{}: a name in the path in another spelling is refused",
        endpoint.name
    );
    let endpoint = endpoint.clone();
    plan(
        id,
        title,
        "FED-1 ID-2 ID-4 ID-5 R07 R08 S06",
        move |stage| {
            let endpoint = endpoint.clone();
            async move {
                let peer = stage.peer().await?;
                let all = misspelt();
                for (room, user) in all.room.iter().zip(all.user.iter().cycle()) {
                    let path = endpoint.path_of(room, user);
                    let path = path.replace("%7Bdomain%7D", &peer.target);
                    let answer = peer
                        .send(&peer.draft("POST", &path, endpoint.body(&peer).into()))
                        .await?;
                    let wanted = [
                        (400, "malformed"),
                        (404, "not_found"),
                        (405, "method_not_allowed"),
                    ];
                    refused_as_one_of(&answer, &wanted)
                        .map(drop)
                        .during(&path)?;
                }
                raw_paths(&peer, &endpoint).await
            }
        },
    )
}

/// Paths that are no segment with a name.
async fn raw_paths(peer: &Homeserver, endpoint: &Endpoint) -> Check {
    let path = endpoint.path(peer);
    let (front, name) = path.rsplit_once('/').unwrap_or_default();
    let paths = [
        format!("{front}/"),
        format!("{front}/{name}/"),
        format!("{front}/{name}/x"),
        format!("{front}//{name}"),
        format!("{front}/{}", segment(name)),
        format!("{front}/../{name}"),
        format!("{front}/%2e%2e"),
        format!("{front}/{name}%00"),
        format!("{front}/%C0%AF"),
        format!("{front}/mimi://{}/r/nobody", peer.target),
    ];
    for path in paths {
        let answer = peer
            .send(&peer.draft("POST", &path, endpoint.body(peer).into()))
            .await?;
        let wanted = [(400, "malformed"), (404, "not_found")];
        refused_as_one_of(&answer, &wanted)
            .map(drop)
            .during(&path)?;
    }
    Ok(())
}

/// Queries of a pull (FED-7).
fn queries() -> Vec<Plan> {
    let bad = [
        ("missing", ""),
        ("empty", "?after="),
        ("negative", "?after=-1"),
        ("words", "?after=abc"),
        ("decimal", "?after=1.0"),
        ("exponent", "?after=1e3"),
        ("hexadecimal", "?after=0x10"),
        ("too_large", "?after=18446744073709551616"),
        ("twice", "?after=1&after=2"),
        ("list", "?after[]=1"),
        ("other_name", "?After=1"),
        ("nul", "?after=1%00"),
    ];
    let row = |(name, query): (&'static str, &'static str)| {
        let title = format!("events: the query {query:?} is refused");
        plan(
            format!("query.events.{name}"),
            title,
            "FED-7 S06 S24 R12",
            move |stage| async move {
                let peer = stage.peer().await?;
                let answer = peer.get(&format!("{}{query}", events_path(&peer))).await?;
                refused(&answer, 400, "malformed").map(drop)
            },
        )
    };
    let largest = plan(
        "query.events.largest",
        "events: the largest number is read; the room is unknown",
        "FED-7 FED-13 S24",
        |stage: Arc<Stage>| async move {
            let peer = stage.peer().await?;
            let path = format!("{}?after=18446744073709551615", events_path(&peer));
            refused(&peer.get(&path).await?, 404, "not_found").map(drop)
        },
    );
    bad.into_iter().map(row).chain([largest]).collect()
}

fn events_path(peer: &Homeserver) -> String {
    let room = format!("mimi://{}/r/nobody", peer.target);
    format!("/federation/v1/events/{}", segment(&room))
}
