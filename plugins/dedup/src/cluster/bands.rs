//! How a signature is cut into bands (Leskovec, Rajaraman and Ullman, *Mining of Massive Datasets*, section 3.4).
//!
//! Two signatures are candidates where they agree in all `rows` numbers of at least one of `bands` bands. Texts of
//! similarity `s` so become candidates with a probability of 1 − (1 − s^rows)^bands, an S-curve.

use stillroom_sdk::{Fault, Result};

/// Bands, and the numbers in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bands {
    /// How many bands.
    pub bands: usize,
    /// How many numbers a band has.
    pub rows: usize,
}

/// Places at which a curve is looked at.
const STEPS: usize = 200;

impl Bands {
    /// What was asked for; of one number the other follows, of none the best.
    pub(crate) fn choose(bands: Option<u16>, rows: Option<u16>, threshold: f64, len: usize) -> Result<Self> {
        let chosen = match (bands.map(usize::from), rows.map(usize::from)) {
            (None, None) => return Ok(Self::best(threshold, len)),
            (Some(bands), Some(rows)) => Self { bands, rows },
            (Some(bands), None) => Self { bands, rows: len.checked_div(bands).unwrap_or(0) },
            (None, Some(rows)) => Self { bands: len.checked_div(rows).unwrap_or(0), rows },
        };
        let Self { bands, rows } = chosen;
        match bands >= 1 && rows >= 1 && bands.checked_mul(rows).is_some_and(|numbers| numbers <= len) {
            true => Ok(chosen),
            false => Err(Fault::params(format!("{bands} bands of {rows} rows cannot be cut of {len} numbers"))),
        }
    }

    /// Those for which the share of false positives below the threshold and that of false negatives above it are least
    /// together, every similarity being as likely as another: the areas under the S-curve on the left and over it on the
    /// right. Parameters that are as good as others have fewer bands.
    #[must_use]
    pub fn best(threshold: f64, len: usize) -> Self {
        let all = (1..=len).flat_map(|bands| (1..=len / bands).map(move |rows| Self { bands, rows }));
        let (mut best, mut least) = (Self { bands: 1, rows: len.max(1) }, f64::INFINITY);
        for bands in all {
            let errors = bands.errors(threshold);
            if errors < least {
                (best, least) = (bands, errors);
            }
        }
        best
    }

    /// How likely texts of a similarity are to become candidates.
    #[must_use]
    pub fn probability(self, similarity: f64) -> f64 {
        1.0 - (1.0 - similarity.powi(self.rows as i32)).powi(self.bands as i32)
    }

    fn errors(self, threshold: f64) -> f64 {
        let area = |from: f64, to: f64, error: &dyn Fn(f64) -> f64| {
            let step = (to - from) / STEPS as f64;
            (0..STEPS).map(|at| error(from + (at as f64 + 0.5) * step)).sum::<f64>() * step
        };
        area(0.0, threshold, &|s| self.probability(s)) + area(threshold, 1.0, &|s| 1.0 - self.probability(s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_those_of_the_literature() {
        // Made with datasketch's `_optimal_param`, both weights 0.5.
        let rows = [(0.9, 128, 5, 25), (0.8, 128, 9, 13), (0.5, 128, 25, 5), (0.7, 256, 25, 10), (0.95, 128, 3, 42)];
        for (threshold, len, bands, rows) in rows {
            assert_eq!(Bands::best(threshold, len), Bands { bands, rows }, "{threshold} {len}");
        }
        assert_eq!(Bands::best(0.9, 1), Bands { bands: 1, rows: 1 });
    }

    #[test]
    fn bands_must_fit() {
        let choose = |bands, rows| Bands::choose(bands, rows, 0.9, 128).ok().map(|b| (b.bands, b.rows));
        assert_eq!(choose(None, None), Some((5, 25)));
        assert_eq!(choose(Some(20), None), Some((20, 6)));
        assert_eq!(choose(None, Some(8)), Some((16, 8)));
        assert_eq!(choose(Some(2), Some(3)), Some((2, 3)));
        for (bands, rows) in [(Some(0), None), (None, Some(0)), (Some(129), None), (Some(5), Some(26))] {
            assert_eq!(choose(bands, rows), None, "{bands:?} {rows:?}");
        }
        assert_eq!(choose(Some(u16::MAX), Some(u16::MAX)), None);
    }
}
