//! Clock and randomness: without a grant a function of the input, with one the machine's.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use stillroom::capability::Grants;

use crate::{Able, least};

/// 2000-01-01T00:00:00Z.
const START: u64 = 946_684_800;

#[test]
fn a_clock_that_is_not_granted_counts_questions() {
    let mut able = Able::with(least());
    let expected = [format!("({START}, 0)"), format!("({START}, 1000)"), "86400000002000".to_owned()];
    for _ in 0..2 {
        assert_eq!(able.all(&["wall", "wall", "monotonic"]), expected, "each call begins anew");
    }
}

#[test]
fn a_sleep_that_is_not_granted_takes_no_time() {
    let mut able = Able::with(least());
    // A hundred years; the clock says that they have gone by.
    assert_eq!(
        able.all(&["sleep|3153600000", "wall"]),
        ["3153686400000000000".to_owned(), format!("({}, 1000)", START + 3_153_600_000)]
    );
}

#[test]
fn a_clock_that_is_granted_tells_the_time() {
    let mut able = Able::with(Grants { clock: true, ..least() });
    let before = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let answers = able.all(&["monotonic", "sleep|0", "wall", "monotonic"]);
    let after = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let said: u64 = answers[2][1..].split(',').next().and_then(|text| text.parse().ok()).expect("seconds");
    assert!((before..=after).contains(&said), "{before} {said} {after}");
    let times: Vec<u64> = [0, 1, 3].map(|at: usize| answers[at].parse().expect("nanoseconds")).to_vec();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn randomness_that_is_not_granted_hangs_on_the_input_alone() {
    let commands = ["random|32", "random", "insecure|32", "random|32"];
    let mut first = Able::with(least());
    let answers = first.all(&commands);
    assert_eq!(answers.iter().collect::<HashSet<_>>().len(), 4, "it does not repeat itself: {answers:?}");
    assert_eq!(first.all(&commands), answers, "the next batch of the same rows");
    let other = first.all(&["random|32", "random", "insecure|32"]);
    assert_ne!(other[0], answers[0], "another batch has other numbers");
    assert_eq!(first.all(&commands), answers, "whatever came between");
    assert_eq!(Able::with(least()).all(&commands), answers, "another instance of another load");
}

#[test]
fn the_seed_of_hash_tables_is_the_same_for_all_batches() {
    let seed = Able::with(least()).one("seed");
    let mut able = Able::with(least());
    assert_eq!(able.all(&["random", "seed"])[1], seed, "a guest keeps it from the first batch on");
    assert_eq!(able.one("seed"), seed);
}

#[test]
fn randomness_that_is_granted_is_the_machines() {
    let mut able = Able::with(Grants { random: true, ..least() });
    for command in ["random|32", "insecure|32"] {
        assert_ne!(able.one(command), able.one(command), "{command}");
    }
    assert_ne!(able.one("seed"), Able::with(least()).one("seed"));
}

#[test]
fn randomness_comes_in_small_portions() {
    for random in [false, true] {
        let mut able = Able::with(Grants { random, ..least() });
        assert_eq!(able.one("random|1048576").len(), 2 << 20);
        assert!(able.fails("random|1048577").contains("random bytes at once"), "granted: {random}");
        let mut able = Able::with(Grants { random, ..least() });
        assert!(able.fails("insecure|18446744073709551615").contains("random bytes at once"), "granted: {random}");
    }
}
