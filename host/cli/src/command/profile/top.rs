//! The functions that take longest.

use std::collections::HashSet;

use stillroom::testing::Samples;

use crate::show::table::{Side, Table};
use crate::show::text;
use crate::terminal::Stream;

/// What a function takes, in ticks of the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Share {
    /// Where it is the innermost one.
    own: u64,
    /// With all that it calls.
    all: u64,
}

/// So many functions, those first that take longest by themselves.
pub(super) fn top(stream: Stream, samples: &Samples, most: usize) -> String {
    let shares = shares(samples);
    let ticks: u64 = shares.iter().map(|share| share.own).sum();
    let mut order: Vec<usize> = (0..shares.len()).filter(|frame| shares[*frame].own > 0).collect();
    order.sort_by_key(|frame| (u64::MAX - shares[*frame].own, *frame));
    let mut table = Table::new(&[("self", Side::Right), ("total", Side::Right), ("function", Side::Left)]);
    let percent = |part: u64| format!("{:.1} %", part as f64 / ticks.max(1) as f64 * 100.0);
    let room = stream.width().saturating_sub(20);
    for frame in order.into_iter().take(most) {
        let Share { own, all } = shares[frame];
        let name = text::clip(&samples.frames[frame].name, room, stream.ellipsis());
        table.push(vec![percent(own), percent(all), name]);
    }
    let mut lines = table.lines(0);
    lines[0] = stream.bold(&lines[0]);
    lines.join("\n") + "\n"
}

/// Whether most of the plugin's functions have only numbers.
pub(super) fn is_nameless(samples: &Samples) -> bool {
    let guests: Vec<_> = samples.frames.iter().filter(|frame| !frame.is_host).collect();
    2 * guests.iter().filter(|frame| frame.name.starts_with("function ")).count() > guests.len()
}

fn shares(samples: &Samples) -> Vec<Share> {
    let mut shares = vec![Share::default(); samples.frames.len()];
    for sample in &samples.taken {
        let mut seen = HashSet::new();
        let mut next = Some(sample.stack);
        while let Some(stack) = next.map(|stack| samples.stacks[stack]) {
            let share = &mut shares[stack.frame];
            share.own += if seen.is_empty() { sample.ticks } else { 0 };
            // A function that calls itself is there once.
            share.all += if seen.insert(stack.frame) { sample.ticks } else { 0 };
            next = stack.around;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stillroom::testing::{Frame, Sample, Stack};

    use super::*;

    #[test]
    fn a_function_that_calls_itself_counts_once() {
        let frame = |name: &str| Frame { name: name.to_owned(), is_host: false };
        let stack = |around, frame| Stack { around, frame };
        let sample = |stack, ticks| Sample { at: Duration::ZERO, stack, ticks };
        let samples = Samples {
            frames: vec![frame("outer"), frame("inner\x1b[31m")],
            stacks: vec![stack(None, 0), stack(Some(0), 1), stack(Some(1), 1)],
            taken: vec![sample(0, 1), sample(2, 3)],
        };
        assert_eq!(shares(&samples), [Share { own: 1, all: 4 }, Share { own: 3, all: 3 }]);
        let shown = top(Stream::Out, &samples, 1);
        assert!(shown.contains("75.0 %  75.0 %  inner\\u{1b}[31m") && !shown.contains("outer"), "{shown}");
        assert!(!is_nameless(&samples));
    }
}
