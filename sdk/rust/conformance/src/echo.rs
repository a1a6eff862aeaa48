use stillroom_sdk::*;

params! {
    /// Which column.
    pub struct ColumnParams {
        /// The column's name.
        pub column: String = String::from("value"),
    }
}

/// A column of any type, handed on without looking.
pub struct Echo(In<Any>);

impl Step for Echo {
    const NAME: &str = "echo";
    const SUMMARY: &str = "Hand a column on as it is.";
    type Params = ColumnParams;

    fn open(params: ColumnParams, schema: &mut Schema) -> Result<Self> {
        let column = schema.input_dynamic(&params.column)?;
        let data_type = schema.field(&params.column).map_or(DataType::Null, |field| field.data_type.clone());
        schema.output_field(params.column, data_type);
        Ok(Self(column))
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        Ok(Output::of(batch.take_column(self.0)?))
    }
}
