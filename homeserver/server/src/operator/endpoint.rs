//! An endpoint as data: method, path, and the types on both sides of it.

use std::marker::PhantomData;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{get, post};

use super::state::Operator;

/// One endpoint, which takes a `Request` and answers with an `Answer`, both JSON.
#[derive(Debug)]
pub struct Endpoint<Request, Answer> {
    method: &'static str,
    path: &'static str,
    types: PhantomData<fn(Request) -> Answer>,
}

impl<Answer> Endpoint<(), Answer> {
    /// One that only tells: a GET.
    pub const fn tells(path: &'static str) -> Self {
        Self {
            method: "GET",
            path,
            types: PhantomData,
        }
    }
}

impl<Request, Answer> Endpoint<Request, Answer> {
    /// One that does something, or needs to be told what about: a POST with a JSON body.
    pub const fn takes(path: &'static str) -> Self {
        Self {
            method: "POST",
            path,
            types: PhantomData,
        }
    }

    /// The HTTP method.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The path.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The route to a handler.
    pub(super) fn route<H, T>(&self, handler: H) -> Router<Operator>
    where
        H: Handler<T, Operator>,
        T: 'static,
    {
        let route = match self.method {
            "GET" => get(handler),
            _ => post(handler),
        };
        Router::new().route(self.path, route)
    }
}
