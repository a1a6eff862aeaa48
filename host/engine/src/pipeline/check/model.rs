//! `models:` and `budget:` as written to what they mean.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::super::Spanned;
use super::super::fault::{Fault, Short};
use super::super::model::{Declared, KeySource};
use super::super::reference::References;
use super::super::written::{
    BatchTable, BoolOr, BudgetTable, ListOr, Members, ModelTable, Models, PriceTable, RatesTable,
};
use super::is_name;
use super::limits::{duration, within};
use crate::model::spec::{BatchMode, Budget, ModelKind, ModelSpec, OneModel, Price, Provider, Rates};

mod address;
mod header;
mod key;
mod link;
mod parameters;

const IN_FLIGHT: u32 = 64;
const RETRIES: u32 = 6;
const REPAIRS: u32 = 2;
const TIMEOUT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_secs(60);

/// A server that has said nothing for so long has forgotten.
const LONGEST_TIMEOUT: Duration = Duration::from_hours(1);

/// More requests under way than one address has ports to send them from.
const MOST_IN_FLIGHT: u64 = 65_536;

/// The models, each of which names only others that are there.
pub(super) fn models(written: Models, references: &References<'_>) -> Result<Vec<Declared>, Fault> {
    let one = |(name, table): (Spanned<String>, Spanned<ModelTable>)| {
        let place = table.place;
        let named = name.clone();
        let declared = declared(name, table.value, references);
        declared.map_err(|fault| fault.at(place).named(format_args!("model `{}`", Short(&named))))
    };
    let declared: Vec<Declared> = written.into_iter().map(one).collect::<Result<_, _>>()?;
    link::check(&declared)?;
    Ok(declared)
}

/// What a run may take.
pub(super) fn budget(written: Spanned<BudgetTable>, models: &[Declared]) -> Result<Budget, Fault> {
    let (table, place) = (written.value, written.place);
    if table.tokens.is_none() && table.money.is_none() {
        let fault = Fault::new("the budget is of nothing").at(place);
        return Err(fault.help("give it `tokens:`, `money:` or both"));
    }
    if let Some(money) = &table.money {
        within_range(money, f64::MIN_POSITIVE..=f64::MAX, "more than 0")?;
        let has_no_price = |model: &&Declared| matches!(&model.spec.kind, ModelKind::One(one) if one.price.is_none());
        if let Some(model) = models.iter().find(has_no_price) {
            let message = format!("nobody knows what the model `{}` costs", Short(&model.name));
            let help = "give it `price: { input: …, output: … }`, for a million tokens; 0 is a price too";
            return Err(Fault::new(message).at(money.place).help(help));
        }
    }
    let tokens = table.tokens.map(|tokens| count(&tokens, "tokens")).transpose()?;
    // Half a token is none.
    Ok(Budget { tokens: tokens.map(|tokens| tokens as u64), money: table.money.map(|money| money.value) })
}

fn declared(name: Spanned<String>, table: ModelTable, references: &References<'_>) -> Result<Declared, Fault> {
    if !is_name(&name) {
        let fault = Fault::new("this cannot be a model's name").at(name.place);
        return Err(fault.help("a name has letters, digits, `_` and `-`"));
    }
    if table.mixture.is_some() {
        return mixture(name, table);
    }
    let others = table.fallback.clone().unwrap_or_default();
    let (one, key) = one(table, references)?;
    let spec = ModelSpec { name: name.value.clone(), kind: ModelKind::One(Box::new(one)) };
    Ok(Declared { name, spec, key, others })
}

fn one(table: ModelTable, references: &References<'_>) -> Result<(OneModel, KeySource), Fault> {
    let url = address::url(&table)?;
    let model = match table.model {
        Some(model) if model.trim().is_empty() => return Err(Fault::new("the model has no name").at(model.place)),
        Some(model) => model.value,
        None => {
            let fault = Fault::new("it does not say which model");
            return Err(fault.help("write `model:` and what the server calls it, or `mixture:` and other models"));
        }
    };
    let provider = table.provider.map_or(Provider::Openai, |provider| provider.value);
    let (key, source) = key::key(table.key, provider, &url, references)?;
    let one = OneModel {
        provider,
        url,
        model,
        key,
        version: table.version.map(|version| version.value),
        headers: header::headers(table.headers.unwrap_or_default(), references)?,
        parameters: table.parameters.map(parameters::parameters).transpose()?.unwrap_or_default(),
        extra: table.extra.unwrap_or_default(),
        structured: table.structured.unwrap_or_default(),
        scoring: table.scoring.unwrap_or_default(),
        rates: rates(table.rates)?,
        retries: times(table.retries, RETRIES)?,
        repairs: times(table.repairs, REPAIRS)?,
        timeout: table.timeout.map(|timeout| self::timeout(&timeout)).transpose()?.unwrap_or(TIMEOUT),
        fallback: table.fallback.unwrap_or_default().into_iter().map(|name| name.value).collect(),
        price: table.price.map(price).transpose()?,
        batch: table.batch.map(batch).transpose()?.flatten(),
    };
    Ok((one, source))
}

/// Other models under one name, which has nothing of its own.
fn mixture(name: Spanned<String>, table: ModelTable) -> Result<Declared, Fault> {
    let Some(Spanned { value: members, place }) = table.mixture else { return Err(Fault::new("no mixture")) };
    let stray = [
        ("provider", table.provider.as_ref().map(|provider| provider.place)),
        ("url", table.url.as_ref().map(|url| url.place)),
        ("model", table.model.as_ref().map(|model| model.place)),
        ("key", table.key.as_ref().map(|key| key.place)),
        ("fallback", table.fallback.as_ref().and_then(|names| names.first()).map(|name| name.place)),
        ("timeout", table.timeout.as_ref().map(|timeout| timeout.place)),
        ("version", table.version.as_ref().map(|version| version.place)),
        ("retries", table.retries.as_ref().map(|retries| retries.place)),
        ("repairs", table.repairs.as_ref().map(|repairs| repairs.place)),
        ("batch", table.batch.as_ref().map(|batch| batch.place)),
        ("headers", table.headers.is_some().then_some(place)),
        ("parameters", table.parameters.is_some().then_some(place)),
        ("extra", table.extra.is_some().then_some(place)),
        ("structured", table.structured.is_some().then_some(place)),
        ("scoring", table.scoring.is_some().then_some(place)),
        ("rates", table.rates.is_some().then_some(place)),
        ("price", table.price.is_some().then_some(place)),
    ];
    if let Some((key, place)) = stray.into_iter().find_map(|(key, place)| Some((key, place?))) {
        let fault = Fault::new(format!("`{key}` is a server's, and a `mixture` has none")).at(place);
        return Err(fault.help("write it at the models that the mixture names"));
    }
    let members: Vec<(Spanned<String>, f64)> = match members {
        Members::List(names) => names.into_iter().map(|name| (name, 1.0)).collect(),
        ListOr::Table(weights) => weights
            .into_iter()
            .map(|(name, weight)| {
                within_range(&weight, f64::MIN_POSITIVE..=f64::MAX, "more than 0").map(|weight| (name, weight))
            })
            .collect::<Result<_, _>>()?,
    };
    if members.is_empty() {
        return Err(Fault::new("the mixture is of nothing")
            .at(place)
            .help("name other models, as in `mixture: [a, b]`"));
    }
    let others = members.iter().map(|(name, _)| name.clone()).collect();
    let kind = ModelKind::Mixture(members.into_iter().map(|(name, weight)| (name.value, weight)).collect());
    Ok(Declared { spec: ModelSpec { name: name.value.clone(), kind }, name, key: KeySource::None, others })
}

fn rates(table: Option<RatesTable>) -> Result<Rates, Fault> {
    let usual = NonZeroU32::new(IN_FLIGHT).unwrap_or(NonZeroU32::MIN);
    let Some(table) = table else {
        return Ok(Rates { in_flight: usual, requests_per_minute: None, tokens_per_minute: None });
    };
    let in_flight = table.in_flight.map(|number| within(number, 1..=MOST_IN_FLIGHT)).transpose()?;
    Ok(Rates {
        in_flight: in_flight.and_then(|number| NonZeroU32::new(number as u32)).unwrap_or(usual),
        requests_per_minute: table.requests_per_minute.map(|rate| count(&rate, "requests")).transpose()?,
        tokens_per_minute: table.tokens_per_minute.map(|rate| count(&rate, "tokens")).transpose()?,
    })
}

fn times(written: Option<Spanned<u64>>, usual: u32) -> Result<u32, Fault> {
    written.map_or(Ok(usual), super::limits::retries)
}

fn timeout(written: &Spanned<String>) -> Result<Duration, Fault> {
    match duration(written)? {
        time if time <= LONGEST_TIMEOUT => Ok(time),
        _ => Err(Fault::new("must be 1 hour at most").at(written.place)),
    }
}

fn price(table: PriceTable) -> Result<Price, Fault> {
    let amount = |written: &Spanned<f64>| within_range(written, 0.0..=f64::MAX, "0 or more");
    Ok(Price { input: amount(&table.input)?, output: table.output.as_ref().map_or(Ok(0.0), amount)? })
}

fn batch(written: Spanned<BoolOr<BatchTable>>) -> Result<Option<BatchMode>, Fault> {
    let table = match written.value {
        BoolOr::Bool(false) => return Ok(None),
        BoolOr::Bool(true) => BatchTable { wait: None, poll: None },
        BoolOr::Table(table) => table,
    };
    let poll = table.poll.map(|poll| duration(&poll)).transpose()?.unwrap_or(POLL);
    Ok(Some(BatchMode { wait: table.wait.unwrap_or(true), poll }))
}

/// A number above 0, perhaps in thousands, millions or billions.
fn count(written: &Spanned<String>, what: &str) -> Result<f64, Fault> {
    let text = written.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let factor = match unit {
        "" => Some(1.0),
        "k" | "K" => Some(1e3),
        "M" => Some(1e6),
        "G" => Some(1e9),
        _ => None,
    };
    let plain = number.trim().replace('_', "").parse::<f64>().ok();
    match plain.zip(factor).map(|(plain, factor)| plain * factor).filter(|count| *count > 0.0 && count.is_finite()) {
        Some(count) => Ok(count),
        None => {
            let fault = Fault::new(format!("`{}` is not a number of {what}", Short(written))).at(written.place);
            Err(fault.help("it is as in `5000000`, `500 k` or `5 M`, and more than 0"))
        }
    }
}

fn within_range(written: &Spanned<f64>, range: RangeInclusive<f64>, words: &str) -> Result<f64, Fault> {
    match range.contains(&written.value) {
        true => Ok(written.value),
        false => Err(Fault::new(format!("must be {words}")).at(written.place)),
    }
}
