//! "Did you mean": the nearest of the names that would have been right.

/// The candidate that `unknown` was most likely meant to be, if any is near.
pub(super) fn suggest<'a>(unknown: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let unknown = fold(unknown);
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&unknown, &fold(candidate)), candidate))
        .filter(|(nearness, _)| *nearness >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

/// The help beneath an unknown name: the nearest candidate, else all of them.
pub(crate) fn did_you_mean<'a>(
    unknown: &str,
    what: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(near) = suggest(unknown, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<String> = candidates.into_iter().map(|name| format!("`{name}`")).collect();
    match all.len() {
        0 => None,
        1..=LISTED => Some(format!("{what}: {}", all.join(", "))),
        more => Some(format!("{what}: {}, and {} more", all[..LISTED].join(", "), more - LISTED)),
    }
}

/// How many names a help text lists before it only counts.
const LISTED: usize = 24;

/// `batch_rows`, `Batch-Rows` and `batchRows` are one name to somebody who looks for it. A long name is cut: comparing is
/// quadratic.
fn fold(name: &str) -> String {
    name.chars().take(64).filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_nearest_or_all() {
        let known = ["source", "columns", "batch-rows", "where"];
        for (unknown, expected) in [
            ("colunms", "did you mean `columns`?"),
            ("batch_rows", "did you mean `batch-rows`?"),
            ("Where", "did you mean `where`?"),
            ("zzz", "known keys: `source`, `columns`, `batch-rows`, `where`"),
            ("", "known keys: `source`, `columns`, `batch-rows`, `where`"),
        ] {
            assert_eq!(did_you_mean(unknown, "known keys", known).as_deref(), Some(expected), "{unknown}");
        }
        assert_eq!(did_you_mean("a", "known keys", []), None);
    }
}
