//! `text/hash`: digests of text or bytes, to find what is the same and to name what is kept.

pub mod sha256;

use crate::column::{Texts, texts};
use stillroom_sdk::*;
use xxhash_rust::xxh3::xxh3_128;

choices! {
    /// A hash function.
    pub enum Algorithm {
        /// SHA-256 (FIPS 180-4), 32 bytes: what others can check.
        Sha256,
        /// BLAKE3, 32 bytes: as safe.
        Blake3,
        /// XXH3 of 128 bits, 16 bytes, in the canonical (big-endian) order: many times faster, and not safe against
        /// somebody who makes collisions on purpose.
        Xxh3,
    }
}

choices! {
    /// How a digest is written.
    pub enum Encoding {
        /// As `utf8`, two lower-case hexadecimal digits a byte.
        Hex,
        /// As `fixed-size-binary`.
        Binary,
    }
}

params! {
    /// Parameters of `hash`.
    pub struct HashParams {
        /// The hash function.
        pub algorithm: Algorithm = Algorithm::Sha256,
        /// How the digest is written.
        pub encoding: Encoding = Encoding::Hex,
    }
}

/// The step.
pub struct Hash {
    text: In<Any>,
    params: HashParams,
}

impl Step for Hash {
    const NAME: &str = "hash";
    const SUMMARY: &str = "Digest a text or binary column: SHA-256, BLAKE3 or XXH3.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8", "binary"], "The text or the bytes.")];
    type Params = HashParams;

    fn open(params: HashParams, schema: &mut Schema) -> Result<Self> {
        // The error names both types; then whichever it is.
        let text = match schema.field("text").map(|field| &field.data_type) {
            Some(DataType::Binary) => schema.input::<Any>("text")?,
            _ => {
                schema.input::<Utf8>("text")?;
                schema.input::<Any>("text")?
            }
        };
        match params.encoding {
            Encoding::Hex => schema.output::<Utf8>("hash"),
            Encoding::Binary => schema.output_field("hash", DataType::FixedSizeBinary(params.algorithm.width() as u32)),
        }
        Ok(Self { text, params })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let column = batch.column(self.text)?;
        let rows = match column.data_type() {
            DataType::Utf8 => texts(&column.downcast::<Utf8>()?),
            _ => {
                let bytes = column.downcast::<Binary>()?;
                Texts::new(bytes.offsets(), bytes.values())
            }
        };
        let digests = self.params.algorithm.digests(rows);
        let width = self.params.algorithm.width();
        let validity = column.validity().map(|bits| bits.iter().collect::<Bitmap>());
        Ok(Output::of(match self.params.encoding {
            Encoding::Hex => {
                let offsets = (0..=rows.len()).map(|row| crate::column::offset(row * width * 2)).collect();
                Utf8Builder::from_parts(offsets, hex(&digests), validity)?
            }
            Encoding::Binary => {
                let mut builder = FixedSizeBinaryBuilder::new(width as u32);
                digests
                    .chunks(width)
                    .enumerate()
                    .for_each(|(row, d)| builder.push((!column.is_null(row)).then_some(d)));
                builder.build()
            }
        }))
    }
}

impl Algorithm {
    /// Bytes of a digest.
    #[must_use]
    pub fn width(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake3 => 32,
            Self::Xxh3 => 16,
        }
    }

    /// The digests of all rows, one behind the other.
    #[must_use]
    pub fn digests(self, rows: Texts<'_>) -> Vec<u8> {
        match self {
            Self::Sha256 => sha256::digests(rows.iter()).into_flattened(),
            Self::Blake3 => rows.iter().flat_map(|row| *blake3::hash(row).as_bytes()).collect(),
            Self::Xxh3 => rows.iter().flat_map(|row| xxh3_128(row).to_be_bytes()).collect(),
        }
    }
}

/// Bytes in hexadecimal.
fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = vec![0; bytes.len() * 2];
    for (pair, byte) in out.as_chunks_mut().0.iter_mut().zip(bytes) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        let rows = [
            ("sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("sha256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("blake3", "", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
            ("xxh3", "", "99aa06d3014798d86001c324468d497f"),
        ];
        for (algorithm, text, digest) in rows {
            let batch = test::batch().utf8("text", [Some(text), None]);
            let output = test::run::<Hash>(format!(r#"{{"algorithm": "{algorithm}"}}"#), batch).unwrap();
            assert_eq!(output.values::<Utf8>("hash"), [Some(digest), None]);
        }
    }

    #[test]
    fn bytes_in_and_out() {
        let batch = test::batch().binary("text", [Some(&b"abc"[..]), None]);
        let output = test::run::<Hash>(r#"{"encoding": "binary"}"#, batch).unwrap();
        assert_eq!(*output.data_type("hash"), DataType::FixedSizeBinary(32));
        let digests = output.values::<FixedSizeBinary>("hash");
        assert_eq!((digests[0].map(|d| d[0]), digests[1]), (Some(0xba), None));
    }

    #[test]
    fn numbers_are_refused() {
        let batch = test::batch().int64("text", [Some(1)]);
        let fault = test::run::<Hash>("{}", batch).unwrap_err();
        assert_eq!(fault.message(), "column `text` is int64; it must be utf8");
    }
}
