//! The work of the conformance step `words` outside the sandbox: a million texts of 200 bytes, in batches of 8192, lower-cased
//! and their words counted. `rustc -O words.rs && ./words` prints one line, rows a second on one core.

use std::time::{Duration, Instant};

const WORDS: [&str; 16] = [
    "The", "quick", "Brown", "fox", "Jumps", "over", "THE", "lazy", "Dog", "and", "Then", "runs", "Away", "from", "Every",
    "Hound",
];

const ROWS: usize = 1_000_000;
const BATCH: usize = 8192;
const LENGTH: usize = 200;

fn main() {
    let (mut busy, mut rows, mut check) = (Duration::ZERO, 0, 0);
    while rows < ROWS {
        let count = BATCH.min(ROWS - rows);
        let (text, offsets) = batch(rows, count);
        let start = Instant::now();
        let (lower, words) = work(&text, &offsets);
        busy += start.elapsed();
        check += lower.len() + words.iter().sum::<i64>() as usize;
        rows += count;
    }
    assert!(check > 0);
    println!("{:.0} rows/s", ROWS as f64 / busy.as_secs_f64());
}

/// The column of texts as Arrow has it: all bytes, and where each row ends.
fn batch(first: usize, rows: usize) -> (String, Vec<usize>) {
    let (mut text, mut offsets) = (String::with_capacity(rows * LENGTH), vec![0]);
    for row in first..first + rows {
        let begin = text.len();
        for word in 0.. {
            if text.len() - begin >= LENGTH {
                break;
            }
            if word > 0 {
                text.push(' ');
            }
            text.push_str(WORDS[(row * 7 + word * 13) % 16]);
        }
        text.truncate(begin + LENGTH);
        offsets.push(text.len());
    }
    (text, offsets)
}

/// Texts that are ASCII are lower-cased all at once.
fn work(text: &str, offsets: &[usize]) -> (String, Vec<i64>) {
    let lower = if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() };
    let words = offsets.windows(2).map(|row| count(&text.as_bytes()[row[0]..row[1]])).collect();
    (lower, words)
}

fn count(text: &[u8]) -> i64 {
    let Some((first, rest)) = text.split_first() else { return 0 };
    let mut words = i64::from(!is_space(*first));
    for (before, at) in text.chunks(255).zip(rest.chunks(255)) {
        let begins = |(before, at): (&u8, &u8)| u8::from(is_space(*before) & !is_space(*at));
        words += i64::from(before.iter().zip(at).map(begins).sum::<u8>());
    }
    words
}

fn is_space(byte: u8) -> bool {
    (byte == b' ') | (byte.wrapping_sub(b'\t') < 5)
}
