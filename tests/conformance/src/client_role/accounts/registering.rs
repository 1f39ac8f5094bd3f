//! Registration: names and passwords (ACC-1, ACC-7, A09, A11, A13).

use super::sessions::log_in;
use std::sync::Arc;

use holm_protocol::DeviceUri;
use serde::Deserialize;
use serde_json::json;

use crate::chance::letters;
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;
use crate::client_role::table::read;
use crate::client_role::wire::Request;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("account.register", registers),
        named("account.register.taken", taken),
        named("account.register.raced", raced),
        named("account.register.bad_names", bad_names),
        named("account.register.good_names", good_names),
        named("account.register.unknown_members", says_who_it_is),
        named("account.password.lengths", password_lengths),
        named("account.password.bytes", password_bytes),
        named("account.password.huge", password_huge),
        named("account.log_in.alike", refused_alike),
    ]
}

#[derive(Deserialize)]
struct Names {
    bad: Vec<String>,
    good: Vec<String>,
}

async fn registers(site: Arc<Site>) -> Check {
    let session = site.register().await?;
    let device: DeviceUri = session.device.parse().during("the device (ID-3)")?;
    same(
        "the device's user",
        &device.user().as_str(),
        &session.user.as_str(),
    )?;
    let user = format!("mimi://{}/u/{}", site.domain, session.name);
    same("the user (ID-2)", &session.user, &user)?;
    let token = holm_protocol::Base64Url::parse(&session.token).during("the token (ACC-2)")?;
    same("bytes of the token", &token.as_slice().len(), &32)?;
    let other = site.register().await?;
    ensure(other.token != session.token, || {
        "two tokens are the same".to_owned()
    })
}

async fn taken(site: Arc<Site>) -> Check {
    let session = site.register().await?;
    let again = site.register_as(&session.name, "another password").await?;
    again.refused(409, "name_taken")?;
    let body = json!({ "name": session.name, "password": session.password });
    site.send(&Request::post("/client/v1/login", &body))
        .await?
        .expect_good()
}

async fn raced(site: Arc<Site>) -> Check {
    let name = letters(16);
    let both = futures::future::join(
        site.register_as(&name, "first password"),
        site.register_as(&name, "second password"),
    );
    let (one, other) = both.await;
    let mut statuses = [one?.status, other?.status];
    statuses.sort_unstable();
    same("the two answers", &statuses, &[200, 409])
}

async fn bad_names(site: Arc<Site>) -> Check {
    let names: Names = read(include_str!("../../../cases/client/user_names.toml"));
    for name in names.bad {
        let answer = site.register_as(&name, "correct horse").await?;
        answer
            .refused(400, "bad_request")
            .during(&format!("{name:?}"))?;
    }
    Ok(())
}

async fn good_names(site: Arc<Site>) -> Check {
    let names: Names = read(include_str!("../../../cases/client/user_names.toml"));
    for name in names.good {
        let name = name.replace("{random}", &letters(8));
        let answer = site.register_as(&name, "correct horse").await?;
        answer.expect_good().during(&name)?;
    }
    Ok(())
}

async fn says_who_it_is(site: Arc<Site>) -> Check {
    let victim = site.register().await?;
    let name = letters(16);
    let body = json!({
        "name": name, "password": "correct horse", "user": victim.user,
        "device": victim.device, "token": victim.token, "admin": true
    });
    let answer = site
        .send(&Request::post("/client/v1/register", &body))
        .await?
        .good()?;
    let user = format!("mimi://{}/u/{name}", site.domain);
    same("the user", &answer["user"], &json!(user))?;
    ensure(answer["device"] != json!(victim.device), || {
        "the device of another".to_owned()
    })
}

async fn password_lengths(site: Arc<Site>) -> Check {
    for (password, fine) in [
        (String::new(), false),
        ("x".repeat(7), false),
        ("x".repeat(8), true),
        ("ä".repeat(4), true),
        ("ä".repeat(3), false),
        ("x".repeat(1_024), true),
        ("x".repeat(1_025), false),
        ("ä".repeat(513), false),
    ] {
        let answer = site.register_as(&letters(16), &password).await?;
        let checked = match fine {
            true => answer.expect_good(),
            false => answer.refused(400, "bad_request").map(drop),
        };
        checked.during(&format!("a password of {} bytes", password.len()))?;
    }
    Ok(())
}

async fn password_bytes(site: Arc<Site>) -> Check {
    let (name, password) = (letters(16), " Pässwörd\u{0}🔑 ");
    site.register_as(&name, password).await?.expect_good()?;
    log_in(&site, &name, password, None).await?.expect_good()?;
    for other in [
        password.trim(),
        &password.to_lowercase(),
        " Pa\u{308}sswo\u{308}rd\u{0}🔑 ",
        " Pässwörd",
    ] {
        let answer = log_in(&site, &name, other, None).await?;
        answer.refused(401, "wrong_credentials").during(other)?;
    }
    Ok(())
}

async fn password_huge(site: Arc<Site>) -> Check {
    let huge = "x".repeat(200_000);
    let answer = site.register_as(&letters(16), &huge).await?;
    answer.refused(400, "bad_request")?;
    let answer = log_in(&site, &letters(16), &huge, None).await?;
    answer.refused(400, "bad_request").map(drop)
}

async fn refused_alike(site: Arc<Site>) -> Check {
    let enrolled = site.device().await?.session;
    let bare = site.register().await?;
    let unknown = log_in(&site, &letters(16), "correct horse", None).await?;
    unknown.refused(401, "wrong_credentials")?;
    for session in [enrolled, bare] {
        let wrong = log_in(&site, &session.name, "correct horse", None).await?;
        same("body of the refusal", &wrong.text(), &unknown.text())?;
        same("status", &wrong.status, &unknown.status)?;
    }
    Ok(())
}
