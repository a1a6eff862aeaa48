//! `text/chunk`: one text in many pieces.

use crate::column::Texts;
use crate::segment::{paragraphs, sentences};
use crate::words;
use stillroom_sdk::*;

choices! {
    /// What a chunk is made of.
    pub enum Piece {
        /// Characters (Unicode scalar values).
        Chars,
        /// Words: runs without whitespace.
        Words,
        /// Sentences (a heuristic, described in the README).
        Sentences,
        /// Paragraphs: runs of lines that are not blank.
        Paragraphs,
    }
}

params! {
    /// Parameters of `chunk`.
    pub struct ChunkParams {
        /// What chunks are made of.
        pub by: Piece = Piece::Words,
        /// How many of these a chunk has; the last one may have fewer.
        pub size: u32,
        /// How many of these the next chunk begins with again.
        pub overlap: u32 = 0,
    }
}

/// The step.
pub struct Chunk {
    text: In<Utf8>,
    params: ChunkParams,
}

impl Step for Chunk {
    const NAME: &str = "chunk";
    const SUMMARY: &str = "Split a text into rows of so many characters, words, sentences or paragraphs.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text. One without a piece has no rows.")];
    type Params = ChunkParams;

    fn open(params: ChunkParams, schema: &mut Schema) -> Result<Self> {
        if params.overlap >= params.size {
            return Err(Fault::params("parameter `overlap` must be less than `size`"));
        }
        let text = schema.input("text")?;
        schema.output::<Utf8>("text");
        schema.output::<Int32>("chunk");
        schema.rows_any();
        Ok(Self { text, params })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let column = batch.column(self.text)?;
        let (mut out, mut numbers, mut rows) = (Utf8Builder::new(), Int32Builder::new(), Vec::new());
        for (row, text) in (0..).zip(column.iter()) {
            for (number, chunk) in (0..).zip(text.map(|text| chunks(text, &self.params)).unwrap_or_default()) {
                out.push_value(chunk);
                numbers.push(Some(number));
                rows.push(row);
            }
        }
        Ok(Output::of(out).with(numbers).rows(rows))
    }
}

/// The chunks of a text: parts of it as they stand, from the first piece's beginning to the last one's end.
#[must_use]
pub fn chunks<'a>(text: &'a str, params: &ChunkParams) -> Vec<&'a str> {
    let pieces = pieces(text, params.by);
    let (size, overlap) = (params.size as usize, params.overlap as usize);
    // A chunk that would hold nothing but what the one before ends with is not made.
    let starts = (0..pieces.len()).step_by(size - overlap).filter(|&at| at == 0 || at + overlap < pieces.len());
    starts.map(|at| &text[pieces[at].0..pieces[(at + size).min(pieces.len()) - 1].1]).collect()
}

fn pieces(text: &str, by: Piece) -> Vec<(usize, usize)> {
    match by {
        Piece::Chars => text.char_indices().map(|(at, c)| (at, at + c.len_utf8())).collect(),
        Piece::Sentences => sentences(text).collect(),
        Piece::Paragraphs => paragraphs(text).collect(),
        Piece::Words => {
            let mut pieces = Vec::new();
            let offsets = [0, crate::column::offset(text.len())];
            words::each(Texts::new(&offsets, text.as_bytes()), 0, |from, to| pieces.push((from, to)));
            pieces
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_chunks() {
        let rows: [(&str, Piece, u32, u32, &[&str]); 10] = [
            ("abcdefg", Piece::Chars, 3, 0, &["abc", "def", "g"]),
            ("äöüß", Piece::Chars, 3, 1, &["äöü", "üß"]),
            ("abc", Piece::Chars, 2, 1, &["ab", "bc"]),
            ("a b  c\nd e", Piece::Words, 2, 0, &["a b", "c\nd", "e"]),
            ("a b c d", Piece::Words, 3, 1, &["a b c", "c d"]),
            ("a b c", Piece::Words, 3, 2, &["a b c"]),
            (" only ", Piece::Words, 9, 8, &["only"]),
            ("One. Two. Three.", Piece::Sentences, 2, 1, &["One. Two.", "Two. Three."]),
            ("p\n1\n\np2\n\n\np3", Piece::Paragraphs, 2, 0, &["p\n1\n\np2", "p3"]),
            (" \n", Piece::Words, 1, 0, &[]),
        ];
        for (text, by, size, overlap, expected) in rows {
            assert_eq!(chunks(text, &ChunkParams { by, size, overlap }), expected, "{text:?}");
        }
    }

    #[test]
    fn rows_know_where_they_came_from() {
        let batch = test::batch().utf8("text", [Some("a b c"), None, Some(""), Some("d")]);
        let output = test::run::<Chunk>(r#"{"size": 2}"#, batch).unwrap();
        assert_eq!(output.values::<Utf8>("text"), [Some("a b"), Some("c"), Some("d")]);
        assert_eq!(output.values::<Int32>("chunk"), [Some(0), Some(1), Some(0)]);
        assert_eq!(output.rows(), Some(&[0, 0, 3][..]));
    }

    #[test]
    fn an_overlap_of_everything_is_refused() {
        let batch = test::batch().utf8("text", [Some("")]);
        assert!(matches!(test::run::<Chunk>(r#"{"size": 2, "overlap": 2}"#, batch), Err(Fault::Params(_))));
    }
}
