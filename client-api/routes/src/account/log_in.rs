//! Log in.
//!
//! `POST /client/v1/login` · spec 07 §2 · ACC-3, ACC-4

use axum::Json;
use axum::extract::State;
use holm_client_types::account::{LoginProof, LoginRequest, SessionResponse};
use holm_client_types::endpoint::LOGIN;
use holm_core::account::DeviceProof;
use holm_protocol::Code;

use super::register::session_response;
use crate::api::Api;
use crate::body::JsonBody;
use crate::doc::Doc;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(LOGIN, "log_in", "Open a session")
        .describe(
            "While the account has no enrolled device, the password is enough. Once it has one, \
             that device proves itself as well; any other gets `link_required`.",
        )
        .takes::<LoginRequest>()
        .answers::<SessionResponse>()
        .refuses(&[
            Code::BadRequest,
            Code::WrongCredentials,
            Code::ClockSkew,
            Code::LinkRequired,
        ])
}

pub(crate) async fn handle(
    State(api): State<Api>,
    JsonBody(request): JsonBody<LoginRequest>,
) -> Result<Json<SessionResponse>, Refusal> {
    let proof = request.proof.map(device_proof);
    let session = api
        .homeserver
        .log_in(&request.name, &request.password, proof)
        .await?;
    Ok(Json(session_response(session)))
}

fn device_proof(proof: LoginProof) -> DeviceProof {
    DeviceProof {
        device: proof.device,
        time: proof.time,
        signature: proof.signature,
    }
}
