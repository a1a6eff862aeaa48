//! `~/` at the start of a path. The shell expands it in words of its own, not in pipeline files nor behind a `=`.

use std::path::{Path, PathBuf};

/// The path with the home folder in place of a leading `~/`; as it is where there is no home.
pub(crate) fn expand(path: &str) -> String {
    expand_in(std::env::home_dir(), path)
}

/// [`expand`], for a path that need not be text.
pub(crate) fn expand_path(path: &Path) -> PathBuf {
    path.to_str().map_or_else(|| path.to_owned(), |text| expand(text).into())
}

fn expand_in(home: Option<PathBuf>, path: &str) -> String {
    let home = home.and_then(|home| home.into_os_string().into_string().ok()).filter(|home| !home.is_empty());
    let rest = path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(std::path::is_separator));
    match (home, rest) {
        // A home folder of `/` needs no second one.
        (Some(home), Some(rest)) => format!("{}{rest}", home.trim_end_matches(std::path::is_separator)),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_leading_tilde_of_ones_own_is_home() {
        for (path, expanded) in
            [("~/a/*.md", "/home/me/a/*.md"), ("~", "/home/me"), ("~you/a", "~you/a"), ("a/~/b", "a/~/b"), ("-", "-")]
        {
            assert_eq!(expand_in(Some("/home/me".into()), path), expanded);
        }
        assert_eq!(expand_in(None, "~/a"), "~/a");
        assert_eq!(expand_in(Some("/".into()), "~/a"), "/a");
    }
}
