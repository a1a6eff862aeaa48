//! What a step may do beyond computing, in tests without WebAssembly.

use stillroom_sdk::http::{self, Failure, Request, Response};
use stillroom_sdk::log::{self, Level, Line};

#[test]
fn a_test_reads_what_was_logged() {
    log::debug("a");
    log::row(2).warn(String::from("b"));
    let line = |level, message: &str, row| Line { level, message: message.to_owned(), row };
    assert_eq!(log::take(), [line(Level::Debug, "a", None), line(Level::Warn, "b", Some(2))]);
    assert_eq!(log::take(), [], "each line once");
}

#[test]
fn a_test_answers_requests() {
    let request = Request::post("https://example.com/", "body").header("accept", "text/plain");
    assert!(matches!(http::fetch(request.clone()), Err(Failure::Denied(_))), "nobody answers");
    http::answer_with(|request| match &*request.method {
        "POST" => {
            Ok(Response { status: 201, url: request.url.clone(), body: request.body.clone(), ..Response::default() })
        }
        method => Err(Failure::Denied(format!("no {method}"))),
    });
    let answer = http::fetch(request).expect("answers");
    assert_eq!((answer.status, &*answer.url, &*answer.body), (201, "https://example.com/", &b"body"[..]));
    let failure = http::fetch(Request::get("https://example.com/")).expect_err("refuses");
    assert_eq!(failure.to_string(), "denied: no GET");
}
