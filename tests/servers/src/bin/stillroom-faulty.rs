//! A model server that answers any request after a set time: something for benchmarks to ask.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use stillroom_servers::faulty::{Faulty, Rules};

const USAGE: &str = "stillroom-faulty [--port PORT] [--latency 200ms] [--log FILE] [--words N] [--upstream http://HOST]

It says its address, and ends when it is killed.";

fn main() -> Result<()> {
    let mut rules = Rules::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--help" {
            println!("{USAGE}");
            return Ok(());
        }
        let value = arguments.next().with_context(|| format!("{name} wants a value\n\n{USAGE}"))?;
        match name.as_str() {
            "--port" => rules.port = value.parse().with_context(|| format!("`{value}` is no port"))?,
            "--latency" => rules.latency = time(&value)?,
            "--log" => rules.log = Some(PathBuf::from(value)),
            "--upstream" => rules.upstream = Some(value),
            "--words" => {
                let words: usize = value.parse().with_context(|| format!("`{value}` is no number"))?;
                rules.answer =
                    Box::new(move |asked, sample| format!("{sample} {} ", asked.number) + &"word ".repeat(words));
            }
            _ => bail!("there is no argument {name}\n\n{USAGE}"),
        }
    }
    let server = Faulty::start(rules)?;
    println!("{}", server.url());
    loop {
        std::thread::park();
    }
}

/// `200ms` or `2s`.
fn time(text: &str) -> Result<Duration> {
    let number = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let value: u64 = number.parse().with_context(|| format!("`{text}` is no time: 200ms, for example"))?;
    match text.strip_prefix(number).unwrap_or_default() {
        "ms" => Ok(Duration::from_millis(value)),
        "s" => Ok(Duration::from_secs(value)),
        _ => bail!("`{text}` is no time: 200ms, for example"),
    }
}
