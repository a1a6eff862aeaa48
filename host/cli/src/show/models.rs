//! The models that a pipeline declares: whose they are, where, how fast they may be asked, where their keys are from.

use stillroom::Pipeline;
use stillroom::pipeline::ModelInfo;

use super::{number, text};
use crate::terminal::Stream;

/// A few lines for each model, under a heading, and the budget; none where there are no models.
pub(crate) fn models(stream: Stream, pipeline: &Pipeline) -> Vec<String> {
    let infos = pipeline.model_infos();
    if infos.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![stream.bold("models")];
    for info in &infos {
        lines.push(format!("  {}  {}", info.name, text::escape_line(&what(info))));
        lines.extend(more(info).iter().flat_map(|line| wrapped(stream, line)));
    }
    let (tokens, money) = pipeline.budget_amounts();
    let tokens = tokens.map(|tokens| format!("{} tokens", number::count(tokens)));
    let budget: Vec<String> = tokens.into_iter().chain(money.map(|money| format!("{money} of money"))).collect();
    if !budget.is_empty() {
        lines.push(format!("  budget: {}", budget.join(", ")));
    }
    // A parameter of the address or the name may be secret.
    lines.iter().map(|line| pipeline.redact(line).into_owned()).collect()
}

fn what(info: &ModelInfo) -> String {
    if info.mixture.is_empty() {
        return format!("{} {} at {}", info.provider, info.model, info.host);
    }
    let share = |(name, share): &(String, f64)| format!("{name} {:.0} %", share * 100.0);
    format!("mixture of {}", info.mixture.iter().map(share).collect::<Vec<_>>().join(", "))
}

fn more(info: &ModelInfo) -> Vec<String> {
    if !info.mixture.is_empty() {
        return Vec::new();
    }
    let rate = |rate: Option<f64>, what: &str| rate.map(|rate| format!("{} {what} a minute", rate_text(rate)));
    let mut pace = vec![format!("{} in flight", number::count(info.in_flight.into()))];
    pace.extend(rate(info.requests_per_minute, "requests"));
    pace.extend(rate(info.tokens_per_minute, "tokens"));
    let mut lines = vec![format!("key: {}", info.key), pace.join(", ")];
    lines.extend(info.price.map(|(input, output)| format!("price: {input} for a million tokens in, {output} out")));
    if !info.fallback.is_empty() {
        lines.push(format!("where it does not answer: {}", info.fallback.join(", ")));
    }
    lines.extend(info.batch.map(|waits| match waits {
        true => "in batches, which the run waits for".to_owned(),
        false => "in batches, which a later run collects".to_owned(),
    }));
    lines
}

fn rate_text(rate: f64) -> String {
    if rate.fract() == 0.0 { number::count(rate as u64) } else { rate.to_string() }
}

fn wrapped(stream: Stream, words: &str) -> Vec<String> {
    let lines = text::wrap(words, stream.width().saturating_sub(6));
    lines.into_iter().enumerate().map(|(at, line)| " ".repeat(if at == 0 { 4 } else { 6 }) + &line).collect()
}

#[cfg(test)]
mod tests {
    use stillroom::pipeline::Settings;

    use super::*;

    #[test]
    fn each_model_in_words_and_no_key() {
        let yaml = "params: { token: { secret: true } }
models:
  small: { url: http://127.0.0.1:8080/v1, model: qwen, key: $(token), fallback: [big], rates: { requests-per-minute: 10 k } }
  big: { provider: openai, model: gpt, price: { input: 0.5, output: 1.5 }, batch: { wait: false } }
  other: { provider: anthropic, model: claude, key: { env: OTHER } }
  both: { mixture: { small: 3, big: 1 } }
budget: { tokens: 5 M }
steps: [{ id: a, where: x }]";
        let env = |name: &str| (name == "OPENAI_API_KEY").then(|| "from-the-environment".to_owned());
        let settings = Settings { set: vec!["token=from-a-parameter"], env: Some(&env), ..Settings::default() };
        let pipeline = Pipeline::parse_with_settings("p.yaml", yaml, &settings).unwrap();
        let expected = "  small  openai qwen at http://127.0.0.1:8080
    key: the parameter `token`
    64 in flight, 10,000 requests a minute
    where it does not answer: big
  big  openai gpt at https://api.openai.com
    key: $OPENAI_API_KEY
    64 in flight
    price: 0.5 for a million tokens in, 1.5 out
    in batches, which a later run collects
  other  anthropic claude at https://api.anthropic.com
    key: $OTHER, which is not set
    64 in flight
  both  mixture of small 75 %, big 25 %
  budget: 5,000,000 tokens";
        let lines = models(Stream::Out, &pipeline);
        assert_eq!(lines[1..].join("\n"), expected);
        assert!(models(Stream::Out, &Pipeline::parse("p", "steps: [{ id: a, where: x }]").unwrap()).is_empty());
    }
}
