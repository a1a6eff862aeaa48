//! Numbers that hang on a text alone.

/// A vector of length 1.
pub(super) fn vector(text: &str, size: usize) -> Vec<f64> {
    let mut bytes = blake3::Hasher::new().update(text.as_bytes()).finalize_xof();
    let mut next = || {
        let mut four = [0; 4];
        bytes.fill(&mut four);
        f64::from(u32::from_le_bytes(four)) / f64::from(u32::MAX) * 2.0 - 1.0
    };
    let values: Vec<f64> = (0..size).map(|_| next()).collect();
    let length = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    values.iter().map(|value| value / length).collect()
}

/// Between 0 and 1.
pub(super) fn fraction(text: &str) -> f64 {
    let hash = blake3::hash(text.as_bytes());
    f64::from(hash.as_bytes()[0]) / 255.0
}
