//! `text/gopher`: the filters of Gopher.

use crate::column::{NotUtf8, Texts, texts};
use crate::stats::quality::{Quality, ratio};
use crate::stats::repeats::{Grams, Lines};
use crate::words;
use stillroom_sdk::*;

choices! {
    /// What becomes of a text that breaks a rule.
    pub enum OnFail {
        /// It leaves the stream.
        Drop,
        /// It stays, and every text gets a column `keep`, and `reason`: the first rule that it breaks.
        Flag,
    }
}

params! {
    /// Rules of Gopher (Rae et al. 2021, arXiv:2112.11446, appendix A1.1), with its thresholds.
    pub struct GopherParams {
        /// What becomes of a text that breaks a rule.
        pub on_fail: OnFail = OnFail::Drop,
        /// Fewest words.
        pub min_words: u32 = 50,
        /// Most words.
        pub max_words: u32 = 100_000,
        /// Least mean length of a word in characters.
        pub min_mean_word_length: f64 = 3.0,
        /// Greatest mean length of a word in characters.
        pub max_mean_word_length: f64 = 10.0,
        /// Most `#`, and most ellipses, per word.
        pub max_symbol_ratio: f64 = 0.1,
        /// Greatest share of lines that begin with a bullet.
        pub max_bullet_line_ratio: f64 = 0.9,
        /// Greatest share of lines that end with an ellipsis.
        pub max_ellipsis_line_ratio: f64 = 0.3,
        /// Least share of words with an alphabetic character.
        pub min_alpha_word_ratio: f64 = 0.8,
        /// How many of the, be, to, of, and, that, have, with must occur. 0 for languages other than English.
        pub min_stop_words: u32 = 2,
        /// Whether the rules about repetition hold, too: all that follow.
        pub repetition: bool = true,
        /// Greatest share of lines that stood there before.
        pub max_duplicate_line_ratio: f64 = 0.3,
        /// Greatest share of paragraphs that stood there before.
        pub max_duplicate_paragraph_ratio: f64 = 0.3,
        /// Greatest share of characters in lines that stood there before.
        pub max_duplicate_line_char_ratio: f64 = 0.2,
        /// Greatest share of characters in paragraphs that stood there before.
        pub max_duplicate_paragraph_char_ratio: f64 = 0.2,
        /// Greatest share of characters in the most frequent run of two words, of three, and so on.
        pub max_top_n_gram: Vec<f64> = vec![0.2, 0.18, 0.16],
        /// Greatest share of characters in runs of five words that stood there before, of six, and so on.
        pub max_duplicate_n_gram: Vec<f64> = vec![0.15, 0.14, 0.13, 0.12, 0.11, 0.1],
    }
}

/// The step.
pub struct Gopher {
    text: In<Utf8>,
    params: GopherParams,
    work: Work,
}

/// Memory that each row uses again.
#[derive(Default)]
struct Work {
    lines: Lines,
    grams: Grams,
}

impl Step for Gopher {
    const NAME: &str = "gopher";
    const SUMMARY: &str = "Drop texts that break the quality and repetition rules of Gopher.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = GopherParams;

    fn open(params: GopherParams, schema: &mut Schema) -> Result<Self> {
        let text = schema.input("text")?;
        match params.on_fail {
            OnFail::Drop => schema.rows_any(),
            OnFail::Flag => {
                schema.output::<Bool>("keep");
                schema.output::<Utf8>("reason");
            }
        }
        Ok(Self { text, params, work: Work::default() })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let column = batch.column(self.text)?;
        let reasons = (0..column.len()).map(|row| match column.is_null(row) {
            true => Ok(Some("no-text")),
            false => broken(texts(&column), row, &self.params, &mut self.work),
        });
        let reasons = reasons.collect::<Result<Vec<_>, NotUtf8>>()?;
        Ok(match self.params.on_fail {
            OnFail::Drop => Output::of_rows(
                (0..).zip(&reasons).filter(|(_, reason)| reason.is_none()).map(|(row, _)| row).collect(),
            ),
            OnFail::Flag => {
                let keep = reasons.iter().map(|reason| Some(reason.is_none()));
                Output::of(keep.collect::<BoolBuilder>()).with(reasons.into_iter().collect::<Utf8Builder>())
            }
        })
    }
}

/// The first rule that a row breaks.
fn broken(texts: Texts<'_>, row: usize, p: &GopherParams, work: &mut Work) -> Result<Option<&'static str>, NotUtf8> {
    let q = Quality::of(texts, row, &mut work.lines)?;
    let text = texts.text(row)?;
    Ok(poor(&q, p).or_else(|| if p.repetition { repetitive(texts, row, text, &q, p, work) } else { None }))
}

fn poor(q: &Quality, p: &GopherParams) -> Option<&'static str> {
    let rules = [
        ("min-words", q.words < p.min_words as usize),
        ("max-words", q.words > p.max_words as usize),
        ("min-mean-word-length", q.mean_word_length() < p.min_mean_word_length),
        ("max-mean-word-length", q.mean_word_length() > p.max_mean_word_length),
        ("max-symbol-ratio", q.symbol_ratio() > p.max_symbol_ratio),
        ("max-bullet-line-ratio", ratio(q.bullet_lines, q.lines) > p.max_bullet_line_ratio),
        ("max-ellipsis-line-ratio", ratio(q.ellipsis_lines, q.lines) > p.max_ellipsis_line_ratio),
        ("min-alpha-word-ratio", ratio(q.alpha_words, q.words) < p.min_alpha_word_ratio),
        ("min-stop-words", q.distinct_stop_words() < p.min_stop_words),
    ];
    first(rules)
}

fn repetitive(
    texts: Texts<'_>,
    row: usize,
    text: &str,
    q: &Quality,
    p: &GopherParams,
    work: &mut Work,
) -> Option<&'static str> {
    work.lines.clear();
    crate::segment::paragraphs(text)
        .for_each(|(from, to)| work.lines.push(&text[from..to], text[from..to].chars().count()));
    let paragraphs = work.lines.len();
    let (again, chars) = work.lines.duplicates();
    let rules = [
        ("max-duplicate-line-ratio", ratio(q.duplicate_lines, q.lines) > p.max_duplicate_line_ratio),
        ("max-duplicate-paragraph-ratio", ratio(again, paragraphs) > p.max_duplicate_paragraph_ratio),
        ("max-duplicate-line-char-ratio", ratio(q.duplicate_line_chars, q.chars) > p.max_duplicate_line_char_ratio),
        ("max-duplicate-paragraph-char-ratio", ratio(chars, q.chars) > p.max_duplicate_paragraph_char_ratio),
    ];
    first(rules).or_else(|| {
        work.grams.clear();
        words::each(texts, row, |from, to| work.grams.push(&texts.values()[from..to]));
        echoing(&mut work.grams, p)
    })
}

fn echoing(grams: &mut Grams, p: &GopherParams) -> Option<&'static str> {
    let chars = grams.chars();
    let top = (2..).zip(&p.max_top_n_gram).any(|(n, &most)| ratio(grams.top(n), chars) > most);
    let rules = [("max-top-n-gram", top)];
    first(rules).or_else(|| {
        let again = (5..).zip(&p.max_duplicate_n_gram).any(|(n, &most)| ratio(grams.duplicate(n), chars) > most);
        first([("max-duplicate-n-gram", again)])
    })
}

fn first<const N: usize>(rules: [(&'static str, bool); N]) -> Option<&'static str> {
    rules.into_iter().find(|rule| rule.1).map(|rule| rule.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixty different words, half of them English prose's.
    fn prose() -> String {
        let words: Vec<_> = (0..30)
            .map(|i| format!("the w{}ord and", "abcdefghijklmnopqrstuvwxyzABCD".as_bytes()[i] as char))
            .collect();
        words.join(" ")
    }

    fn numbered(n: usize, word: &str) -> String {
        (0..n).map(|i| format!("{word}{i}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_rule_has_a_text_that_breaks_it() {
        let base = format!("the of {}", numbered(100, "word"));
        let lines = |line: &str, n: usize| format!("{base}\n{}", vec![line; n].join("\n"));
        let rows = [
            (base.clone(), None),
            ("the of short".to_owned(), Some("min-words")),
            (format!("the of {}", numbered(300, "w")).replace('w', ""), Some("min-mean-word-length")),
            (numbered(100, "longlonglonglong"), Some("max-mean-word-length")),
            (format!("{base} {}", "#tag ".repeat(20)), Some("max-symbol-ratio")),
            (format!("- {}", base.replace(' ', "\n- ")), Some("max-bullet-line-ratio")),
            (format!("{base}...\nmore…"), Some("max-ellipsis-line-ratio")),
            (format!("{base} {}", "1234 ".repeat(30)), Some("min-alpha-word-ratio")),
            (numbered(100, "word"), Some("min-stop-words")),
            (lines("again", 5), Some("max-duplicate-line-ratio")),
            (format!("{base} {}", "same pair ".repeat(30)), Some("max-top-n-gram")),
            (format!("{base} {base}"), Some("max-duplicate-n-gram")),
            (prose(), Some("max-top-n-gram")),
        ];
        let batch = || test::batch().utf8("text", rows.iter().map(|row| Some(&row.0)).chain([None]));
        let flagged = test::run::<Gopher>(r#"{"on-fail": "flag"}"#, batch()).unwrap();
        let expected: Vec<_> = rows.iter().map(|row| row.1).chain([Some("no-text")]).collect();
        assert_eq!(flagged.values::<Utf8>("reason"), expected);
        let dropped = test::run::<Gopher>("{}", batch()).unwrap();
        assert_eq!(dropped.rows(), Some(&[0][..]));
    }

    #[test]
    fn thresholds_are_parameters() {
        let text = test::batch().utf8("text", [Some("short but fine")]);
        let params = r#"{"min-words": 1, "min-stop-words": 0, "repetition": false}"#;
        assert_eq!(test::run::<Gopher>(params, text).unwrap().rows(), Some(&[0][..]));
    }
}
