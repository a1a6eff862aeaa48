//! `text/stats`: a text in figures.

pub mod count;
pub mod quality;
pub mod repeats;

use crate::column::{Texts, texts, validity};
pub use count::Words;
use quality::{Quality, ratio};
use stillroom_sdk::*;

choices! {
    /// A figure, and the column that it makes (`n-words` makes `n_words`).
    #[derive(Hash)]
    pub enum Metric {
        /// Characters (Unicode scalar values).
        NChars,
        /// Bytes of UTF-8.
        NBytes,
        /// Words, of the kind that `words` says.
        NWords,
        /// Lines, blank ones too.
        NLines,
        /// Characters per word.
        MeanWordLength,
        /// `#` per word, or ellipses per word, whichever are more (Gopher).
        SymbolRatio,
        /// Share of characters that are digits 0–9.
        DigitRatio,
        /// Share of words with an alphabetic character (Gopher).
        AlphaWordRatio,
        /// How many different ones of the, be, to, of, and, that, have, with occur: 0 to 8 (Gopher).
        StopWords,
        /// Share of words that are one of these eight.
        StopWordRatio,
        /// Share of lines that begin with a bullet (Gopher); of lines that are not blank, like all that follow.
        BulletLineRatio,
        /// Share of lines that end with an ellipsis (Gopher).
        EllipsisLineRatio,
        /// Share of lines that stood there before (Gopher).
        DuplicateLineRatio,
        /// Share of characters in lines that stood there before (Gopher).
        DuplicateLineCharRatio,
        /// Share of lines that end with a terminal punctuation mark (C4).
        TerminalLineRatio,
        /// Whether there is a curly brace (C4).
        HasCurlyBrace,
        /// Whether there is "lorem ipsum" (C4).
        HasLoremIpsum,
    }
}

use Metric::*;

#[rustfmt::skip]
const ALL: [Metric; 17] = [
    NChars, NBytes, NWords, NLines, MeanWordLength, SymbolRatio, DigitRatio, AlphaWordRatio, StopWords,
    StopWordRatio, BulletLineRatio, EllipsisLineRatio, DuplicateLineRatio, DuplicateLineCharRatio, TerminalLineRatio,
    HasCurlyBrace, HasLoremIpsum,
];

params! {
    /// Parameters of `stats`.
    pub struct StatsParams {
        /// The figures to make, each a column. The `n-…` alone are counted in bulk, several times faster than the others.
        pub metrics: Vec<Metric> = ALL.to_vec(),
        /// What `n-words`, `min-words` and `max-words` count.
        pub words: Words = Words::Whitespace,
        /// With this or `max-words` there is a column `keep`: whether the text has at least so many words.
        pub min_words: Option<u32>,
        /// See `min-words`: whether the text has at most so many words.
        pub max_words: Option<u32>,
    }
}

/// The step.
pub struct Stats {
    text: In<Utf8>,
    params: StatsParams,
}

impl Step for Stats {
    const NAME: &str = "stats";
    const SUMMARY: &str = "Count a text's characters, words and lines, and the quality signals of Gopher and C4.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = StatsParams;

    fn open(params: StatsParams, schema: &mut Schema) -> Result<Self> {
        let text = schema.input("text")?;
        for (i, metric) in params.metrics.iter().enumerate() {
            if params.metrics[..i].contains(metric) {
                return Err(Fault::params(format!("parameter `metrics` names the one of `{}` twice", metric.column())));
            }
            schema.output_field(metric.column(), metric.data_type());
        }
        if params.keeps() {
            schema.output::<Bool>("keep");
        }
        Ok(Self { text, params })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let column = batch.column(self.text)?;
        let texts = texts(&column);
        let mut output = Output::empty();
        let words = if self.params.counts_words() { count::words(texts, self.params.words) } else { Vec::new() };
        let quality = if self.params.metrics.iter().any(Metric::is_quality) { judge(texts)? } else { Vec::new() };
        for metric in &self.params.metrics {
            output = output.with(match metric {
                NChars => ints(count::chars(texts), validity(&column))?,
                NBytes => ints(count::bytes(texts), validity(&column))?,
                NWords => ints(words.clone(), validity(&column))?,
                NLines => ints(count::lines(texts), validity(&column))?,
                other => other.column_of(&quality, validity(&column))?,
            });
        }
        if self.params.keeps() {
            let keep = words.iter().zip(column.iter()).map(|(&n, text)| text.map(|_| self.params.keep(n)));
            output = output.with(keep.collect::<BoolBuilder>());
        }
        Ok(output)
    }
}

impl StatsParams {
    fn keeps(&self) -> bool {
        self.min_words.is_some() || self.max_words.is_some()
    }

    fn counts_words(&self) -> bool {
        self.keeps() || self.metrics.contains(&NWords)
    }

    fn keep(&self, words: i64) -> bool {
        i64::from(self.min_words.unwrap_or(0)) <= words && words <= self.max_words.map_or(i64::MAX, i64::from)
    }
}

impl Metric {
    fn column(&self) -> &'static str {
        #[rustfmt::skip]
        const NAMES: [&str; 17] = [
            "n_chars", "n_bytes", "n_words", "n_lines", "mean_word_length", "symbol_ratio", "digit_ratio",
            "alpha_word_ratio", "stop_words", "stop_word_ratio", "bullet_line_ratio", "ellipsis_line_ratio",
            "duplicate_line_ratio", "duplicate_line_char_ratio", "terminal_line_ratio", "has_curly_brace",
            "has_lorem_ipsum",
        ];
        NAMES[*self as usize]
    }

    fn is_quality(&self) -> bool {
        !matches!(self, NChars | NBytes | NWords | NLines)
    }

    fn data_type(&self) -> DataType {
        match self {
            NChars | NBytes | NWords | NLines | StopWords => DataType::Int64,
            HasCurlyBrace | HasLoremIpsum => DataType::Bool,
            _ => DataType::Float64,
        }
    }

    fn column_of(self, rows: &[Quality], validity: Option<Bitmap>) -> Result<AnyArray> {
        match self {
            StopWords => ints(rows.iter().map(|q| i64::from(q.distinct_stop_words())).collect(), validity),
            HasCurlyBrace => bools(rows.iter().map(|q| q.curly_brace), validity.as_ref()),
            HasLoremIpsum => bools(rows.iter().map(|q| q.lorem_ipsum), validity.as_ref()),
            _ => Ok(PrimitiveBuilder::from_parts(rows.iter().map(|q| self.figure(q)).collect::<Vec<f64>>(), validity)?
                .build()),
        }
    }

    fn figure(self, q: &Quality) -> f64 {
        match self {
            MeanWordLength => q.mean_word_length(),
            SymbolRatio => q.symbol_ratio(),
            DigitRatio => ratio(q.digits, q.chars),
            AlphaWordRatio => ratio(q.alpha_words, q.words),
            StopWordRatio => ratio(q.stop_words, q.words),
            BulletLineRatio => ratio(q.bullet_lines, q.lines),
            EllipsisLineRatio => ratio(q.ellipsis_lines, q.lines),
            DuplicateLineRatio => ratio(q.duplicate_lines, q.lines),
            DuplicateLineCharRatio => ratio(q.duplicate_line_chars, q.chars),
            TerminalLineRatio => ratio(q.terminal_lines, q.lines),
            _ => 0.0,
        }
    }
}

/// The quality signals of every row.
///
/// # Errors
/// Where a row is not UTF-8.
pub fn judge(texts: Texts<'_>) -> Result<Vec<Quality>> {
    let mut lines = repeats::Lines::default();
    (0..texts.len()).map(|row| Ok(Quality::of(texts, row, &mut lines)?)).collect()
}

fn ints(values: Vec<i64>, validity: Option<Bitmap>) -> Result<AnyArray> {
    Ok(PrimitiveBuilder::from_parts(values, validity)?.build())
}

fn bools(values: impl Iterator<Item = bool>, validity: Option<&Bitmap>) -> Result<AnyArray> {
    let valid = |row| validity.is_none_or(|validity| validity.bits().get(row));
    Ok(values.enumerate().map(|(row, value)| valid(row).then_some(value)).collect::<BoolBuilder>().build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_figures_of_a_text_and_of_none() {
        let batch = test::batch().utf8("text", [Some("The end of it: 42.\n- The dog"), None]);
        let output = test::run::<Stats>("{}", batch).unwrap();
        assert_eq!(output.values::<Int64>("n_words"), [Some(8), None]);
        assert_eq!(output.values::<Int64>("n_lines"), [Some(2), None]);
        assert_eq!(output.values::<Int64>("stop_words"), [Some(2), None]);
        assert_eq!(output.values::<Float64>("bullet_line_ratio"), [Some(0.5), None]);
        assert_eq!(output.values::<Float64>("terminal_line_ratio"), [Some(0.5), None]);
        assert_eq!(output.values::<Bool>("has_curly_brace"), [Some(false), None]);
        for metric in ALL {
            assert_eq!(*output.data_type(metric.column()), metric.data_type());
        }
    }

    #[test]
    fn chosen_figures_and_keep() {
        let batch = test::batch().utf8("text", [Some("a b"), Some("a b "), None, Some("")]);
        let params = r#"{"metrics": ["n-words", "n-chars"], "words": "spaces", "min-words": 2, "max-words": 2}"#;
        let output = test::run::<Stats>(params, batch).unwrap();
        assert_eq!(output.values::<Int64>("n_words"), [Some(2), Some(3), None, Some(1)]);
        assert_eq!(output.values::<Int64>("n_chars"), [Some(3), Some(4), None, Some(0)]);
        assert_eq!(output.values::<Bool>("keep"), [Some(true), Some(false), None, Some(false)]);
    }

    #[test]
    fn a_metric_twice_is_refused() {
        let batch = test::batch().utf8("text", [Some("")]);
        assert!(matches!(test::run::<Stats>(r#"{"metrics": ["n-words", "n-words"]}"#, batch), Err(Fault::Params(_))));
    }
}
