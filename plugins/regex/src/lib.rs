//! Stillroom's built-in steps with regular expressions: `regex/extract`, `regex/replace`, `regex/match`.
//!
//! A plugin of its own, because the machinery is twice the code of all steps of `text` together, and whoever hashes a
//! column should not wait until it is compiled.
//!
//! The expressions are those of the crate `regex`: linear in the text whatever the pattern, so without look-around and
//! back-references. `\w`, `\d`, `\s`, `\b` and case know Unicode; of `\p{…}`, general categories and scripts are left out,
//! because their tables alone would be as large as all other steps together.

pub use regex::Regex;
use regex::RegexBuilder;
use stillroom_sdk::*;

const TEXT: &[Column] = &[Column::required("text", &["utf8"], "The text.")];

params! {
    /// Parameters of `extract`.
    pub struct ExtractParams {
        /// The regular expression.
        pub pattern: String,
        /// Whether case does not matter.
        pub ignore_case: bool = false,
        /// Which group to take: its number or its name. 0 is all that matched.
        pub group: Option<Value>,
        /// The column to make.
        pub output: String = "match".to_owned(),
        /// Whether to take every match, as a list of texts, and not the first one only.
        pub all: bool = false,
    }
}

/// The step `extract`.
pub struct Extract {
    text: In<Utf8>,
    regex: Regex,
    group: usize,
    all: bool,
}

impl Step for Extract {
    const NAME: &str = "extract";
    const SUMMARY: &str = "Take what a regular expression (or a group of it) matches, or null.";
    const COLUMNS: &[Column] = TEXT;
    type Params = ExtractParams;

    fn open(params: ExtractParams, schema: &mut Schema) -> Result<Self> {
        let regex = compile(&params.pattern, params.ignore_case)?;
        let group = group(&regex, params.group.as_ref())?;
        let text = schema.input("text")?;
        match params.all {
            true => schema.output::<List<Utf8>>(params.output),
            false => schema.output::<Utf8>(params.output),
        }
        Ok(Self { text, regex, group, all: params.all })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let column = batch.column(self.text)?;
        if !self.all {
            return Ok(Output::of(extract(&self.regex, self.group, column.iter())));
        }
        let mut lists: ListBuilder<Utf8Builder> = ListBuilder::new(Utf8Builder::new());
        for text in column.iter() {
            match text {
                Some(text) => {
                    every(&self.regex, self.group, text, |part| lists.values().push_value(part));
                    lists.finish_row();
                }
                None => lists.push_null(),
            }
        }
        Ok(Output::of(lists))
    }
}

/// The first match of a group in each text.
pub fn extract<'t>(regex: &Regex, group: usize, texts: impl Iterator<Item = Option<&'t str>>) -> Utf8Builder {
    texts.map(|text| first(regex, group, text?)).collect()
}

/// The first match of a group. (Groups cost a second, slower search: for all that matched it is not made.)
fn first<'t>(regex: &Regex, group: usize, text: &'t str) -> Option<&'t str> {
    match group {
        0 => regex.find(text).map(|found| found.as_str()),
        group => regex.captures(text)?.get(group).map(|found| found.as_str()),
    }
}

fn every(regex: &Regex, group: usize, text: &str, mut visit: impl FnMut(&str)) {
    match group {
        0 => regex.find_iter(text).for_each(|found| visit(found.as_str())),
        group => {
            let groups = regex.captures_iter(text).filter_map(|captures| captures.get(group));
            groups.for_each(|found| visit(found.as_str()));
        }
    }
}

params! {
    /// Parameters of `replace`.
    pub struct ReplaceParams {
        /// The regular expression.
        pub pattern: String,
        /// Whether case does not matter.
        pub ignore_case: bool = false,
        /// What takes the place of each match. `$1`, `${name}` stand for groups, `$$` for a dollar.
        pub replacement: String = String::new(),
        /// How many matches of a text are replaced, from its beginning; 0: all.
        pub limit: u32 = 0,
    }
}

/// The step `replace`.
pub struct Replace {
    text: In<Utf8>,
    regex: Regex,
    params: ReplaceParams,
}

impl Step for Replace {
    const NAME: &str = "replace";
    const SUMMARY: &str = "Replace what a regular expression matches.";
    const COLUMNS: &[Column] = TEXT;
    type Params = ReplaceParams;

    fn open(params: ReplaceParams, schema: &mut Schema) -> Result<Self> {
        let regex = compile(&params.pattern, params.ignore_case)?;
        let text = schema.input("text")?;
        schema.output::<Utf8>("text");
        Ok(Self { text, regex, params })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let column = batch.column(self.text)?;
        let limit = self.params.limit as usize;
        Ok(Output::of(replace(&self.regex, &self.params.replacement, limit, column.iter())))
    }
}

/// Each text with its first `limit` matches (0: all) replaced.
pub fn replace<'t>(
    regex: &Regex,
    replacement: &str,
    limit: usize,
    texts: impl Iterator<Item = Option<&'t str>>,
) -> Utf8Builder {
    texts.map(|text| Some(regex.replacen(text?, limit, replacement))).collect()
}

params! {
    /// Parameters of `match`.
    pub struct MatchParams {
        /// The regular expression.
        pub pattern: String,
        /// Whether case does not matter.
        pub ignore_case: bool = false,
        /// The column to make.
        pub output: String = "matches".to_owned(),
    }
}

/// The step `match`.
pub struct Match {
    text: In<Utf8>,
    regex: Regex,
}

impl Step for Match {
    const NAME: &str = "match";
    const SUMMARY: &str = "Say whether a regular expression matches anywhere in a text.";
    const COLUMNS: &[Column] = TEXT;
    type Params = MatchParams;

    fn open(params: MatchParams, schema: &mut Schema) -> Result<Self> {
        let regex = compile(&params.pattern, params.ignore_case)?;
        let text = schema.input("text")?;
        schema.output::<Bool>(params.output);
        Ok(Self { text, regex })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let column = batch.column(self.text)?;
        Ok(Output::of(matches(&self.regex, column.iter())))
    }
}

/// Whether each text has a match.
pub fn matches<'t>(regex: &Regex, texts: impl Iterator<Item = Option<&'t str>>) -> BoolBuilder {
    texts.map(|text| Some(regex.is_match(text?))).collect()
}

/// A pattern as the steps read it.
///
/// # Errors
/// [`Fault::Params`] where it is none.
pub fn compile(pattern: &str, ignore_case: bool) -> Result<Regex> {
    let regex = RegexBuilder::new(pattern).case_insensitive(ignore_case).build();
    regex.map_err(|error| Fault::params(format!("parameter `pattern`: {error}")))
}

/// The number of a group.
fn group(regex: &Regex, group: Option<&Value>) -> Result<usize> {
    let number = match group {
        None => Some(0),
        Some(Value::String(name)) => regex.capture_names().position(|known| known == Some(name)),
        Some(Value::Number(number)) => number.parse().ok(),
        Some(_) => None,
    };
    number.filter(|&number| number < regex.captures_len()).ok_or_else(|| {
        let group = group.map(ToString::to_string).unwrap_or_default();
        Fault::params(format!("parameter `group`: the pattern has no group {group}"))
    })
}

register!(Extract, Replace, Match);

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [Option<&str>; 4] = [Some("v1.2 and V3.4"), Some("none"), None, Some("v5.6")];

    fn batch() -> test::TestBatch {
        test::batch().utf8("text", TEXTS)
    }

    #[test]
    fn the_first_match_or_a_group_of_it() {
        let rows = [
            (r#""pattern": "v\\d\\.\\d""#, [Some("v1.2"), None, None, Some("v5.6")]),
            (r#""pattern": "V(\\d)", "group": 1"#, [Some("3"), None, None, None]),
            (
                r#""pattern": "V(?<major>\\d)", "group": "major", "ignore-case": true"#,
                [Some("1"), None, None, Some("5")],
            ),
            (r#""pattern": "(x)?v\\d", "group": 1"#, [None, None, None, None]),
        ];
        for (params, expected) in rows {
            let output = test::run::<Extract>(format!("{{{params}}}"), batch()).unwrap();
            assert_eq!(output.values::<Utf8>("match"), expected, "{params}");
        }
    }

    #[test]
    fn every_match_is_a_list() {
        let params = r#"{"pattern": "v(\\d)", "group": 1, "ignore-case": true, "all": true, "output": "majors"}"#;
        let output = test::run::<Extract>(params, batch()).unwrap();
        let lists = output.column::<List<Utf8>>("majors");
        let items: Vec<_> = lists.values().iter().collect();
        assert_eq!(items, [Some("1"), Some("3"), Some("5")]);
        assert_eq!(lists.iter().collect::<Vec<_>>(), [Some(0..2), Some(2..2), None, Some(2..3)]);
    }

    #[test]
    fn replacements() {
        let rows = [
            (
                r#""pattern": "v(\\d)", "replacement": "<$1>""#,
                [Some("<1>.2 and V3.4"), Some("none"), None, Some("<5>.6")],
            ),
            (r#""pattern": "\\d", "limit": 1"#, [Some("v.2 and V3.4"), Some("none"), None, Some("v.6")]),
        ];
        for (params, expected) in rows {
            let output = test::run::<Replace>(format!("{{{params}}}"), batch()).unwrap();
            assert_eq!(output.values::<Utf8>("text"), expected, "{params}");
        }
    }

    #[test]
    fn matches_know_unicode() {
        let rows = [
            (r"^\\w+$", "größe", true),
            (r"(?i)ΣΊΣΥΦΟΣ", "σίσυφος", true),
            (r"\\bd", "éd", false),
            (r"\\s", "\u{3000}", true),
        ];
        for (pattern, text, expected) in rows {
            let params = format!(r#"{{"pattern": "{pattern}"}}"#);
            let output = test::run::<Match>(params, test::batch().utf8("text", [Some(text)])).unwrap();
            assert_eq!(output.values::<Bool>("matches"), [Some(expected)], "{pattern}");
        }
    }

    #[test]
    fn wrong_patterns_are_the_authors() {
        for params in
            [r#"{"pattern": "("}"#, r#"{"pattern": "a", "group": 1}"#, r#"{"pattern": "a", "group": "b"}"#, "{}"]
        {
            assert!(matches!(test::run::<Extract>(params, batch()), Err(Fault::Params(_))), "{params}");
        }
    }
}
