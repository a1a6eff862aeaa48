//! Requests: to granted hosts by granted methods, wherever names and redirects lead, and within their bounds.

use std::time::Duration;

use stillroom::Limits;
use stillroom::capability::{Grants, HttpGrant};

use crate::server::Server;
use crate::{Able, least, limited};

fn grant(methods: &[&str], hosts: &[String], private: bool) -> HttpGrant {
    HttpGrant {
        methods: methods.iter().map(|&method| method.to_owned()).collect(),
        hosts: hosts.iter().map(|host| host.parse().expect("a host")).collect(),
        private,
        response_bytes: 10_000,
        time: Duration::from_secs(20),
    }
}

fn with(grants: Vec<HttpGrant>) -> Able {
    Able::with(Grants { http: Some(grants), ..least() })
}

/// Granted: GET and POST to the server by its address.
fn served() -> (Server, Able) {
    let server = Server::start();
    let able = with(vec![grant(&["GET", "POST"], &[server.url("")], true)]);
    (server, able)
}

#[test]
fn what_is_granted_is_fetched() {
    let (server, mut able) = served();
    assert_eq!(
        able.one(&format!("fetch|GET|{}", server.url("/hello"))),
        format!("200 {} 9 hello GET", server.url("/hello"))
    );
    let posted = able.one(&format!("fetch|POST|{}|body=3000|x-me=you", server.url("/head?q")));
    assert!(posted.starts_with("200 ") && posted.contains("x-me: you"), "{posted}");
    assert_eq!(server.seen(), ["GET /hello 0", "POST /head?q 3000"]);
    assert!(able.one(&format!("fetch|GET|{}", server.url("/missing"))).starts_with("404 "), "that is an answer");
    assert!(
        able.one(&format!("fetch|GET|{}", server.url("/zipped"))).ends_with("7 no gzip"),
        "what comes is handed on"
    );
}

#[test]
fn what_is_not_granted_is_not_sent() {
    let (server, mut able) = served();
    let port = server.port();
    for (request, why) in [
        (format!("PUT|http://127.0.0.1:{port}/hello"), "denied: PUT to"),
        (format!("get|http://127.0.0.1:{port}/hello"), "denied: get to"),
        (format!("CONNECT|http://127.0.0.1:{port}/hello"), "denied: CONNECT"),
        (format!("GET|https://127.0.0.1:{port}/hello"), "denied: GET to https://"),
        (format!("GET|http://localhost:{port}/hello"), "denied: GET to http://localhost"),
        ("GET|http://127.0.0.1/hello".to_owned(), "denied: GET to http://127.0.0.1:80"),
        (format!("GET|http://127.0.0.2:{port}/hello"), "denied: GET to http://127.0.0.2"),
        ("GET|https://example.com/".to_owned(), "denied: GET to https://example.com:443"),
        (format!("GET|http://me:pw@127.0.0.1:{port}/hello"), "invalid: a URL has no user"),
        ("GET|file:///etc/passwd".to_owned(), "invalid: the URL is neither"),
        ("GET|ftp://127.0.0.1/".to_owned(), "invalid: the URL is neither"),
        ("GET|hello".to_owned(), "invalid: the URL is none"),
        (format!("G T|http://127.0.0.1:{port}/hello"), "invalid: the method is none"),
    ] {
        let answer = able.one(&format!("fetch|{request}"));
        assert!(answer.starts_with(&format!("error {why}")), "{request}: {answer}");
    }
    assert!(with(vec![]).one(&format!("fetch|GET|{}", server.url("/hello"))).contains("denied"));
    assert_eq!(server.seen(), Vec::<String>::new());
}

#[test]
fn a_private_address_needs_more_than_its_name() {
    let server = Server::start();
    let port = server.port();
    let hosts = ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "[64:ff9b::127.0.0.1]", "169.254.169.254"];
    let hosts = hosts.map(|host| format!("http://{host}:{port}"));
    let mut able = with(vec![grant(&["GET"], &hosts, false)]);
    for host in [
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
    ] {
        let answer = able.one(&format!("fetch|GET|http://{host}:{port}/hello"));
        assert!(answer.starts_with("error denied: ") && answer.contains("private"), "{host}: {answer}");
        let stands_in_the_url =
            host.trim_matches(['[', ']']) != host || host.starts_with(|first: char| first.is_ascii_digit());
        assert!(stands_in_the_url || !answer.contains("127.0.0.1"), "what a name leads to is not told: {answer}");
    }
    assert_eq!(server.seen(), Vec::<String>::new());
    let mut able = with(vec![grant(&["GET"], &hosts[..1], true)]);
    let answer = able.one(&format!("fetch|GET|http://localhost:{port}/hello"));
    assert!(answer.ends_with("hello GET"), "a name that may lead to this machine does: {answer}");
}

#[test]
fn each_redirect_is_granted_too() {
    let server = Server::start();
    let port = server.port();
    let mut able = with(vec![
        grant(&["GET", "POST"], &[server.url("")], true),
        // This name is granted, but not to lead to this machine.
        grant(&["GET"], &[format!("http://localhost:{port}")], false),
    ]);
    let mut to = |path: &str| able.one(&format!("fetch|GET|{}", server.url(path)));
    assert_eq!(to("/302?/hello"), format!("200 {} 9 hello GET", server.url("/hello")));
    for (location, why) in [
        (format!("http://localhost:{port}/hello"), "error denied: "),
        ("https://example.com/".to_owned(), "error denied: GET to https://example.com:443"),
        ("http://169.254.169.254/latest/meta-data".to_owned(), "error denied: GET to http://169.254.169.254:80"),
        (format!("https://127.0.0.1:{port}/hello"), "error denied: GET to https://127.0.0.1"),
        ("file:///etc/passwd".to_owned(), "error failed: "),
        ("http://[".to_owned(), "error failed: "),
    ] {
        let answer = to(&format!("/302?{location}"));
        assert!(answer.starts_with(why), "{location}: {answer}");
    }
    assert!(to("/loop").contains("more than 10 redirects"));
    let seen = server.seen();
    assert_eq!(seen.iter().filter(|seen| seen.contains("/loop")).count(), 11);
    assert_eq!(seen.iter().filter(|seen| *seen == "GET /hello 0").count(), 1, "{seen:?}");
}

#[test]
fn a_redirect_changes_the_method_as_browsers_do() {
    let (server, mut able) = served();
    for (status, expected) in [("302", "GET /hello 0"), ("303", "GET /hello 0"), ("307", "POST /hello 5")] {
        able.one(&format!("fetch|POST|{}|body=5", server.url(&format!("/{status}?/hello"))));
        assert_eq!(server.seen().last().map(String::as_str), Some(expected), "{status}");
    }
}

#[test]
fn what_is_for_one_host_is_not_for_another() {
    let (one, other) = (Server::start(), Server::start());
    let mut able = with(vec![grant(&["GET"], &[one.url(""), other.url("")], true)]);
    let secret = "authorization=Bearer s3cret|cookie=s3cret|x-plain=yes";
    let there = able.one(&format!("fetch|GET|{}|{secret}", one.url(&format!("/302?{}", other.url("/head")))));
    assert!(there.contains("x-plain: yes") && !there.contains("s3cret"), "{there}");
    let here = able.one(&format!("fetch|GET|{}|{secret}", one.url("/302?/head")));
    assert!(here.contains("authorization: bearer s3cret") && here.contains("cookie: s3cret"), "{here}");
}

#[test]
fn time_is_bounded() {
    let server = Server::start();
    let short = HttpGrant { time: Duration::from_millis(100), ..grant(&["GET"], &[server.url("")], true) };
    for path in ["/silent", "/stuck"] {
        let answer = with(vec![short.clone()]).one(&format!("fetch|GET|{}", server.url(path)));
        assert!(answer.starts_with("error timeout: "), "{path}, by the grant: {answer}");
        let mut able = with(vec![grant(&["GET"], &[server.url("")], true)]);
        let answer = able.one(&format!("fetch|GET|{}|timeout=100", server.url(path)));
        assert!(answer.starts_with("error timeout: "), "{path}, by the request: {answer}");
    }
    let engine = limited(Limits { time: Duration::from_millis(300), ..Limits::default() });
    let http = Some(vec![grant(&["GET"], &[server.url("")], true)]);
    let mut able = Able::on(&engine, Grants { http, ..least() });
    match able.try_all(&[&format!("fetch|GET|{}", server.url("/silent"))]) {
        // The request ends with the call; who of the two is heard of first is open.
        Ok(answers) => assert!(answers[0].starts_with("error timeout: "), "{answers:?}"),
        Err(error) => assert!(error.to_string().contains("time limit"), "{error}"),
    }
}

#[test]
fn answers_are_bounded() {
    let (server, mut able) = served();
    let mut get = |path: &str| able.one(&format!("fetch|GET|{}", server.url(path)));
    assert!(get("/sized?10000").contains(" 10000 xxx"));
    for path in ["/sized?10001", "/huge", "/endless"] {
        assert!(get(path).starts_with("error too large: an answer of more than 10000 bytes"), "{path}");
    }
    assert!(get("/babble").starts_with("error failed: "));
}

#[test]
fn who_does_not_speak_tls_is_not_spoken_to() {
    let server = Server::start();
    let secure = server.url("/hello").replace("http:", "https:");
    let mut able = with(vec![grant(&["GET"], &[secure.replace("/hello", "")], true)]);
    let answer = able.one(&format!("fetch|GET|{secure}"));
    assert!(answer.starts_with("error failed: "), "{answer}");
    assert!(!server.seen().iter().any(|seen| seen.contains("/hello")));
}

#[test]
fn requests_are_bounded() {
    let (server, _) = served();
    let engine = limited(Limits { output_bytes: 100_000, ..Limits::default() });
    let http = Some(vec![grant(&["POST"], &[server.url("")], true)]);
    let mut able = Able::on(&engine, Grants { http, ..least() });
    let mut post = |more: &str| able.one(&format!("fetch|POST|{}|{more}", server.url("/hello")));
    assert!(post("headers=64").starts_with("200 "));
    for (more, why) in [
        ("headers=65", "more than 64 headers"),
        ("host=evil.example", "`host` is the host's to say"),
        ("Host=evil.example", "`host` is the host's to say"),
        ("connection=upgrade", "`connection` is"),
        ("upgrade=h2c", "`upgrade` is"),
        ("content-length=5", "`content-length` is"),
        ("transfer-encoding=chunked", "`transfer-encoding` is"),
        ("te=trailers", "`te` is"),
        ("expect=100-continue", "`expect` is"),
        ("proxy-authorization=x", "`proxy-authorization` is"),
        ("x-a=b\r\nx-c: d", "`x-a` has a value"),
        ("x a=b", "cannot be called"),
    ] {
        let answer = post(more);
        assert!(answer.starts_with("error invalid: ") && answer.contains(why), "{more}: {answer}");
    }
    assert!(post(&format!("x-long={}", "y".repeat(17_000))).starts_with("error invalid: "));
    assert_eq!(server.seen(), ["POST /hello 0"]);
}

#[test]
fn a_body_is_bounded() {
    let (server, _) = served();
    let engine = limited(Limits { output_bytes: 100_000, ..Limits::default() });
    let http = Some(vec![grant(&["POST"], &[server.url("")], true)]);
    let mut able = Able::on(&engine, Grants { http, ..least() });
    let result = able.try_all(&[&format!("fetch|POST|{}|body=100001", server.url("/hello"))]);
    // It is not even lifted, or it is refused.
    assert!(result.is_err() || result.is_ok_and(|answers| answers[0].starts_with("error invalid: ")));
    assert_eq!(server.seen(), Vec::<String>::new());
}
