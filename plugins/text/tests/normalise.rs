//! Normalising gives what Python 3.11 gives (`tests/python/normalise.py` asked it).
//!
//! The tables here are of a later Unicode than Python 3.11's 14.0: the two can differ for characters assigned since, and
//! hardly for others (lower case and normal forms are stable by policy; two letters got an upper case), so the fixture
//! has none of these.

use serde_json::Value;
use text::column::TextBuf;
use text::normalise::{Case, Form, NormaliseParams, normalise};

fn check(name: &str, options: &NormaliseParams) {
    let rows: Vec<Value> = include_str!("python/normalise.jsonl").lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let column: TextBuf = rows.iter().map(|row| row["text"].as_str().unwrap()).collect();
    let ours = normalise(column.as_texts(), options).unwrap();
    for (i, row) in rows.iter().enumerate() {
        let ours = ours.as_texts().text(i).unwrap();
        assert_eq!(ours, row[name].as_str().unwrap(), "row {i}: {:?}", row["text"]);
    }
}

#[test]
fn the_benchmarks_work() {
    check("bench", &NormaliseParams { form: Form::Nfkc, case: Case::Lower, collapse_whitespace: true, ..NormaliseParams::default() });
}

#[test]
fn single_options() {
    let none = || NormaliseParams { form: Form::None, ..NormaliseParams::default() };
    check("text", &none());
    check("nfc", &NormaliseParams { form: Form::Nfc, ..none() });
    check("upper", &NormaliseParams { case: Case::Upper, ..none() });
    check("unescaped", &NormaliseParams { unescape_html: true, ..none() });
}

#[test]
fn controls_go_and_whitespace_stays() {
    let rows = [
        ("a\u{0}b\u{7f}c", "abc"),
        ("\u{feff}start", "start"),
        ("tab\tline\n", "tab\tline\n"),
        ("so\u{ad}ft \u{200b}zero", "soft zero"),
        ("e\u{301}\u{1}\u{9f}\u{85}é", "é\u{85}é"),
        ("join\u{200d}er", "join\u{200d}er"),
        ("a \u{1} b", "a  b"),
    ];
    let column: TextBuf = rows.iter().map(|row| row.0).collect();
    let ours = normalise(column.as_texts(), &NormaliseParams { strip_control: true, ..NormaliseParams::default() }).unwrap();
    for (i, (text, expected)) in rows.into_iter().enumerate() {
        assert_eq!(ours.as_texts().text(i).unwrap(), expected, "{text:?}");
    }
    let both = NormaliseParams { strip_control: true, collapse_whitespace: true, ..NormaliseParams::default() };
    let ours = normalise([" a \u{1} \u{7f}b\u{200b} "].into_iter().collect::<TextBuf>().as_texts(), &both).unwrap();
    assert_eq!(ours.as_texts().text(0).unwrap(), "a b");
}

#[test]
fn a_row_that_is_not_utf8_is_named() {
    let column: TextBuf = [&b"fine"[..], b"a\xffb"].into_iter().collect();
    assert_eq!(normalise(column.as_texts(), &NormaliseParams::default()).unwrap_err().row, 1);
}
