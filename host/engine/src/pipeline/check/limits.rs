//! Limits as written to numbers: sizes and times in words, and what is too little or too much to be meant.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytesize::ByteSize;

use super::super::Spanned;
use super::super::fault::{Fault, Short};
use super::super::spec::LimitsSpec;
use super::super::written::LimitsTable;
use crate::limits::LoadLimits;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The clock that interrupts a call ticks every 10 ms, so no time is shorter.
const TIMES: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_hours(24 * 7);

/// What a call's time may be said to be.
const OFF: &str = "off";

/// A plugin's limits, which say more than a step's.
pub(super) struct PluginLimits {
    pub(super) limits: LimitsSpec,
    pub(super) endless: bool,
    pub(super) load: LoadLimits,
}

/// The limits of a step, or of all steps.
pub(super) fn limits(table: LimitsTable) -> Result<LimitsSpec, Fault> {
    let of_plugin = table.component.as_ref().map(|component| ("component", component.place));
    if let Some((key, place)) = of_plugin.or(table.compile_time.as_ref().map(|time| ("compile-time", time.place))) {
        let fault = Fault::new(format!("`{key}` is a limit of a plugin, not of its steps")).at(place);
        return Err(fault.help(format!(
            "write it under `plugins:`, as in `plugins: {{ ./my.wasm: {{ limits: {{ {key}: … }} }} }}`"
        )));
    }
    if let Some(time) = table.time.as_ref().filter(|time| time.value == OFF) {
        let fault = Fault::new("a time limit is switched off for a plugin by name").at(time.place);
        return Err(fault.help("write it under `plugins:`, as in `plugins: { ./my.wasm: { limits: { time: off } } }`"));
    }
    spec(table)
}

/// The limits of one plugin.
pub(super) fn plugin_limits(mut table: LimitsTable) -> Result<PluginLimits, Fault> {
    let endless = table.time.as_ref().is_some_and(|time| time.value == OFF);
    table.time = table.time.filter(|_| !endless);
    let usual = LoadLimits::default();
    let component = table.component.take().map(|size| bytes(&size, KIB..=4 * GIB)).transpose()?;
    let compile_time = table.compile_time.take().map(|time| duration(&time)).transpose()?;
    let load = LoadLimits {
        component_bytes: component.unwrap_or(usual.component_bytes),
        compile_time: compile_time.unwrap_or(usual.compile_time),
    };
    Ok(PluginLimits { limits: spec(table)?, endless, load })
}

fn spec(table: LimitsTable) -> Result<LimitsSpec, Fault> {
    let size = |size: Option<Spanned<String>>, range| size.map(|size| bytes(&size, range)).transpose();
    let small = |number: Option<Spanned<u64>>, range| {
        number.map(|number| within(number, range)).transpose().map(|number| number.map(|number| number as usize))
    };
    Ok(LimitsSpec {
        // A page is the least that a guest can have.
        memory: size(table.memory, 64 * KIB..=16 * GIB)?,
        time: table.time.map(|time| duration(&time)).transpose()?,
        output: size(table.output, 1..=16 * GIB)?,
        output_rows: small(table.output_rows, 1..=u64::from(u32::MAX))?,
        rejected_rows: table.rejected_rows.map(|rows| rows.value),
        log: size(table.log, 1..=64 * MIB)?,
        instances: small(table.instances, 1..=1024)?,
        // What the sandbox has room for in a pooled instance.
        table_elements: small(table.table_elements, 1..=100_000)?,
    })
}

/// How often something is tried again.
pub(super) fn retries(written: Spanned<u64>) -> Result<u32, Fault> {
    within(written, 0..=100).map(|number| number as u32)
}

/// A size, in words or in plain bytes.
pub(super) fn bytes(written: &Spanned<String>, range: RangeInclusive<u64>) -> Result<usize, Fault> {
    let Ok(ByteSize(size)) = written.trim().parse() else {
        let fault = Fault::new(format!("`{}` is not a size", Short(written))).at(written.place);
        return Err(fault.help("a size is a number and a unit, as in `512 MiB` or `64 kB`, or a number of bytes"));
    };
    if !range.contains(&size) {
        let [least, most] = [*range.start(), *range.end()].map(|bound| ByteSize(bound).display().iec().to_string());
        return Err(Fault::new(format!("must be {least} to {most}")).at(written.place));
    }
    usize::try_from(size).map_err(|_| Fault::new("more than this machine can address").at(written.place))
}

/// A time, in words.
pub(super) fn duration(written: &Spanned<String>) -> Result<Duration, Fault> {
    let text = written.trim();
    let time = humantime::parse_duration(text).ok().filter(|_| text.ends_with(|c: char| c.is_ascii_alphabetic()));
    let Some(time) = time else {
        let fault = Fault::new(format!("`{}` is not a time", Short(written))).at(written.place);
        return Err(fault.help("a time is a number and a unit, as in `10 s`, `500 ms` or `5 min`"));
    };
    match TIMES.contains(&time) {
        true => Ok(time),
        false => Err(Fault::new("must be 10 ms to 7 days").at(written.place)),
    }
}

/// A number within bounds.
pub(super) fn within(written: Spanned<u64>, range: RangeInclusive<u64>) -> Result<u64, Fault> {
    match range.contains(&written) {
        true => Ok(written.value),
        false => Err(Fault::new(format!("must be {} to {}", range.start(), range.end())).at(written.place)),
    }
}
