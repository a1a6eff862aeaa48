//! `dedup/minhash-cluster`: texts that are nearly the same, by their signatures.
//!
//! Which rows are compared at all is settled by locality-sensitive hashing ([`bands`]; Indyk and Motwani 1998). With `verify` two candidates must
//! then have an estimated similarity of at least the threshold: the share of numbers in which their signatures agree, less
//! what of it is chance where numbers have few bits (Li and König 2010, *b-Bit Minwise Hashing*).
//!
//! **Memory** a row: 8 bytes for each band, the signature (256 bytes for 128 numbers of 16 bits) with `verify`, 4 for its
//! number, 28 while the answer is made, and for `greedy` 4 more for each band. By default that is 330 bytes, and a sandbox of
//! 1 GiB held two and a half million rows; without `verify` it is 72.
//!
//! **Time** grows with the rows, not with their pairs, as long as buckets are small or of rows that are alike. Rows that agree
//! in a band and are not alike are compared each with each: a low threshold, for which bands have one or two rows, may make
//! many of them.

pub mod bands;
mod buckets;
mod store;

pub use bands::Bands;

use crate::verdict::{Mode, PART};
use buckets::NONE;
use stillroom_sdk::*;
use store::Store;

choices! {
    /// What rows that resemble one another come to.
    pub enum Clustering {
        /// Resemblance is handed on: of all rows that are linked, through others too, the first stays.
        Components,
        /// A row goes where it resembles one before it that stays. With `verify: false` it is what an index does that is
        /// asked for each row, and takes those in that it did not find.
        Greedy,
    }
}

params! {
    /// Parameters of `minhash-cluster`.
    pub struct ClusterParams {
        /// The similarity from which on texts are duplicates: more than 0, at most 1.
        pub threshold: f64 = 0.9,
        /// Bands that signatures are cut into. Without it those that fit the threshold best.
        pub bands: Option<u16> = None,
        /// Numbers of each band. Without it those that fit the threshold best.
        pub rows: Option<u16> = None,
        /// Whether candidates are compared by their whole signatures.
        pub verify: bool = true,
        /// What rows that resemble one another come to.
        pub cluster: Clustering = Clustering::Components,
        /// What becomes of a duplicate: `mark` makes `keep` and `duplicate-of`, the number of the row that stays.
        pub mode: Mode = Mode::Drop,
    }
}

/// The step.
pub struct MinHashCluster {
    signature: In<Any>,
    params: ClusterParams,
    cut: Bands,
    store: Box<dyn Store>,
    /// Numbers in which duplicates agree.
    least: usize,
    /// Hashes of each band, of rows that have a signature.
    bands: Vec<Vec<u64>>,
    /// The numbers of these rows.
    signed: Vec<u32>,
    /// All rows so far.
    rows: u32,
    verdict: Option<Verdict>,
}

/// Of each row what it is a duplicate of, or `NONE`; and how many rows were told.
struct Verdict {
    of: Vec<u32>,
    told: usize,
}

impl Step for MinHashCluster {
    const NAME: &str = "minhash-cluster";
    const SUMMARY: &str = "Drop or mark texts that are nearly the same as one before, by their MinHash signatures.";
    const KIND: Kind = Kind::Global;
    const COLUMNS: &[Column] =
        &[Column::required("signature", &["fixed-size-list"], "What `minhash` made of the text.")];
    type Params = ClusterParams;

    fn open(params: ClusterParams, schema: &mut Schema) -> Result<Self> {
        let signature = schema.input::<Any>("signature")?;
        if !(params.threshold > 0.0 && params.threshold <= 1.0) {
            return Err(Fault::params("parameter `threshold` must be more than 0 and at most 1"));
        }
        let data_type = schema.field("signature").map_or(DataType::Null, |field| field.data_type.clone());
        let (store, len, bits) = store::of(&data_type, params.verify)?;
        let cut = Bands::choose(params.bands, params.rows, params.threshold, len)?;
        params.mode.declare(schema);
        let (least, bands) = (least(params.threshold, len, bits), vec![Vec::new(); cut.bands]);
        Ok(Self { signature, params, cut, store, least, bands, signed: vec![], rows: 0, verdict: None })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let Self { bands, signed, rows, .. } = self;
        let mut each = |row: usize, hashes: &[u64]| {
            signed.push(*rows + row as u32);
            bands.iter_mut().zip(hashes).for_each(|(band, &hash)| band.push(hash));
        };
        self.store.extend(batch.column(self.signature)?, self.cut, &mut each)?;
        self.rows += batch.len() as u32;
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        if self.verdict.is_none() {
            self.verdict = Some(Verdict { of: self.duplicates(), told: 0 });
        }
        Ok(self.verdict.as_mut().and_then(|verdict| verdict.tell(self.params.mode)))
    }
}

impl MinHashCluster {
    /// Of each row what it is a duplicate of, or `NONE`.
    fn duplicates(&mut self) -> Vec<u32> {
        let (bands, signed) = (std::mem::take(&mut self.bands), std::mem::take(&mut self.signed));
        let alike = |one, other| !self.params.verify || self.store.agreeing(one, other) >= self.least;
        let firsts = match self.params.cluster {
            Clustering::Components => buckets::components(bands, alike),
            Clustering::Greedy => buckets::greedy(bands, alike),
        };
        let mut of = vec![NONE; self.rows as usize];
        for (row, first) in signed.iter().zip(firsts.iter().map(|&first| signed[first as usize])) {
            if first != *row {
                of[*row as usize] = first;
            }
        }
        of
    }
}

impl Verdict {
    fn tell(&mut self, mode: Mode) -> Option<Output> {
        let from = self.told;
        self.told = self.of.len().min(from + PART);
        let rows =
            (from..self.told).map(|row| (row as u32, Some(self.of[row]).filter(|&of| of != NONE).map(u64::from)));
        (from < self.told).then(|| mode.answer(rows))
    }
}

/// In how many numbers texts of a similarity are expected to agree, rounded up: by the similarity, and elsewhere by chance.
fn least(threshold: f64, len: usize, bits: u32) -> usize {
    let share = threshold + (1.0 - threshold) * 0.5f64.powi(bits as i32);
    (share * len as f64 - 1e-9).ceil() as usize
}

#[cfg(test)]
mod tests;
