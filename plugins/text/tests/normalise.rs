//! Normalising gives what Python 3.11 gives (`tests/python/normalise.py` asked it).
//!
//! The tables here are of a later Unicode than Python 3.11's 14.0: the two can differ for characters assigned since, and
//! hardly for others (lower case and normal forms are stable by policy; four letters got an upper case), so the fixture
//! has none of these.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;
use text::column::TextBuf;
use text::normalise::{Case, Form, NormaliseParams, normalise};
use unicode_normalization::UnicodeNormalization;

fn check(name: &str, options: &NormaliseParams) {
    let rows: Vec<Value> =
        include_str!("python/normalise.jsonl").lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let column: TextBuf = rows.iter().map(|row| row["text"].as_str().unwrap()).collect();
    let ours = normalise(column.as_texts(), options).unwrap();
    for (i, row) in rows.iter().enumerate() {
        let ours = ours.as_texts().text(i).unwrap();
        assert_eq!(ours, row[name].as_str().unwrap(), "row {i}: {:?}", row["text"]);
    }
}

#[test]
fn the_benchmarks_work() {
    check(
        "bench",
        &NormaliseParams {
            form: Form::Nfkc,
            case: Case::Lower,
            collapse_whitespace: true,
            ..NormaliseParams::default()
        },
    );
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
    let ours =
        normalise(column.as_texts(), &NormaliseParams { strip_control: true, ..NormaliseParams::default() }).unwrap();
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

/// The same by other means, character by character.
fn plainly(text: &str) -> String {
    let lower = text.nfkc().collect::<String>().to_lowercase();
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}');
    lower.split(is_blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Rows of all lengths around the sixteen and sixty-four bytes of the fast paths, with something odd anywhere in them.
#[test]
fn fast_paths_are_the_plain_way() {
    const PIECES: [&str; 16] = [
        "a",
        "B",
        "word ",
        "Longer Words Stand Here ",
        " ",
        "  ",
        "\t",
        "\n\n",
        "é",
        "E\u{301}",
        "ﬁ",
        "\u{a0}",
        "Σ",
        "漢",
        "\u{3000}",
        "\u{1f}",
    ];
    let mut state = 1u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let rows: Vec<String> = (0..4000)
        .map(|row| {
            // Three of four rows are plain.
            let odd = if row % 4 == 0 { 16 } else { 8 };
            let length = next(200) as usize;
            let mut text = String::new();
            while text.len() < length {
                let piece = if next(3) == 0 { next(odd) } else { next(4) };
                text.push_str(PIECES[piece as usize]);
            }
            text
        })
        .collect();
    let column: TextBuf = rows.iter().collect();
    let params =
        NormaliseParams { form: Form::Nfkc, case: Case::Lower, collapse_whitespace: true, ..Default::default() };
    let ours = normalise(column.as_texts(), &params).unwrap();
    for (row, text) in rows.iter().enumerate() {
        assert_eq!(ours.as_texts().text(row).unwrap(), plainly(text), "{text:?}");
    }
    let kept = normalise(column.as_texts(), &NormaliseParams { form: Form::None, ..Default::default() }).unwrap();
    assert_eq!((kept.offsets, kept.values), (column.offsets, column.values));
}
