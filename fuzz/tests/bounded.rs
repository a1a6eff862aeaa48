//! Every target over its corpus, and over so many inputs made from a seed. Not for so long: a slow machine fails no test.

// What is instrumented calls libFuzzer, here too.
#[cfg(feature = "libfuzzer")]
use libfuzzer_sys as _;

use stillroom_fuzz::{TARGETS, begin, corpus, replay, soak, target};

/// The most that the corpus may take, in bytes.
const MOST_BYTES: usize = 1 << 20;

fn bounded(name: &str) {
    begin();
    let target = target(name).expect(name);
    let replayed = replay(target).into_iter().map(|(path, found)| format!("{}: {}", path.display(), found.message));
    let made =
        soak(target, 4, target.bounded).map(|found| format!("{}\nthe input is {:?}", found.message, found.input));
    let found: Vec<String> = replayed.chain(made).collect();
    // The panic that fails this test is not printed either.
    found.iter().for_each(|found| eprintln!("{name}: {found}"));
    assert!(found.is_empty());
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            bounded(stringify!($name));
        })*

        #[test]
        fn every_target_is_run_here() {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

targets! { transfer signature manifest pipeline expression jsonl csv parquet arrow component cache_entry journal }

#[test]
fn the_corpus_is_small_and_whole() {
    let mut bytes = 0;
    for target in TARGETS {
        let inputs = corpus(target);
        assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        bytes += inputs.iter().map(|(_, input)| input.len()).sum::<usize>();
    }
    assert!(bytes < MOST_BYTES, "{bytes} bytes");
}
