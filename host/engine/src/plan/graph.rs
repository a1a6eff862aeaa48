//! The shape of a pipeline: which step every path to another one goes through, and so where rows that meet have their
//! common origin.

/// For each step, the last step before it that every path to it goes through: its immediate dominator (Cooper, Harvey and
/// Kennedy, *A Simple, Fast Dominance Algorithm*, 2001; one pass is enough where there are no cycles).
pub(super) struct Dominators {
    /// Of each step; `None`: there is no such step, because paths begin at different sources.
    of: Vec<Option<usize>>,
    depth: Vec<usize>,
}

impl Dominators {
    /// `order` is a topological order of the steps, and `inputs` gives the steps before one.
    pub(super) fn new(order: &[usize], inputs: impl Fn(usize) -> Vec<usize>) -> Self {
        let mut found = Self { of: vec![None; order.len()], depth: vec![1; order.len()] };
        for &step in order {
            let mut before = inputs(step).into_iter().map(Some);
            let first = before.next().flatten();
            let common = before.fold(first, |common, input| found.common(common, input));
            found.of[step] = common;
            found.depth[step] = common.map_or(1, |common| found.depth[common] + 1);
        }
        found
    }

    /// The step that all rows of this one went through last, before their ways parted; of one that has one input: that.
    pub(super) fn origin(&self, step: usize) -> Option<usize> {
        self.of[step]
    }

    fn common(&self, one: Option<usize>, other: Option<usize>) -> Option<usize> {
        let (mut one, mut other) = (one?, other?);
        while one != other {
            if self.depth[one] >= self.depth[other] {
                one = self.of[one]?;
            } else {
                other = self.of[other]?;
            }
        }
        Some(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(inputs: &[&[usize]]) -> Vec<Option<usize>> {
        let order: Vec<usize> = (0..inputs.len()).collect();
        let found = Dominators::new(&order, |step| inputs[step].to_vec());
        order.iter().map(|step| found.origin(*step)).collect()
    }

    #[test]
    fn ways_that_part_have_the_step_before_as_their_origin() {
        // 0 → 1, 2 → 3
        assert_eq!(origins(&[&[], &[0], &[0], &[1, 2]])[3], Some(0));
        // a step and what comes of it
        assert_eq!(origins(&[&[], &[0], &[1], &[1, 2]])[3], Some(1));
        // within one another
        assert_eq!(origins(&[&[], &[0], &[1], &[1], &[2, 3], &[0], &[4, 5]])[4..], [Some(1), Some(0), Some(0)]);
        // both branches of one route
        assert_eq!(origins(&[&[], &[0], &[1, 1]])[2], Some(1));
    }

    #[test]
    fn two_sources_have_nothing_in_common() {
        assert_eq!(origins(&[&[], &[], &[0, 1]])[2], None);
        // nor does what came of one of them and both
        assert_eq!(origins(&[&[], &[], &[0, 1], &[0], &[2, 3]])[4], None);
    }
}
