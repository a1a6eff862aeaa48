//! Guests that fail and guests that lie: each is named, nothing is left behind, and the host goes on.

use stillroom::{Error, Plugin};
use stillroom_tests::{Bench, engine, explain, guest};

fn failing(how: &str) -> String {
    format!(
        "
name: failing
batch-rows: 100
steps:
  - {{ id: count, use: GUESTS/kinds.wasm/count, with: {{ rows: 1000 }} }}
  - {{ id: fail, use: GUESTS/kinds.wasm/fail, with: {{ how: {how}, at: 678 }} }}
  - {{ id: write, sink: DIR/out.jsonl }}
"
    )
}

#[test]
fn a_failed_batch_fails_the_run_and_says_where() {
    for (how, message) in [
        ("panic", "cannot go on at n = 678"),
        ("fault", "will not work on 678"),
        ("plugin", "lost my way"),
        ("memory", "it asked for more memory than its limit"),
        ("stack", "wasm trap: "),
    ] {
        for threads in [1, 4] {
            let bench = Bench::default();
            let error = bench.run_on(threads, &failing(how)).expect_err(how);
            let Error::Step(step) = &error else { panic!("{how}: {error:?}") };
            assert!(step.message.contains(message), "{how}: {}", step.message);
            assert_eq!((step.step.as_str(), step.batch, step.first_row, step.rows), ("fail", 6, 600, 100), "{how}");
            assert!(error.to_string().contains("batch 6 (rows 600 to 699)"), "{error}");
            assert_eq!(bench.files(), Vec::<String>::new(), "{how}: nothing half-written");
        }
    }
}

#[test]
fn a_panic_brings_the_guests_place_and_stack() {
    let error = Bench::default().run(&failing("panic")).expect_err("panics");
    let Error::Step(step) = &error else { panic!("{error:?}") };
    assert!(step.message.contains("lib.rs:"), "{}", step.message);
    // The function, and the source line where the component has debug info.
    let frame = step.backtrace.iter().find(|frame| frame.contains("kinds/src/lib.rs:"));
    assert!(frame.is_some(), "{:#?}", step.backtrace);
}

#[test]
fn a_trivial_step_is_a_small_component() {
    let module = std::fs::read(guest("trivial")).expect("the guest");
    let component = wit_component::ComponentEncoder::default().module(&stripped(&module)).expect("a module").encode();
    let size = component.expect("a component").len();
    assert!(size < 100_000, "{size} bytes");
}

/// A module as `strip` leaves it: of the custom sections, only the component's type.
fn stripped(module: &[u8]) -> Vec<u8> {
    let (header, mut rest) = module.split_at(8);
    let mut kept = header.to_vec();
    while let [id, behind @ ..] = rest {
        let (size, width) = leb128(behind);
        let (section, next) = rest.split_at(1 + width + size);
        let (name, at) = leb128(&section[1 + width..]);
        let name = section[1 + width + at..].get(..name).unwrap_or_default();
        if *id != 0 || name.starts_with(b"component-type") {
            kept.extend_from_slice(section);
        }
        rest = next;
    }
    kept
}

/// A number and the bytes that it takes.
fn leb128(bytes: &[u8]) -> (usize, usize) {
    let width = bytes.iter().position(|byte| *byte < 128).expect("an end") + 1;
    (bytes[..width].iter().rev().fold(0, |number, byte| number << 7 | usize::from(byte & 127)), width)
}

#[test]
fn the_host_goes_on_after_a_failed_run() {
    let bench = Bench::default();
    bench.run(&failing("panic")).expect_err("panics");
    let report = bench.run(&failing("panic").replace("at: 678", "at: -1")).expect("runs");
    assert_eq!(report.rows_out, 1000);
}

/// Every lie that the guest knows, so that a new one without a word here fails.
#[test]
fn every_lie_is_found_and_named() {
    let plugin = Plugin::from_file(engine(2), &guest("liar")).expect("loads");
    let lies: Vec<String> = plugin.steps()[0].params["properties"]["lie"]["enum"]
        .as_array()
        .expect("the lies")
        .iter()
        .map(|lie| lie.as_str().expect("a name").to_owned())
        .collect();
    for lie in &lies {
        let bench = Bench::default();
        let result = bench.run(&format!(
            "
steps:
  - {{ id: count, use: GUESTS/kinds.wasm/count, with: {{ rows: 50 }} }}
  - {{ id: lie, use: GUESTS/liar.wasm/lie, with: {{ lie: {lie} }} }}
  - {{ id: write, sink: DIR/out.jsonl }}
"
        ));
        if matches!(lie.as_str(), "none" | "long-reason") {
            result.unwrap_or_else(|error| panic!("{lie}: {error}"));
            continue;
        }
        let error = result.expect_err(lie);
        let said = explain(&error);
        let expected = expected_words(lie);
        assert!(said.to_lowercase().contains(&expected.to_lowercase()), "{lie}: `{expected}` is not in: {said}");
        assert!(said.contains("step `lie`"), "{lie}: {said}");
        assert!(said.len() < 8 << 10, "{lie}: {} bytes", said.len());
        assert!(!said.contains('\u{1b}'), "{lie}: {said:?}");
        assert_eq!(bench.files(), Vec::<String>::new(), "{lie}: nothing half-written");
    }
}

#[allow(clippy::panic)]
fn expected_words(lie: &str) -> &'static str {
    match lie {
        "short-offsets" | "long-offsets" => "need 204",
        "falling-offsets" | "offset-past-end" | "negative-offset" => "ffset",
        "bad-utf8" | "split-character" => "utf-8",
        "no-validity" => "a validity bitmap of 204 bytes for 50 values",
        "many-buffers" => "1002 buffers after the validity where 2 are due",
        "short-bitmap" => "a validity bitmap of 0 bytes for 50 values",
        "wrong-null-count" => "50 nulls in the validity bitmap where null-count says 2",
        "too-few-rows" => "49 rows out for 50 rows in",
        "too-many-rows" => "51 rows out for 50 rows in",
        "no-arrays" => "fewer arrays than the signature needs",
        "two-arrays" => "1 more arrays",
        "no-buffers" => "no validity buffer",
        "rows-unasked" => "answers with `rows` where it signed for the same rows",
        "rows-out-of-range" => "names input row 50 where there are 50",
        "rows-odd-bytes" => "199 bytes long",
        "huge-length" => "4294967295 rows out",
        "reject-out-of-range" => "rejects input row 50",
        "reject-twice" => "rejects a row twice",
        "reject-and-answer" => "both answers for and rejects",
        "huge-output" => "fuel",
        "null-where-never" => "signed as never null",
        "sign-twice" | "sign-nameless" => "nameless or there twice",
        "sign-unknown-input" => "`secret`, which the data does not have",
        "sign-bad-type" => "`text` is not a column type",
        "sign-deep-type" => "deep",
        "sign-input-twice" => "twice",
        "long-fault" => "aaaa",
        "control-characters" => "cleared",
        lie => panic!("a lie without a test: {lie}"),
    }
}
