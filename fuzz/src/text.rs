//! Text that strangers write: types, signatures, manifests, pipeline files, arguments, expressions.

use std::sync::{Arc, OnceLock};

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, TimeUnit};
use stillroom::expression::Expression;
use stillroom::fuzzing::{self, Said};
use stillroom::pipeline::{Pipeline, Settings};

use crate::data::Data;
use crate::make;

/// Words that texts of each kind are made of, where bytes alone would hardly ever say anything.
const TYPE_WORDS: &[&str] = &[
    "list<",
    "large-list<",
    "struct<",
    "dictionary<",
    "fixed-size-list<",
    "fixed-size-binary<",
    "timestamp<",
    "time32<",
    "time64<",
    "duration<",
    "decimal128<",
    ">",
    ", ",
    ": ",
    "utf8",
    "int32",
    "int8",
    "null",
    "utf8-view",
    "us",
    "ms",
    "Europe/Berlin",
    "a",
    "\"b \\\" c\"",
    "-3",
    "38",
    "9",
    "2147483647",
    "99999999999",
    "\"",
    "é",
    "<",
    " ",
    "0",
];

const YAML_WORDS: &[&str] = &[
    "\n",
    "\n  ",
    "\n    ",
    "\n- ",
    "\n  - ",
    ": ",
    "steps:",
    "name: x",
    "source:",
    "files: in.jsonl",
    "rows:",
    "id: a",
    "uses: table.sort",
    "use: text.stats",
    "with:",
    "where: 'a > 1'",
    "compute:",
    "select:",
    "[a, b]",
    "{a: 1}",
    "sink:",
    "path: out.parquet",
    "params:",
    "default: 1",
    "type: int",
    "secret: true",
    "env: HOME",
    "$(a)",
    "$(",
    "plugins:",
    "grants:",
    "limits:",
    "memory: 1GiB",
    "time: 30s",
    "on-error: quarantine",
    "retries: 2",
    "route:",
    "by: a",
    "join:",
    "concat:",
    "input: a",
    "inputs: [a, b]",
    "seed: 7",
    "&x ",
    "*x",
    "<<: *x",
    "!!str ",
    "|",
    ">-",
    "'",
    "\"",
    "#",
    "? ",
    "---",
    "...",
    "~",
    "null",
    "true",
    "1e999",
    "0x1f",
    "é",
    "\t",
    "batch-rows: 5",
    "dataset:",
    "quarantine: q.jsonl",
];

const EXPRESSION_WORDS: &[&str] = &[
    "a",
    "b",
    "c",
    "d",
    "e",
    "t",
    "`a`",
    "(",
    ")",
    " + ",
    " - ",
    " * ",
    " / ",
    " % ",
    " = ",
    " != ",
    " < ",
    " >= ",
    " and ",
    " or ",
    "not ",
    " is null",
    " is not null",
    " in (",
    ", ",
    "'x'",
    "''",
    "1",
    "0",
    "-1",
    "9223372036854775807",
    "1.5",
    "1e308",
    "null",
    "true",
    " between ",
    " like ",
    " || ",
    "length(",
    "lower(",
    "upper(",
    "trim(",
    "matches(",
    "coalesce(",
    "cast(",
    " as int64",
    "abs(",
    "round(",
    "'('",
    "'.*'",
    "case when ",
    " then ",
    " else ",
    " end",
    ".",
    "[0]",
    "é",
];

/// Words and bytes by turns.
fn words(data: &mut Data<'_>, words: &[&str]) -> String {
    if data.is() {
        return String::from_utf8_lossy(data.rest()).into_owned();
    }
    let mut text = String::new();
    while !data.is_empty() && text.len() < 8 << 10 {
        match data.byte() {
            240.. => text.push(char::from(data.byte())),
            word => text.push_str(words[usize::from(word) % words.len()]),
        }
    }
    text
}

/// Types in words, and signatures of them.
pub fn signature(data: &[u8]) {
    let data = &mut Data::new(data);
    let made = make::data_type(data, 0);
    let text = fuzzing::type_text(&made).expect("a type that crosses has words");
    assert_eq!(fuzzing::parse_type(&text).as_ref(), Ok(&made), "{text}");
    let key = data.is().then(|| "b".to_owned());
    let text = words(data, TYPE_WORDS);
    if let Ok(parsed) = fuzzing::parse_type(&text) {
        let again = fuzzing::type_text(&parsed).expect("what was parsed has words");
        assert_eq!(fuzzing::parse_type(&again), Ok(parsed), "`{text}` is `{again}`");
    }
    let output = |(i, text): (usize, &str)| ("o".repeat(i % 7), text.to_owned());
    let outputs = text.split('\n').take(9).enumerate().map(output).collect();
    let inputs: Vec<String> = text.split(' ').take(5).map(str::to_owned).collect();
    let there = [("a".to_owned(), "utf8".to_owned(), true), ("b".to_owned(), text.clone(), false)];
    if let Ok(fields) = fuzzing::signature(&there, inputs, outputs, key.into_iter().collect()) {
        assert!(fields.iter().all(|field| fuzzing::type_text(field.data_type()).is_some()));
    }
}

/// What a plugin says of its steps.
pub fn manifest(data: &[u8]) {
    let data = &mut Data::new(data);
    let mut said = Vec::new();
    for _ in 0..data.below(5) {
        let kind = data.byte();
        let mut text = || {
            let len = data.below(40);
            match len {
                0 => r#"{"type":"object","properties":{"a":{"type":"string"}}}"#.to_owned(),
                1 => "a-step".to_owned(),
                len => String::from_utf8_lossy(&data.fill(len)).into_owned(),
            }
        };
        let (name, summary, params) = (text(), text(), text());
        let columns = vec![(text(), vec![text()], text())];
        said.push(Said { name, kind, summary, params, columns });
    }
    let count = said.len();
    if let Ok(steps) = fuzzing::manifests(said) {
        assert_eq!(steps.len(), count);
        assert!(steps.iter().all(|step| step.params.is_object() && !step.name.is_empty()));
    }
}

/// A pipeline file, with arguments and a parameter file.
pub fn pipeline(data: &[u8]) {
    let data = &mut Data::new(data);
    let modes = data.byte();
    let text = match modes % 4 {
        0 => words(data, YAML_WORDS),
        // What stands behind a record separator is an argument each, or the parameter file.
        _ => String::from_utf8_lossy(data.rest()).into_owned(),
    };
    let mut parts = text.split('\u{1e}');
    let file = parts.next().unwrap_or_default();
    let params = (modes & 4 != 0).then(|| parts.next()).flatten();
    let set = parts.take(4).collect();
    let env = |name: &str| name.len().is_multiple_of(2).then(|| "from: outside".to_owned());
    let settings = Settings { set, params_file: params.map(|text| ("params.yaml", text)), env: Some(&env) };
    match Pipeline::parse_with_settings("fuzz.yaml", file, &settings) {
        Ok(pipeline) => assert!(!pipeline.steps.is_empty()),
        Err(error) => assert!(!error.message.is_empty()),
    }
}

/// An expression, over a few rows of every type that expressions know.
pub fn expression(data: &[u8]) {
    let data = &mut Data::new(data);
    let text = words(data, EXPRESSION_WORDS);
    let Ok(expression) = Expression::parse(&text) else { return };
    let batch = some_rows();
    let over_none = expression.data_type(&batch.schema());
    match expression.evaluate(batch) {
        Ok(values) => {
            assert_eq!(values.len(), batch.num_rows(), "{text}");
            assert_eq!(over_none.as_ref(), Ok(values.data_type()), "{text}");
            values.to_data().validate_full().expect("an expression's values are whole");
        }
        Err(error) => assert!(!error.message.is_empty()),
    }
    if let Ok(truths) = expression.filter(batch) {
        assert_eq!((truths.len(), arrow_array::Array::null_count(&truths)), (batch.num_rows(), 0));
    }
}

fn some_rows() -> &'static RecordBatch {
    static ROWS: OnceLock<RecordBatch> = OnceLock::new();
    ROWS.get_or_init(|| {
        let lists = ListArray::from_iter_primitive::<arrow_array::types::Int64Type, _, _>([
            Some(vec![Some(1), None]),
            None,
            Some(vec![]),
            Some(vec![Some(3)]),
        ]);
        let times = TimestampMicrosecondArray::from(vec![Some(0), None, Some(i64::MAX), Some(i64::MIN)]);
        let columns: [(&str, ArrayRef); 6] = [
            ("a", Arc::new(Int64Array::from(vec![Some(1), None, Some(i64::MAX), Some(i64::MIN)]))),
            ("b", Arc::new(StringArray::from(vec![Some("x"), None, Some("ÄÖ (1"), Some("12")]))),
            ("c", Arc::new(Float64Array::from(vec![Some(0.5), None, Some(f64::NAN), Some(f64::NEG_INFINITY)]))),
            ("d", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]))),
            ("e", Arc::new(lists)),
            ("t", Arc::new(times.with_data_type(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))))),
        ];
        RecordBatch::try_from_iter(columns).expect("columns of one length")
    })
}

/// A line of a run's journal, its checksum made to fit.
pub fn journal(data: &[u8]) {
    fuzzing::is_mark(data);
}
