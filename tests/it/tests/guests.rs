//! Guests that fail honestly: each is named, nothing is left behind, and the host goes on. (Those that lie are in `hostile.rs`.)

use stillroom::Error;
use stillroom_tests::{Bench, guest};

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
