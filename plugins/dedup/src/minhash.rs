//! `dedup/minhash`: signatures of texts, whose agreement estimates how much two texts have in common.
//!
//! A text is the set of its shingles ([`shingle`]), and two texts are as similar as their sets: what is in both to what is in
//! either (Jaccard). Under a random permutation of all shingles the least of two sets is the same one with just that
//! probability (Broder 1997, *On the Resemblance and Containment of Documents*); so the share of permutations under which it
//! is the same estimates the similarity ([`signature`]). Of each least value the lower bits are kept (Li and König 2010,
//! *b-Bit Minwise Hashing*).
//!
//! Every shingle meets every permutation. To give each shingle to one permutation alone (one-permutation hashing; Li, Owen and
//! Zhang 2012, Shrivastava 2017) would save most of the work, but estimates of short texts get worse, and this is fast enough:
//! a text of 500 bytes takes some 7 µs in the sandbox, of which hashing its shingles is one.
//!
//! A signature is the same everywhere and for ever: it hangs on the text and the parameters alone, and a test keeps it.

pub mod shingle;
pub mod signature;

use shingle::{Shingles, Tokenizer};
use signature::Permutations;
use stillroom_sdk::*;

/// Makes the signature of one text after the other.
#[derive(Debug)]
pub struct Signer {
    shingles: Shingles,
    permutations: Permutations,
    least: Vec<u32>,
}

impl Signer {
    /// By the parameters.
    #[must_use]
    pub fn new(params: &MinHashParams) -> Self {
        let shingles = Shingles::new(params.tokenizer, usize::from(params.n), params.seed);
        let permutations = Permutations::new(usize::from(params.permutations), params.seed);
        Self { shingles, permutations, least: Vec::new() }
    }

    /// The least hash of the text's shingles under each permutation; none where it has no shingle.
    pub fn sign(&mut self, text: &str) -> Option<&[u32]> {
        let hashes = self.shingles.of(text);
        if hashes.is_empty() {
            return None;
        }
        self.least.clear();
        self.least.extend(self.permutations.minima(hashes));
        Some(&self.least)
    }
}

params! {
    /// Parameters of `minhash`.
    pub struct MinHashParams {
        /// What a shingle is a run of.
        pub tokenizer: Tokenizer = Tokenizer::Characters,
        /// Characters or words of a shingle, 1 to 1000.
        pub n: u16 = 5,
        /// Numbers of a signature, 1 to 1024. An estimate of the similarity s is off by √(s (1 − s) / permutations).
        pub permutations: u16 = 128,
        /// Bits of each number: 8, 16 or 32. Two texts' different numbers agree by chance with a probability of 2^-bits.
        pub bits: u8 = 16,
        /// Another seed makes other signatures, which cannot be compared.
        pub seed: u64 = 1,
    }
}

/// The step.
pub struct MinHash {
    text: In<Utf8>,
    signer: Signer,
    params: MinHashParams,
}

impl Step for MinHash {
    const NAME: &str = "minhash";
    const SUMMARY: &str = "Make a MinHash signature of a text column, for `minhash-cluster`.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = MinHashParams;

    fn open(params: MinHashParams, schema: &mut Schema) -> Result<Self> {
        let text = schema.input("text")?;
        check("n", params.n, 1..=1000)?;
        check("permutations", params.permutations, 1..=1024)?;
        let item = match params.bits {
            8 => DataType::UInt8,
            16 => DataType::UInt16,
            32 => DataType::UInt32,
            _ => return Err(Fault::params("parameter `bits` must be 8, 16 or 32")),
        };
        schema.output_field("signature", DataType::FixedSizeList(Box::new(item), params.permutations.into()));
        Ok(Self { text, signer: Signer::new(&params), params })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let texts = batch.column(self.text)?;
        let column = match self.params.bits {
            8 => self.signatures(texts, |least| least as u8),
            16 => self.signatures(texts, |least| least as u16),
            _ => self.signatures(texts, |least| least),
        };
        column.map(Output::of)
    }
}

impl MinHash {
    /// Numbers are cut to their lower bits: the upper ones of a least value are mostly zeros.
    fn signatures<N: Native>(&mut self, texts: Utf8Column<'_>, cut: impl Fn(u32) -> N) -> Result<AnyArray>
    where
        PrimitiveBuilder<N>: Build,
    {
        let width = usize::from(self.params.permutations);
        let mut values: Vec<N> = Vec::with_capacity(texts.len() * width);
        let mut validity = Bitmap::with_capacity(texts.len());
        for text in texts.iter() {
            let signature = text.and_then(|text| self.signer.sign(text));
            validity.push(signature.is_some());
            match signature {
                Some(least) => values.extend(least.iter().map(|&least| cut(least))),
                None => values.resize(values.len() + width, N::zeroed()),
            }
        }
        fixed_size_list(width as u32, PrimitiveBuilder::from_values(values), Some(validity))
    }
}

fn check(name: &str, value: u16, range: std::ops::RangeInclusive<u16>) -> Result<()> {
    match range.contains(&value) {
        true => Ok(()),
        false => Err(Fault::params(format!("parameter `{name}` must be from {} to {}", range.start(), range.end()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Random;
    use crate::samples::{changed, similarity, text};

    fn signatures(params: &str, texts: &[Option<&str>]) -> Vec<Option<Vec<u16>>> {
        let output = test::run::<MinHash>(params, test::batch().utf8("text", texts.iter().copied())).unwrap();
        let column = output.column::<FixedSizeList<UInt16>>("signature");
        column.iter().map(|items| items.map(|items| column.values().values()[items].to_vec())).collect()
    }

    #[test]
    fn estimates_are_as_good_as_they_should_be() {
        let mut random = Random::new(11);
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
        for len in [50, 500, 2000] {
            for changes in 0..200 {
                let one = text(&mut random, len);
                let other = changed(&mut random, &one, changes % (len / 10) + 1);
                let expected = similarity(&one, &other, 5);
                let rows = signatures("{}", &[Some(&one), Some(&other)]);
                let (one, other) = (rows[0].as_ref().unwrap(), rows[1].as_ref().unwrap());
                let found = one.iter().zip(other).filter(|(a, b)| a == b).count() as f64 / 128.0;
                let error = (found - expected) / (expected * (1.0 - expected) / 128.0).sqrt().max(0.001);
                (sum, squares, count) = (sum + error, squares + error * error, count + 1.0);
            }
        }
        let (mean, deviation) = (sum / count, f64::sqrt(squares / count));
        assert!(mean.abs() < 4.0 / f64::sqrt(count) && (0.9..1.1).contains(&deviation), "{mean} ± {deviation}");
    }

    #[test]
    fn texts_without_shingles_have_no_signature() {
        let rows = signatures("{}", &[Some(""), None, Some(" "), Some("a"), Some("a")]);
        assert_eq!((rows[0].is_none(), rows[1].is_none(), rows[2].is_none()), (true, true, false));
        assert_eq!(rows[3], rows[4]);
        let rows = signatures(r#"{"tokenizer": "words"}"#, &[Some(" \n\u{3000}"), Some("one"), Some(" one ")]);
        assert!(rows[0].is_none() && rows[1] == rows[2]);
        assert!(signatures("{}", &[]).is_empty());
    }

    #[test]
    fn seeds_and_parameters_differ() {
        let all = [r#"{}"#, r#"{"seed": 2}"#, r#"{"n": 4}"#, r#"{"tokenizer": "words", "n": 1}"#];
        let rows = all.map(|params| signatures(params, &[Some("a text of several words")]));
        assert!((0..all.len()).all(|i| (0..i).all(|j| rows[i] != rows[j])));
    }

    #[test]
    fn signatures_stay_what_they_are() {
        // Signatures are kept in files: a change of this is a change of the format.
        let row = signatures(r#"{"permutations": 6}"#, &[Some("the quick brown fox jumps over the lazy dog, naïvely")]);
        assert_eq!(row[0].as_deref(), Some(&[37318, 30830, 18341, 64971, 44661, 17474][..]));
    }

    #[test]
    fn types_are_declared() {
        for (bits, item) in [(8, "uint8"), (16, "uint16"), (32, "uint32")] {
            let params = format!(r#"{{"bits": {bits}, "permutations": 3}}"#);
            let output = test::run::<MinHash>(params, test::batch().utf8("text", [Some("text")])).unwrap();
            assert_eq!(output.data_type("signature").to_string(), format!("fixed-size-list<{item}, 3>"));
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for params in [r#"{"bits": 7}"#, r#"{"n": 0}"#, r#"{"permutations": 0}"#, r#"{"permutations": 1025}"#] {
            let fault = test::run::<MinHash>(params, test::batch().utf8("text", [Some("")])).unwrap_err();
            assert!(matches!(fault, Fault::Params(_)), "{params}: {fault}");
        }
    }
}
