//! Answers what the contract does not allow. Speaks the contract without the SDK, which would not let it.
//!
//! Step `lie` takes `n: int64` and signs for `text: utf8`; its parameters are the name of a lie, as a JSON string inside
//! `{"lie": …}`. The host must name the lie as a fault of this step and go on living.
#![cfg(target_family = "wasm")]

wit_bindgen::generate!({ path: "../../../sdk/wit/v0.1", world: "plugin" });

use std::cell::RefCell;

use exports::stillroom::step::step::{
    Batch, Column, Fault, Field, Guest, Kind, Manifest, Output, Rejection, RowCount, Signature,
};
use stillroom::step::data::Array;

/// Every lie. The host's test reads the list from the manifest, so a lie without a test cannot be.
const LIES: &[&str] = &[
    "none",
    "short-offsets",
    "long-offsets",
    "falling-offsets",
    "offset-past-end",
    "negative-offset",
    "bad-utf8",
    "split-character",
    "no-validity",
    "short-bitmap",
    "wrong-null-count",
    "too-few-rows",
    "too-many-rows",
    "no-arrays",
    "two-arrays",
    "no-buffers",
    "many-buffers",
    "rows-unasked",
    "rows-out-of-range",
    "rows-odd-bytes",
    "huge-length",
    "reject-out-of-range",
    "reject-twice",
    "reject-and-answer",
    "huge-output",
    "long-reason",
    "null-where-never",
    "sign-twice",
    "sign-unknown-input",
    "sign-nameless",
    "sign-bad-type",
    "sign-deep-type",
    "sign-input-twice",
    "long-fault",
    "control-characters",
];

struct Liar;

thread_local! {
    static LIE: RefCell<String> = const { RefCell::new(String::new()) };
}

fn is(lie: &str) -> bool {
    LIE.with_borrow(|told| told == lie)
}

impl Guest for Liar {
    fn describe() -> Vec<Manifest> {
        let lies = LIES.iter().map(|lie| format!("\"{lie}\"")).collect::<Vec<_>>().join(",");
        vec![Manifest {
            name: "lie".into(),
            kind: Kind::Transform,
            summary: "Lies.".into(),
            params: format!(
                r#"{{"type":"object","properties":{{"lie":{{"type":"string","enum":[{lies}]}}}},"required":["lie"]}}"#
            ),
            columns: vec![Column {
                name: "n".into(),
                data_types: vec!["int64".into()],
                required: true,
                summary: String::new(),
            }],
        }]
    }

    fn open(_step: String, params: String, _input: Vec<Field>) -> Result<Signature, Fault> {
        let lie = LIES.iter().find(|lie| params.contains(&format!("\"{lie}\"")));
        LIE.set(lie.ok_or_else(|| Fault::Params("which lie?".into()))?.to_string());
        if is("long-fault") {
            return Err(Fault::Params("a".repeat(10 << 20)));
        }
        if is("control-characters") {
            return Err(Fault::Params("\u{1b}[2Jcleared\u{7}".into()));
        }
        let field = |name: &str, data_type: &str| Field {
            name: name.into(),
            data_type: data_type.into(),
            nullable: !is("null-where-never"),
        };
        let mut outputs = vec![field("text", "utf8")];
        let mut inputs = vec!["n".to_owned()];
        match () {
            () if is("sign-twice") => outputs.push(field("text", "utf8")),
            () if is("sign-nameless") => outputs[0].name.clear(),
            () if is("sign-bad-type") => outputs[0].data_type = "text".into(),
            () if is("sign-deep-type") => outputs[0].data_type = "list<".repeat(100_000),
            () if is("sign-unknown-input") => inputs = vec!["secret".into()],
            () if is("sign-input-twice") => inputs.push("n".into()),
            () => {}
        }
        let any = is("rows-out-of-range") || is("rows-odd-bytes") || is("reject-and-answer");
        Ok(Signature { inputs, outputs, row_count: if any { RowCount::Any } else { RowCount::Same }, key: vec![] })
    }

    fn process(input: Batch) -> Result<Output, Fault> {
        let rows = input.length;
        let mut output = truth(rows);
        lie_in_array(&mut output, rows);
        lie_around(&mut output, rows);
        Ok(output)
    }

    fn finish() -> Result<Option<Output>, Fault> {
        Ok(None)
    }
}

/// `rows` times "é".
fn truth(rows: u32) -> Output {
    let offsets = (0..=rows).flat_map(|row| (row * 2).to_le_bytes()).collect();
    let array = Array {
        length: rows,
        null_count: 0,
        buffers: vec![Vec::new(), offsets, "é".repeat(rows as usize).into_bytes()],
    };
    Output { columns: Batch { length: rows, arrays: vec![array] }, rows: None, rejected: Vec::new() }
}

fn lie_in_array(output: &mut Output, rows: u32) {
    let array = &mut output.columns.arrays[0];
    let offsets = &mut array.buffers[1];
    let last = offsets.len() - 4;
    match () {
        () if is("short-offsets") => offsets.truncate(last),
        () if is("long-offsets") => offsets.extend([0; 4]),
        () if is("falling-offsets") => offsets[4..8].copy_from_slice(&(rows * 2).to_le_bytes()),
        () if is("offset-past-end") => offsets[last..].copy_from_slice(&(rows * 2 + 1).to_le_bytes()),
        () if is("negative-offset") => offsets[..4].copy_from_slice(&(-8_i32).to_le_bytes()),
        () if is("bad-utf8") => array.buffers[2][0] = 0xff,
        () if is("split-character") => offsets[4..8].copy_from_slice(&1_u32.to_le_bytes()),
        () if is("no-validity") => drop(array.buffers.remove(0)),
        () if is("short-bitmap") => (array.null_count, array.buffers[0]) = (1, Vec::new()),
        () if is("wrong-null-count") => (array.null_count, array.buffers[0]) = (2, vec![0; rows.div_ceil(8) as usize]),
        () if is("null-where-never") => {
            (array.null_count, array.buffers[0]) = (rows, vec![0; rows.div_ceil(8) as usize])
        }
        () if is("no-buffers") => array.buffers.clear(),
        () if is("many-buffers") => array.buffers.extend(vec![Vec::new(); 1000]),
        () if is("huge-length") => (array.length, output.columns.length) = (u32::MAX, u32::MAX),
        () if is("huge-output") => array.buffers[2] = vec![b'a'; 600 << 20],
        () => {}
    }
}

fn lie_around(output: &mut Output, rows: u32) {
    let reject = |row| Rejection { row, reason: "no".into() };
    match () {
        () if is("too-few-rows") => *output = truth(rows - 1),
        () if is("too-many-rows") => *output = truth(rows + 1),
        () if is("no-arrays") => output.columns.arrays.clear(),
        () if is("two-arrays") => output.columns.arrays.extend(truth(rows).columns.arrays),
        () if is("rows-unasked") => output.rows = Some((0..rows).flat_map(u32::to_le_bytes).collect()),
        () if is("rows-out-of-range") => output.rows = Some((1..=rows).flat_map(u32::to_le_bytes).collect()),
        () if is("rows-odd-bytes") => output.rows = Some(vec![0; rows as usize * 4 - 1]),
        () if is("reject-out-of-range") => output.rejected.push(reject(rows)),
        () if is("reject-twice") => output.rejected.extend([reject(0), reject(0)]),
        () if is("reject-and-answer") => {
            output.rows = Some((0..rows).flat_map(u32::to_le_bytes).collect());
            output.rejected.push(reject(0));
        }
        () if is("long-reason") => output.rejected.push(Rejection { row: 0, reason: "a".repeat(10 << 20) }),
        () => {}
    }
}

export!(Liar);
