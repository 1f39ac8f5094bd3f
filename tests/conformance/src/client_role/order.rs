//! What is judged first: who has no token learns nothing else (API-13).

use std::sync::Arc;

use super::fault::{Check, During};
use super::members::misspelt;
use super::plan::{Plan, named};
use super::site::Site;
use super::table::{Endpoint, endpoints};
use super::wire::{Request, segment};

pub(crate) fn plans() -> Vec<Plan> {
    vec![
        named("order.token", token_first),
        named("order.enrollment", enrollment_second),
        named("order.name", name_third),
        named("order.body", body_last),
    ]
}

/// Everything wrong with a request but its token: the name in its path, its query, its body.
fn all_wrong(endpoint: &Endpoint, site: &Site) -> Request {
    let mut request = endpoint.request(site);
    request.target = misnamed(endpoint);
    request.headers.retain(|(name, _)| name != "content-type");
    request.body = request.body.map(|_| b"{{".to_vec());
    request
}

/// The path with a name that is none.
fn misnamed(endpoint: &Endpoint) -> String {
    let bad = segment(&misspelt().room[1]);
    let mut path = endpoint.path.clone();
    for parameter in ["{user}", "{room}", "{server}"] {
        path = path.replace(parameter, &bad);
    }
    format!("{path}?after=x&limit=x&seq=x")
}

fn guarded() -> impl Iterator<Item = Endpoint> {
    endpoints().into_iter().filter(|e| e.needs_token)
}

async fn token_first(site: Arc<Site>) -> Check {
    for endpoint in guarded() {
        let answer = site.send(&all_wrong(&endpoint, &site)).await?;
        answer
            .refused(401, "unauthenticated")
            .during(&endpoint.operation)?;
    }
    Ok(())
}

async fn enrollment_second(site: Arc<Site>) -> Check {
    let session = site.register().await?;
    let free = ["log_out", "enroll_device"];
    for endpoint in guarded().filter(|e| !free.contains(&e.operation.as_str())) {
        let request = all_wrong(&endpoint, &site).bearer(&session.token);
        let answer = site.send(&request).await?;
        answer
            .refused(403, "forbidden")
            .during(&endpoint.operation)?;
    }
    Ok(())
}

async fn name_third(site: Arc<Site>) -> Check {
    let token = &site.shared().await?.token;
    for endpoint in guarded().filter(|e| e.path.contains('{')) {
        let request = all_wrong(&endpoint, &site).bearer(token);
        let answer = site.send(&request).await?;
        answer
            .refused(400, "malformed")
            .during(&endpoint.operation)?;
    }
    Ok(())
}

/// Type before length, length before form, form before what is asked for.
async fn body_last(site: Arc<Site>) -> Check {
    let token = &site.shared().await?.token;
    for endpoint in endpoints().into_iter().filter(|e| e.body.is_some()) {
        let with = |body: Vec<u8>, typed: bool| {
            let mut request = endpoint.request(&site);
            if !typed {
                request.headers.clear();
            }
            request.body = Some(body);
            match endpoint.needs_token {
                true => request.bearer(token),
                false => request,
            }
        };
        let long = vec![b'{'; 2_097_153];
        for (request, status, code) in [
            (with(long.clone(), false), 415, "unsupported_media"),
            (with(long, true), 413, "too_large"),
            (with(b"{".to_vec(), true), 400, "malformed"),
        ] {
            let answer = site.send(&request).await?;
            answer.refused(status, code).during(&endpoint.operation)?;
        }
    }
    Ok(())
}
