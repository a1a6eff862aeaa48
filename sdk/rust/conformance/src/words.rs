use stillroom_sdk::*;

/// Lower case, and the number of words: what throughput is measured with.
pub struct Words(In<Utf8>);

impl Step for Words {
    const NAME: &str = "words";
    const SUMMARY: &str = "Lower-case a text column and count its words.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let text = schema.input("text")?;
        schema.output::<Utf8>("text");
        schema.output::<Int64>("words");
        Ok(Self(text))
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let text = batch.column(self.0)?;
        let words: PrimitiveBuilder<i64> = text.iter().map(|text| text.map(|text| count(text.as_bytes()))).collect();
        Ok(Output::of(lower(text)?).with(words))
    }
}

/// All rows at once where they are ASCII: a letter then has as many bytes in lower case.
fn lower(text: Utf8Column<'_>) -> Result<AnyArray> {
    if !text.values().is_ascii() {
        return Ok(text.iter().map(|text| text.map(str::to_lowercase)).collect::<Utf8Builder>().build());
    }
    let mut values = text.values().as_bytes().to_vec();
    values.make_ascii_lowercase();
    let validity = text.validity().map(|bits| {
        let mut bitmap = Bitmap::with_capacity(text.len());
        bits.iter().for_each(|bit| bitmap.push(bit));
        bitmap
    });
    Utf8Builder::from_parts(text.offsets().to_vec(), values, validity)
}

/// Runs without whitespace: where one begins, a byte is none and the one before it is, or there is none before. A lane
/// counts to 255, so that many bytes are added up in bytes.
fn count(text: &[u8]) -> i64 {
    let Some((first, rest)) = text.split_first() else { return 0 };
    let mut words = i64::from(!is_space(*first));
    for (before, at) in text.chunks(255).zip(rest.chunks(255)) {
        let begins = |(before, at): (&u8, &u8)| u8::from(is_space(*before) & !is_space(*at));
        words += i64::from(before.iter().zip(at).map(begins).sum::<u8>());
    }
    words
}

/// Without a branch, so that sixteen are asked at once.
fn is_space(byte: u8) -> bool {
    (byte == b' ') | (byte.wrapping_sub(b'\t') < 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_splitting_finds() {
        let long = "word \t\u{b}\u{c}\r\n two".repeat(100);
        for text in ["", " ", "a", " a", "a ", "a b", "  a\u{b}b\u{c}\r\n c  ", "ä ö", long.as_str()] {
            let spaces = [' ', '\t', '\n', '\u{b}', '\u{c}', '\r'];
            let expected = text.split(spaces).filter(|word| !word.is_empty()).count() as i64;
            assert_eq!(count(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn ascii_and_other_texts_are_the_same_work() {
        for texts in [[Some("The FOX"), None, Some("")], [Some("ÄÖ Straße"), None, Some("A")]] {
            let output = test::run::<Words>("{}", test::batch().utf8("text", texts)).unwrap();
            let expected = texts.map(|text| text.map(str::to_lowercase));
            assert_eq!(output.values::<Utf8>("text"), expected.each_ref().map(Option::as_deref));
        }
    }
}
