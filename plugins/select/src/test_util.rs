//! Global steps in tests.

use stillroom_sdk::test::{Runner, TestBatch, TestOutput, batch};
use stillroom_sdk::*;

/// What a global step answers to batches, in one piece.
pub(crate) fn answer<S: Step>(params: impl ToString, batches: Vec<TestBatch>) -> TestOutput {
    let mut pieces = pieces::<S>(params, batches);
    assert_eq!(pieces.len(), 1, "the answer is one piece");
    pieces.remove(0)
}

/// All pieces of the answer.
pub(crate) fn pieces<S: Step>(params: impl ToString, batches: Vec<TestBatch>) -> Vec<TestOutput> {
    let mut step = Runner::open::<S>(params, &batches[0].fields()).unwrap();
    for batch in batches {
        let output = step.run(batch).unwrap();
        assert!(output.is_empty() && output.rejected().is_empty(), "a global step answers in `finish`");
    }
    std::iter::from_fn(|| step.finish().unwrap()).collect()
}

/// A batch in parts that end before these rows and at its end.
pub(crate) fn cut(whole: &TestBatch, ends: &[usize]) -> Vec<TestBatch> {
    let starts = [0].into_iter().chain(ends.iter().copied());
    let ends = ends.iter().copied().chain([whole.len()]);
    let part = |(start, end): (usize, usize)| {
        let rows: Vec<u32> = (start as u32..end as u32).collect();
        let columns = whole.fields().into_iter().map(|field| (take(whole.view::<Any>(&field.name), &rows), field.name));
        columns.fold(batch(), |batch, (array, name)| batch.column(&name, array))
    };
    starts.zip(ends).map(part).collect()
}
