//! `text/truncate`: the beginning of a text.

use crate::normalise::is_blank;
use crate::segment::sentences;
use stillroom_sdk::*;

choices! {
    /// What a length is counted in.
    pub enum Unit {
        /// Characters (Unicode scalar values), as Python's `text[:max]`.
        Chars,
        /// Bytes of UTF-8; no character is cut.
        Bytes,
    }
}

choices! {
    /// Where a text may end.
    pub enum Boundary {
        /// After any character.
        Char,
        /// After a word: a run without whitespace. One that is longer than all that may be kept is cut.
        Word,
        /// After a sentence; after a word where the first sentence is too long.
        Sentence,
    }
}

params! {
    /// Parameters of `truncate`.
    pub struct TruncateParams {
        /// The longest that a text may be, its suffix included.
        pub max: u32,
        /// What `max` counts.
        pub unit: Unit = Unit::Chars,
        /// Where a text may end that is too long.
        pub boundary: Boundary = Boundary::Char,
        /// What a text ends with that was cut.
        pub suffix: String = String::new(),
    }
}

/// The step.
pub struct Truncate {
    text: In<Utf8>,
    params: TruncateParams,
}

impl Step for Truncate {
    const NAME: &str = "truncate";
    const SUMMARY: &str = "Keep a text's beginning, up to so many characters or bytes.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = TruncateParams;

    fn open(params: TruncateParams, schema: &mut Schema) -> Result<Self> {
        if params.unit.prefix(&params.suffix, params.max as usize).is_some() {
            return Err(Fault::params("parameter `suffix` is longer than `max`"));
        }
        let text = schema.input("text")?;
        schema.output::<Utf8>("text");
        Ok(Self { text, params })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let column = batch.column(self.text)?;
        let mut out = Utf8Builder::with_capacity(column.len(), 0);
        for text in column.iter() {
            match text {
                Some(text) => {
                    let (kept, cut) = truncate(text, &self.params);
                    out.append_with(|out| {
                        out.push_str(kept);
                        out.push_str(if cut { &self.params.suffix } else { "" });
                    });
                }
                None => out.push_null(),
            }
        }
        Ok(Output::of(out))
    }
}

impl Unit {
    /// Where the first `max` end; none where the text has no more than these.
    fn prefix(self, text: &str, max: usize) -> Option<usize> {
        if text.len() <= max {
            return None;
        }
        match self {
            Self::Chars => text.char_indices().nth(max).map(|(at, _)| at),
            Self::Bytes => Some(text.floor_char_boundary(max)),
        }
    }

    fn length(self, text: &str) -> usize {
        match self {
            Self::Chars => text.chars().count(),
            Self::Bytes => text.len(),
        }
    }
}

/// The part of a text that is kept, and whether there was more.
#[must_use]
pub fn truncate<'a>(text: &'a str, params: &TruncateParams) -> (&'a str, bool) {
    let max = params.max as usize;
    if params.unit.prefix(text, max).is_none() {
        return (text, false);
    }
    let room = max.saturating_sub(params.unit.length(&params.suffix));
    let cut = params.unit.prefix(text, room).unwrap_or(text.len());
    let end = match params.boundary {
        Boundary::Char => cut,
        Boundary::Word => word_end(text, cut),
        Boundary::Sentence => {
            let ends = sentences(text).map(|(_, end)| end).take_while(|&end| end <= cut);
            ends.last().unwrap_or_else(|| word_end(text, cut))
        }
    };
    (&text[..end], true)
}

/// The last end of a word up to `cut`; `cut` itself in a text's first word.
fn word_end(text: &str, cut: usize) -> usize {
    let kept = &text[..cut];
    let whole = if text[cut..].starts_with(is_blank) { kept } else { &kept[..kept.rfind(is_blank).unwrap_or(0)] };
    match whole.trim_end_matches(is_blank).len() {
        0 => cut,
        end => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_where_they_may() {
        // text, parameters beside `max`, max, kept
        let rows = [
            ("short", r#""max": 5"#, "short"),
            ("héllo wörld", r#""max": 3"#, "hél"),
            ("héllo", r#""max": 2, "unit": "bytes""#, "h"),
            ("日本", r#""max": 0"#, ""),
            ("one two three", r#""max": 9, "boundary": "word""#, "one two"),
            ("one two three", r#""max": 7, "boundary": "word""#, "one two"),
            ("one two three", r#""max": 8, "boundary": "word""#, "one two"),
            ("unbreakable", r#""max": 4, "boundary": "word""#, "unbr"),
            ("One is. Two is. Three", r#""max": 17, "boundary": "sentence""#, "One is. Two is."),
            ("One long sentence. Two", r#""max": 10, "boundary": "sentence""#, "One long"),
            ("one two three", r#""max": 10, "suffix": " …", "boundary": "word""#, "one two …"),
            ("one", r#""max": 3, "suffix": "...""#, "one"),
            ("four", r#""max": 3, "suffix": "...""#, "..."),
        ];
        for (text, params, expected) in rows {
            let batch = test::batch().utf8("text", [Some(text), None]);
            let output = test::run::<Truncate>(format!("{{{params}}}"), batch).unwrap();
            assert_eq!(output.values::<Utf8>("text"), [Some(expected), None], "{text} {params}");
        }
    }

    #[test]
    fn a_suffix_that_leaves_no_room_is_refused() {
        let batch = test::batch().utf8("text", [Some("")]);
        assert!(matches!(test::run::<Truncate>(r#"{"max": 1, "suffix": "..."}"#, batch), Err(Fault::Params(_))));
    }
}
