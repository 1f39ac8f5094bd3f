//! Each member of each request body: left out, of another type, not base64url, not a name
//! (ENC-3, ID-1 to ID-5).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::{Check, During};
use super::plan::{Plan, plan};
use super::site::Site;
use super::table::{Endpoint, endpoints, read};

/// Spellings that are none, by what they should name.
#[derive(Deserialize)]
pub(crate) struct Misspelt {
    /// Of users.
    pub(crate) user: Vec<String>,
    /// Of rooms.
    pub(crate) room: Vec<String>,
    /// Of servers.
    pub(crate) server: Vec<String>,
}

/// The table of misspelt names; `{domain}` is the server's.
pub(crate) fn misspelt() -> Misspelt {
    read(include_str!("../../cases/client/names.toml"))
}

/// What is done to a member.
type Spoil = fn(&Site, &Value) -> Vec<Value>;

/// Cases of every member of every body.
pub(crate) fn plans() -> Vec<Plan> {
    let taking = endpoints().into_iter().filter(|e| e.schema.is_some());
    taking.flat_map(|endpoint| of_endpoint(&endpoint)).collect()
}

fn of_endpoint(endpoint: &Endpoint) -> Vec<Plan> {
    let schema = endpoint.schema.clone().unwrap_or_default();
    let usable: Value = serde_json::from_str(endpoint.body.as_deref().unwrap_or_default())
        .unwrap_or_else(|e| panic!("{} in endpoints.toml: {e}", endpoint.operation));
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let members = schema["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let mut plans = Vec::new();
    for (member, described) in members {
        if required.contains(&json!(member)) {
            plans.push(missing(endpoint, &member));
        }
        let (title, cites) = ("of another type is refused", "ENC-5 PROB-1 R01 R08");
        plans.push(spoiled(
            endpoint,
            &member,
            ("wrong_type", title, cites),
            other_types,
        ));
        if is_base64(&described) && usable[&member] != Value::Null {
            let (title, cites) = ("that is not base64url is refused", "ENC-3 R01");
            plans.push(spoiled(
                endpoint,
                &member,
                ("not_base64", title, cites),
                not_base64,
            ));
        }
        if usable[&member]
            .as_str()
            .is_some_and(|text| text.contains("{bytes"))
        {
            let (title, cites) = ("of another size is refused", "ENC-3 R01 R08");
            plans.push(spoiled(
                endpoint,
                &member,
                ("wrong_size", title, cites),
                other_sizes,
            ));
        }
        let named: Option<Spoil> = match usable[&member].as_str() {
            Some("{room}" | "{foreign_room}") => Some(misspelt_rooms),
            Some("{server}") => Some(misspelt_servers),
            _ => None,
        };
        if let Some(spoil) = named {
            let (title, cites) = ("in another spelling is refused", "ID-1 ID-4 ID-5 R08 R23");
            plans.push(spoiled(
                endpoint,
                &member,
                ("misspelt", title, cites),
                spoil,
            ));
        }
    }
    plans
}

fn missing(endpoint: &Endpoint, member: &str) -> Plan {
    let id = format!("member.missing.{}.{member}", endpoint.operation);
    let title = format!(
        "{} {} without {member} is refused",
        endpoint.method, endpoint.path
    );
    let (endpoint, member) = (endpoint.clone(), member.to_owned());
    plan(id, title, "ENC-5 PROB-1 R01", move |site| {
        let (endpoint, member) = (endpoint.clone(), member.clone());
        async move {
            let mut body = usable(&endpoint, &site)?;
            body.as_object_mut().map(|object| object.remove(&member));
            refused(&site, &endpoint, &body).await
        }
    })
}

fn spoiled(endpoint: &Endpoint, member: &str, about: (&str, &str, &str), spoil: Spoil) -> Plan {
    let (name, title, cites) = about;
    let id = format!("member.{name}.{}.{member}", endpoint.operation);
    let title = format!("{} {}: {member} {title}", endpoint.method, endpoint.path);
    let (endpoint, member) = (endpoint.clone(), member.to_owned());
    plan(id, title, cites, move |site| {
        every_value_is_refused(site, endpoint.clone(), member.clone(), spoil)
    })
}

async fn every_value_is_refused(
    site: Arc<Site>,
    endpoint: Endpoint,
    member: String,
    spoil: Spoil,
) -> Check {
    let usable = usable(&endpoint, &site)?;
    for value in spoil(&site, &usable[&member]) {
        let mut body = usable.clone();
        body[&member] = value.clone();
        let answer = refused(&site, &endpoint, &body).await;
        answer.during(&format!("{member} = {value}"))?;
    }
    Ok(())
}

async fn refused(site: &Site, endpoint: &Endpoint, body: &Value) -> Check {
    let mut request = endpoint.request(site);
    request.body = Some(body.to_string().into_bytes());
    if endpoint.needs_token {
        request = request.bearer(&site.shared().await?.token);
    }
    let answer = site.send(&request).await?;
    answer.refused(400, "malformed").map(drop)
}

fn usable(endpoint: &Endpoint, site: &Site) -> Check<Value> {
    let body = endpoint.usable_body(site).unwrap_or_default();
    serde_json::from_str(&body).during("a usable body")
}

fn is_base64(described: &Value) -> bool {
    described.to_string().contains("base64url")
}

/// Values of every other type; null stands for a member that is left out only where it may be.
fn other_types(_site: &Site, usable: &Value) -> Vec<Value> {
    let all = [
        json!(true),
        json!(7),
        json!(1.5),
        json!("x"),
        json!([7]),
        json!({}),
    ];
    let same = |value: &Value| match usable {
        Value::Array(_) => false,
        // An optional member that the usable body lacks is an object or text.
        Value::Null => value.is_string() || value.is_object(),
        usable => std::mem::discriminant(value) == std::mem::discriminant(usable),
    };
    all.into_iter().filter(|value| !same(value)).collect()
}

fn not_base64(_site: &Site, usable: &Value) -> Vec<Value> {
    let texts = [
        "A",
        "AA==",
        "AB",
        "A+/A",
        "AAAA AAAA",
        "AAAA\nAAAA",
        "ÄÄÄÄ",
        "AAAA\u{0}",
    ];
    let list = usable.is_array();
    let value = |text: &str| match list {
        true => json!([text]),
        false => json!(text),
    };
    texts.into_iter().map(value).collect()
}

fn other_sizes(_site: &Site, usable: &Value) -> Vec<Value> {
    // Four letters are three bytes.
    let text = usable.as_str().unwrap_or_default();
    vec![json!(""), json!(&text[4..]), json!(format!("AAAA{text}"))]
}

fn misspelt_rooms(site: &Site, _usable: &Value) -> Vec<Value> {
    let rooms = misspelt().room.into_iter();
    rooms
        .map(|room| json!(room.replace("{domain}", &site.domain)))
        .collect()
}

fn misspelt_servers(site: &Site, _usable: &Value) -> Vec<Value> {
    let servers = misspelt().server.into_iter();
    servers
        .map(|server| json!(server.replace("{domain}", &site.domain)))
        .collect()
}
