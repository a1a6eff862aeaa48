//! When a server says that it may be asked again.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

/// The longest that a server can make us wait: what is more is a mistake, or a limit of the day.
const MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// What servers say about requests and about tokens: what is left, and when there is more.
const RESETS: [(&str, &str); 2] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
];

/// How long to wait, where the server says so.
pub(super) fn after(status: u16, headers: &HeaderMap, value: &Value) -> Option<Duration> {
    let millis = || header(headers, "retry-after-ms").and_then(|text| seconds(text.parse::<f64>().ok()? / 1000.0));
    let usual = || header(headers, RETRY_AFTER.as_str()).and_then(|text| number(text).or_else(|| date(headers, text)));
    let limits = || if status == 429 { resets(headers) } else { None };
    millis().or_else(usual).or_else(|| in_details(value)).or_else(limits).map(|wait| wait.min(MOST))
}

/// Google's `RetryInfo`.
fn in_details(value: &Value) -> Option<Duration> {
    let details = value.pointer("/error/details")?.as_array()?;
    details.iter().find_map(|detail| lasting(detail.get("retryDelay")?.as_str()?))
}

/// The latest reset of what is used up. Where no header says that anything is, the earliest: one of them has to be it.
fn resets(headers: &HeaderMap) -> Option<Duration> {
    let known =
        RESETS.iter().filter_map(|(left, reset)| Some((header(headers, left), lasting(header(headers, reset)?)?)));
    let known: Vec<_> = known.collect();
    let used_up = known.iter().filter(|(left, _)| *left == Some("0")).map(|(_, reset)| *reset).max();
    used_up.or_else(|| known.iter().map(|(_, reset)| *reset).min())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(text: &str) -> Option<Duration> {
    seconds(text.parse().ok()?)
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok()
}

/// `6m0s`, `7.66s`, `20ms`, and seconds alone.
fn lasting(text: &str) -> Option<Duration> {
    if let Some(wait) = number(text) {
        return Some(wait);
    }
    let (mut total, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let (figures, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let factor = match unit {
            "d" => 86_400.0,
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            "us" | "µs" => 0.000_001,
            _ => return None,
        };
        total += figures.parse::<f64>().ok()? * factor;
        rest = after;
    }
    if text.is_empty() { None } else { seconds(total) }
}

/// Until a date. Counted from the server's own, where it says: its clock may be another.
fn date(headers: &HeaderMap, text: &str) -> Option<Duration> {
    let now = header(headers, DATE.as_str()).and_then(moment).unwrap_or_else(SystemTime::now);
    // What is over may be asked again at once.
    Some(moment(text)?.duration_since(now).unwrap_or_default())
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that servers may write.
fn moment(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, text) = text.split_once(", ")?;
    let mut words = text.split(' ');
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    humantime::parse_rfc3339(&format!("{year}-{month:02}-{day}T{time}Z")).ok()
}
