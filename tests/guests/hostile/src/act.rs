//! What any call may do.

use std::hint::black_box;

use crate::cases::Case;
use crate::stillroom::step::diagnostics::panicked;

/// Does what the case is; returns where it is none of these, or is harmless.
#[allow(clippy::panic)]
pub(crate) fn act(case: Case) {
    match case {
        Case::Loop => loop {
            black_box(0);
        },
        Case::LoopAllocating => loop {
            black_box(vec![1_u8; 4096]);
        },
        Case::Panic => panic!("cannot go on"),
        Case::Abort => std::process::abort(),
        Case::Exit => std::process::exit(0),
        Case::StackOverflow => {
            black_box(dive(1));
        }
        Case::SpawnThread => {
            let thread = std::thread::Builder::new().spawn(|| ());
            last_words(&format!("no thread: {}", thread.is_err()));
        }
        Case::Allocate => {
            black_box(vec![1_u8; 1 << 30]);
        }
        Case::TryAllocate => {
            let mut bytes: Vec<u8> = Vec::new();
            if bytes.try_reserve_exact(1 << 30).is_ok() {
                last_words("had a gibibyte");
            }
        }
        Case::Hoard => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        Case::LongLastWords => last_words(&"a".repeat(4 << 20)),
        Case::HugeLastWords => last_words(&"a".repeat(16 << 20)),
        Case::ControlLastWords => last_words("\u{1b}[2Jcleared\u{7}\u{9b}31m"),
        Case::LastWordsFlood => {
            let words = "a".repeat(1000);
            (0..20_000).for_each(|_| panicked(&words));
        }
        Case::LastWordsForever => loop {
            panicked("a");
        },
        Case::LieThenTrap => last_words("took longer than its time limit of 9s a call"),
        _ => {}
    }
}

fn last_words(words: &str) {
    panicked(words);
    std::process::abort();
}

fn dive(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { dive(depth + 1) + frame[(depth % 64) as usize] }
}
