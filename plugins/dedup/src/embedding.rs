//! `dedup/embedding`: rows whose vectors are close to one before.
//!
//! It works on the `embedding` itself, or on what `neighbours` made of it.
//!
//! - **`vectors`**: a row goes where one before it *that stays* has a cosine similarity of at least the threshold (less 10⁻⁶,
//!   for what floats of 32 bits round away). Each vector is compared with all that stay, so n vectors of d numbers of which m
//!   stay cost up to n · m · d / 2 multiplications; see `neighbours` for the time. What stays costs 4 bytes a number.
//! - **`neighbours`**: a row goes where a neighbour before it has at least the threshold, whether that one stays or not. Only
//!   scores of which the greatest is the nearest make sense. Rows are counted as this step gets them: rows must not be
//!   dropped or come between after the step that made the columns.

use crate::columns::{Lists, item_of};
use crate::vectors::kernel::{Product, Scores, scores};
use crate::vectors::{BLOCK, Floats, Matrix, Reader};
use crate::verdict::Mode;
use stillroom_sdk::*;

/// The types of a column of vectors.
pub(crate) const VECTORS: &[&str] = &["list<float32>", "list<float64>", "fixed-size-list", "large-list"];

choices! {
    /// What rows are compared by.
    pub enum By {
        /// The column `embedding`.
        Vectors,
        /// The columns `nn_indices` and `nn_scores`.
        Neighbours,
    }
}

params! {
    /// Parameters of `embedding`.
    pub struct EmbeddingParams {
        /// The similarity from which on rows are duplicates.
        pub threshold: f64 = 0.9,
        /// What rows are compared by.
        pub by: By = By::Vectors,
        /// What becomes of a duplicate: `mark` makes `keep` and `duplicate-of`, the number of a row before that is close.
        pub mode: Mode = Mode::Drop,
    }
}

/// The step.
pub struct Embedding {
    by: Source,
    params: EmbeddingParams,
    /// Rows before this batch.
    before: u64,
}

enum Source {
    Vectors { embedding: In<Any>, close: Box<Close> },
    Neighbours { indices: In<Any>, scores: In<Any> },
}

impl Step for Embedding {
    const NAME: &str = "embedding";
    const SUMMARY: &str = "Drop or mark rows whose vectors are close to that of a row before.";
    const KIND: Kind = Kind::Ordered;
    const COLUMNS: &[Column] = &[
        Column::optional("embedding", VECTORS, "The vector (`by: vectors`)."),
        Column::optional("nn_indices", &["list<uint32>", "list<int64>"], "What `neighbours` made (`by: neighbours`)."),
        Column::optional(
            "nn_scores",
            &["list<float32>", "list<float64>"],
            "What `neighbours` made (`by: neighbours`).",
        ),
    ];
    type Params = EmbeddingParams;

    fn open(params: EmbeddingParams, schema: &mut Schema) -> Result<Self> {
        let by = match params.by {
            By::Vectors if !(-1.0..=1.0).contains(&params.threshold) => {
                return Err(Fault::params("parameter `threshold` must be from -1 to 1"));
            }
            By::Vectors => {
                let embedding = Floats::input(schema, "embedding")?;
                Source::Vectors { embedding, close: Box::new(Close::new((params.threshold - 1e-6) as f32)) }
            }
            By::Neighbours => {
                Source::Neighbours { indices: indices(schema)?, scores: Floats::input(schema, "nn_scores")? }
            }
        };
        params.mode.declare(schema);
        Ok(Self { by, params, before: 0 })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let before = self.before;
        let verdicts = match &mut self.by {
            Source::Vectors { embedding, close } => close.batch(&Floats::of(batch.column(*embedding)?)?, batch, before),
            Source::Neighbours { indices, scores } => {
                let (indices, scores) = (Indices::of(batch.column(*indices)?)?, Floats::of(batch.column(*scores)?)?);
                neighbours(&indices, &scores, batch, before, self.params.threshold)
            }
        };
        self.before += batch.len() as u64;
        let (mut rejected, mut rows) = (Vec::new(), Vec::new());
        for (row, verdict) in verdicts.into_iter().enumerate() {
            match verdict {
                Ok(of) => rows.push((row as u32, of)),
                Err(reason) => rejected.push(Rejection { row: row as u32, reason }),
            }
        }
        Ok(self.params.mode.answer(rows.into_iter()).rejecting(rejected))
    }
}

/// What a row is a duplicate of, or why it cannot be compared.
type Verdict = Result<Option<u64>, String>;

/// Vectors that stay, to compare others with.
struct Close {
    threshold: f32,
    reader: Reader,
    kept: Matrix,
    /// The numbers of their rows.
    rows: Vec<u64>,
    /// Vectors that wait, fewer than a block's, and where in the batch they are.
    waiting: Matrix,
    places: Vec<usize>,
}

impl Close {
    fn new(threshold: f32) -> Self {
        let (kept, waiting) = (Matrix::default(), Matrix::default());
        Self { threshold, reader: Reader::new(true), kept, rows: Vec::new(), waiting, places: Vec::new() }
    }

    fn batch(&mut self, vectors: &Floats<'_>, batch: &Batch, before: u64) -> Vec<Verdict> {
        let mut verdicts: Vec<Verdict> = vec![Ok(None); batch.len()];
        for row in 0..batch.len() {
            match self.reader.read(vectors, row) {
                Ok(vector) => {
                    self.waiting.push(vector);
                    self.places.push(row);
                }
                Err(reason) => verdicts[row] = Err(reason),
            }
            if self.places.len() == BLOCK {
                self.settle(&mut verdicts, before);
            }
        }
        self.settle(&mut verdicts, before);
        verdicts
    }

    /// Compares those that wait with all that stay, then with one another.
    fn settle(&mut self, verdicts: &mut [Verdict], before: u64) {
        let mut of: [Option<u64>; BLOCK] = [None; BLOCK];
        let mut table: Scores = [[0.0; BLOCK]; BLOCK];
        let (Some(block), len) = (self.waiting.blocks().first(), self.places.len()) else { return };
        for (at, kept) in self.kept.blocks().iter().enumerate() {
            let rows = self.kept.rows_of(at);
            scores::<Product>(block, len, kept, rows, &mut table);
            for (of, scores) in of.iter_mut().zip(&table).take(len).filter(|(of, _)| of.is_none()) {
                let found = scores[..rows].iter().position(|&score| score >= self.threshold);
                *of = found.map(|found| self.rows[at * BLOCK + found]);
            }
        }
        scores::<Product>(block, len, block, len, &mut table);
        for i in 0..len {
            let found = (0..i).find(|&j| of[j].is_none() && table[i][j] >= self.threshold);
            of[i] = of[i].or(found.map(|found| before + self.places[found] as u64));
            verdicts[self.places[i]] = Ok(of[i]);
            if of[i].is_none() {
                self.kept.push_fours(self.waiting.get(i));
                self.rows.push(before + self.places[i] as u64);
            }
        }
        self.waiting.clear();
        self.places.clear();
    }
}

fn neighbours(indices: &Indices<'_>, scores: &Floats<'_>, batch: &Batch, before: u64, threshold: f64) -> Vec<Verdict> {
    let mut numbers = Vec::new();
    let mut verdict = |row: usize| {
        scores.copy(row, &mut numbers)?;
        let of = indices.row(row)?;
        if of.len() != numbers.len() {
            return Err(format!("there are {} indices and {} scores", of.len(), numbers.len()));
        }
        let close = of.zip(&numbers).filter(|(_, score)| f64::from(**score) >= threshold - 1e-6);
        Ok(close.filter_map(|(of, _)| of).filter(|&of| of < before + row as u64).min())
    };
    (0..batch.len()).map(&mut verdict).collect()
}

/// Takes the column of row numbers.
fn indices(schema: &mut Schema) -> Result<In<Any>> {
    let input = schema.input::<Any>("nn_indices")?;
    match schema.field("nn_indices").map(|field| &field.data_type) {
        Some(found) if !matches!(item_of(found), Some(DataType::UInt32 | DataType::Int64)) => {
            Err(Fault::params(format!("column `nn_indices` is {found}; it must be list<uint32> or list<int64>")))
        }
        _ => Ok(input),
    }
}

/// A column of lists of row numbers.
struct Indices<'a> {
    lists: Lists<'a>,
    items: Numbers<'a>,
}

#[derive(Clone, Copy)]
enum Numbers<'a> {
    Small(PrimitiveColumn<'a, u32>),
    Large(PrimitiveColumn<'a, i64>),
}

impl<'a> Indices<'a> {
    fn of(column: AnyColumn<'a>) -> Result<Self> {
        let lists = Lists::of(column)?;
        let items = match lists.items().data_type() {
            DataType::Int64 => Numbers::Large(lists.items().downcast::<Int64>()?),
            _ => Numbers::Small(lists.items().downcast::<UInt32>()?),
        };
        Ok(Self { lists, items })
    }

    /// A row's numbers; none for one that is null or less than 0, which is no row.
    fn row(&self, row: usize) -> Result<impl ExactSizeIterator<Item = Option<u64>> + use<'a>, String> {
        let items = self.items;
        Ok(self.lists.row(row).map(move |at| match items {
            Numbers::Small(numbers) => numbers.get(at).map(u64::from),
            Numbers::Large(numbers) => numbers.get(at).and_then(|number| u64::try_from(number).ok()),
        }))
    }
}

#[cfg(test)]
mod tests;
