//! `dedup/neighbours`: of each vector the nearest others, exactly.
//!
//! Every vector is compared with every other once: n² · d / 2 multiplications for n vectors of d numbers, in blocks that stay
//! in the processor's cache. In the sandbox a core does some 8 billion of them a second: 10,000 vectors of 384 numbers take 2.4
//! seconds, 100,000 four minutes. The comparing is spread over the batches as they come.
//!
//! A row costs 4 bytes of memory for each number and 8 for each neighbour: a sandbox of 1 GiB holds 600,000 vectors of 384.
//!
//! Neighbours are named by their place in what the step puts out: rows that it rejects are not counted. Equally near ones are
//! in the order of the rows, and the answer is the same to the last bit however batches are cut.

use crate::vectors::kernel::{Product, Scores, Square, scores};
use crate::vectors::{BLOCK, Floats, Matrix, Reader};
use crate::verdict::PART;
use stillroom_sdk::*;

choices! {
    /// What makes vectors near.
    pub enum Metric {
        /// The cosine of the angle between them, −1 to 1; the greatest is the nearest.
        Cosine,
        /// Their dot product; the greatest is the nearest.
        Dot,
        /// The distance between them; the least is the nearest.
        Euclidean,
    }
}

params! {
    /// Parameters of `neighbours`.
    pub struct NeighboursParams {
        /// How many neighbours of each row, 1 to 1024. Where there are fewer other rows, all of them.
        pub k: u16 = 10,
        /// What makes vectors near.
        pub metric: Metric = Metric::Cosine,
    }
}

/// The step.
pub struct Neighbours {
    embedding: In<Any>,
    params: NeighboursParams,
    reader: Reader,
    matrix: Matrix,
    nearest: Nearest,
    /// Whole blocks that were compared with all before them.
    compared: usize,
    /// The number of each vector's row.
    rows: Vec<u32>,
    rejected: Vec<Rejection>,
    consumed: u32,
    told: usize,
}

impl Step for Neighbours {
    const NAME: &str = "neighbours";
    const SUMMARY: &str = "Find the nearest other rows of each row by vectors, exactly.";
    const KIND: Kind = Kind::Global;
    const COLUMNS: &[Column] = &[Column::required("embedding", crate::embedding::VECTORS, "The vector.")];
    type Params = NeighboursParams;

    fn open(params: NeighboursParams, schema: &mut Schema) -> Result<Self> {
        let embedding = Floats::input(schema, "embedding")?;
        if !(1..=1024).contains(&params.k) {
            return Err(Fault::params("parameter `k` must be from 1 to 1024"));
        }
        schema.output::<List<UInt32>>("nn_indices");
        schema.output::<List<Float32>>("nn_scores");
        schema.rows_any();
        Ok(Self {
            embedding,
            reader: Reader::new(params.metric == Metric::Cosine),
            matrix: Matrix::default(),
            nearest: Nearest { k: usize::from(params.k), entries: Vec::new() },
            params,
            compared: 0,
            rows: Vec::new(),
            rejected: Vec::new(),
            consumed: 0,
            told: 0,
        })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let vectors = Floats::of(batch.column(self.embedding)?)?;
        for row in 0..batch.len() {
            let number = self.consumed + row as u32;
            match self.reader.read(&vectors, row) {
                Ok(vector) => self.matrix.push(vector),
                Err(reason) => {
                    self.rejected.push(Rejection { row: number, reason });
                    continue;
                }
            }
            self.rows.push(number);
            self.nearest.push();
            if self.matrix.len().is_multiple_of(BLOCK) {
                self.compare();
            }
        }
        self.consumed += batch.len() as u32;
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        if self.compared < self.matrix.blocks().len() {
            self.compare();
        }
        let (from, to) = (self.told, self.rows.len().min(self.told + PART));
        if from == to && self.rejected.is_empty() {
            return Ok(None);
        }
        self.told = to;
        let (indices, scores) = self.nearest.columns(from..to, self.params.metric)?;
        let output = Output::of(indices).with(scores).rows(self.rows[from..to].to_vec());
        Ok(Some(output.rejecting(std::mem::take(&mut self.rejected))))
    }
}

impl Neighbours {
    /// Compares the last block with all before it and itself.
    fn compare(&mut self) {
        let last = self.matrix.blocks().len() - 1;
        let mut scores = [[0.0; BLOCK]; BLOCK];
        for other in 0..=last {
            self.score(last, other, &mut scores);
            self.offer(last, other, &scores);
        }
        self.compared = last + 1;
    }

    fn score(&self, one: usize, other: usize, out: &mut Scores) {
        let (blocks, rows) = (self.matrix.blocks(), |block| self.matrix.rows_of(block));
        match self.params.metric {
            Metric::Euclidean => {
                scores::<Square>(&blocks[one], rows(one), &blocks[other], rows(other), out);
                out.as_flattened_mut().iter_mut().for_each(|score| *score = -*score);
            }
            _ => scores::<Product>(&blocks[one], rows(one), &blocks[other], rows(other), out),
        }
    }

    fn offer(&mut self, one: usize, other: usize, scores: &Scores) {
        let (rows, others) = (self.matrix.rows_of(one), self.matrix.rows_of(other));
        for (i, scores) in scores.iter().enumerate().take(rows) {
            let others = if one == other { i } else { others };
            let row = one * BLOCK + i;
            for (j, &score) in scores.iter().enumerate().take(others) {
                // Infinity less infinity: the farthest there is.
                let score = if score.is_nan() { f32::NEG_INFINITY } else { score };
                self.nearest.offer(row, (other * BLOCK + j) as u32, score);
                self.nearest.offer(other * BLOCK + j, row as u32, score);
            }
        }
    }
}

/// Of each row the nearest so far, the best first; of equals the one that comes first.
struct Nearest {
    k: usize,
    entries: Vec<(f32, u32)>,
}

/// Where there is no neighbour yet. Any is better: no row has this number.
const NOBODY: (f32, u32) = (f32::NEG_INFINITY, u32::MAX);

impl Nearest {
    fn push(&mut self) {
        self.entries.resize(self.entries.len() + self.k, NOBODY);
    }

    #[inline]
    fn offer(&mut self, row: usize, other: u32, score: f32) {
        let entries = &mut self.entries[row * self.k..][..self.k];
        let better = |than: &(f32, u32)| score > than.0 || (score == than.0 && other < than.1);
        if !better(&entries[entries.len() - 1]) {
            return;
        }
        let at = entries.partition_point(|entry| !better(entry));
        entries[at..].rotate_right(1);
        entries[at] = (score, other);
    }

    fn columns(&self, rows: std::ops::Range<usize>, metric: Metric) -> Result<(AnyArray, AnyArray)> {
        let of = |row: usize| self.entries[row * self.k..][..self.k].iter().filter(|entry| entry.1 != NOBODY.1);
        let lengths = || rows.clone().map(|row| Some(of(row).count()));
        let indices: UInt32Builder = rows.clone().flat_map(of).map(|entry| entry.1).collect();
        let score = |score: f32| if metric == Metric::Euclidean { (-score).sqrt() } else { score };
        let scores: Float32Builder = rows.clone().flat_map(of).map(|entry| score(entry.0)).collect();
        Ok((ListBuilder::<_>::from_lengths(indices, lengths())?, ListBuilder::<_>::from_lengths(scores, lengths())?))
    }
}

#[cfg(test)]
mod tests;
