//! The scan that reading and writing JSON spend their time in.

/// How many bytes of `bytes` a JSON string can hold as they are: up to the first quote, backslash or control character.
#[inline]
pub(crate) fn plain(bytes: &[u8]) -> usize {
    let (chunks, _) = bytes.as_chunks::<32>();
    // A fold over an array without a way out in between is what compiles to vector instructions.
    let special = |chunk: &[u8; 32]| chunk.iter().fold(0, |any, &byte| any | u8::from(is_special(byte))) != 0;
    let skipped = chunks.iter().position(special).unwrap_or(chunks.len()) * 32;
    skipped + bytes[skipped..].iter().position(|&byte| is_special(byte)).unwrap_or(bytes.len() - skipped)
}

#[inline]
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place() {
        for length in 0..100 {
            for at in 0..length {
                for byte in 0..=255u8 {
                    let mut bytes = vec![b'x'; length];
                    bytes[at] = byte;
                    assert_eq!(plain(&bytes), if is_special(byte) { at } else { length });
                }
            }
        }
    }
}
