//! Bodies that are not JSON as documented, at every endpoint that takes one (ENC-3 to ENC-6).

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::fault::{Check, During, fault};
use super::plan::{Plan, plan};
use super::site::Site;
use super::table::{Endpoint, endpoints, from_hex, read};

/// A way in which a usable body is spoiled.
#[derive(Clone, Deserialize)]
struct Spoiled {
    name: String,
    title: String,
    cites: String,
    /// The whole body; `{body}` is the usable one, `{members}` what stands between its braces,
    /// `{first}` its first member, `{first_name}` that one's name with its first letter escaped.
    #[serde(default)]
    body: String,
    /// The same as bytes in hexadecimal, put before `body`.
    #[serde(default)]
    before: String,
    /// The same, put behind it.
    #[serde(default)]
    behind: String,
    /// A name for what is too long for a table.
    made: Option<String>,
    /// Whether the server reads it all the same.
    #[serde(default)]
    is_fine: bool,
}

#[derive(Deserialize)]
struct Bodies {
    spoiled: Vec<Spoiled>,
}

/// Each spoiled body at each endpoint that takes one.
pub(crate) fn plans() -> Vec<Plan> {
    let bodies: Bodies = read(include_str!("../../cases/client/bodies.toml"));
    let taking = endpoints().into_iter().filter(|e| e.body.is_some());
    taking
        .flat_map(|endpoint| {
            let of = move |spoiled: &Spoiled| one(endpoint.clone(), spoiled.clone());
            bodies.spoiled.iter().map(of).collect::<Vec<_>>()
        })
        .collect()
}

fn one(endpoint: Endpoint, spoiled: Spoiled) -> Plan {
    let id = format!("body.{}.{}", spoiled.name, endpoint.operation);
    let title = format!("{} {}: {}", endpoint.method, endpoint.path, spoiled.title);
    let cites = spoiled.cites.clone();
    plan(id, title, cites, move |site| {
        tried(site, endpoint.clone(), spoiled.clone())
    })
}

async fn tried(site: Arc<Site>, endpoint: Endpoint, spoiled: Spoiled) -> Check {
    let usable = endpoint.usable_body(&site).unwrap_or_default();
    let mut request = endpoint.request(&site);
    request.body = Some(spoil(&spoiled, &usable)?);
    if endpoint.needs_token {
        request = request.bearer(&site.shared().await?.token);
    }
    let answer = site.send(&request).await?;
    match (spoiled.is_fine, &endpoint.code) {
        (false, _) => answer.refused(400, "malformed").map(drop),
        (true, None) => answer.expect_good(),
        (true, Some(code)) => answer.refused(endpoint.status, code).map(drop),
    }
}

fn spoil(spoiled: &Spoiled, usable: &str) -> Check<Vec<u8>> {
    if let Some(made) = &spoiled.made {
        return make(made, usable);
    }
    let object: Value = serde_json::from_str(usable).during("a usable body")?;
    let (name, value) = object
        .as_object()
        .and_then(|o| o.iter().next())
        .map(|(name, value)| (name.clone(), value.to_string()))
        .unwrap_or_default();
    let escaped = name
        .chars()
        .enumerate()
        .fold(String::new(), |mut text, (i, c)| {
            let written = match i {
                0 => write!(text, "\\u{:04x}", u32::from(c)),
                _ => write!(text, "{c}"),
            };
            written.unwrap_or_else(|e| unreachable!("text takes what is written: {e}"));
            text
        });
    let text = spoiled
        .body
        .replace("{body}", usable)
        .replace("{members}", members(usable))
        .replace("{first}", &format!("\"{name}\":{value}"))
        .replace("{first_escaped}", &format!("\"{escaped}\":{value}"));
    Ok([
        from_hex(&spoiled.before)?,
        text.into_bytes(),
        from_hex(&spoiled.behind)?,
    ]
    .concat())
}

fn members(usable: &str) -> &str {
    usable.trim_start_matches('{').trim_end_matches('}')
}

/// What is too long for a table.
fn make(what: &str, usable: &str) -> Check<Vec<u8>> {
    let members = members(usable);
    let text = match what {
        "deep_arrays" => format!("{{{members},\"x\":{}", "[".repeat(10_000)),
        "deep_objects" => format!("{{{members},\"x\":{}", "{\"a\":".repeat(10_000)),
        "closed_deep_arrays" => {
            let (open, close) = ("[".repeat(10_000), "]".repeat(10_000));
            format!("{{{members},\"x\":{open}{close}}}")
        }
        "many_members" => {
            let many: Vec<_> = (0..16_000).map(|n| format!(",\"x{n}\":1")).collect();
            let many = many.concat();
            format!("{{{members}{many}}}")
        }
        "long_array" => format!("{{{members},\"x\":[{}0]}}", "0,".repeat(100_000)),
        "long_number" => format!("{{{members},\"x\":{}}}", "9".repeat(100_000)),
        "utf16" => {
            let units = usable.encode_utf16().flat_map(u16::to_le_bytes);
            return Ok([vec![0xff, 0xfe], units.collect()].concat());
        }
        other => return fault(format!("bodies.toml names an unknown maker {other}")),
    };
    Ok(text.into_bytes())
}
