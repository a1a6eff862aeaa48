use stillroom_sdk::task::{Row, TextIn, TextsIn};
use stillroom_sdk::{DataType, Result, Schema};

/// A column of text, or of lists of text.
#[derive(Debug)]
pub(crate) enum TextOrTexts {
    Text(TextIn),
    Texts(TextsIn),
}

impl TextOrTexts {
    pub(crate) fn take(schema: &mut Schema, name: &str) -> Result<Self> {
        use DataType::{FixedSizeList, LargeList, List};
        let is_list = |data_type: &DataType| matches!(data_type, List(_) | LargeList(_) | FixedSizeList(..));
        match schema.field(name).is_some_and(|field| is_list(&field.data_type)) {
            true => TextsIn::take(schema, name).map(Self::Texts),
            false => TextIn::take(schema, name).map(Self::Text),
        }
    }

    pub(crate) fn optional(schema: &mut Schema, name: &str) -> Result<Option<Self>> {
        schema.field(name).is_some().then(|| Self::take(schema, name)).transpose()
    }

    /// The row's text alone, or its texts; a null is a reason to reject the row.
    pub(crate) fn get<'a>(&self, row: Row<'a>) -> Result<Vec<&'a str>, String> {
        match self {
            Self::Text(text) => text.get(row).map(|text| vec![text]),
            Self::Texts(texts) => texts.get(row),
        }
    }
}
