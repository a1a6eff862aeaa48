use std::fmt;
use std::marker::PhantomData;

use crate::params::names;
use crate::{Any, Concrete, DataType, Fault, Field, Result, Type};

/// What a step sees in `open`: the fields of the data; and what it says there: which columns it takes and makes.
#[derive(Debug)]
pub struct Schema {
    fields: Vec<Field>,
    pub(crate) inputs: Vec<Field>,
    pub(crate) outputs: Vec<Field>,
    pub(crate) rows_any: bool,
    pub(crate) key: Vec<String>,
}

/// A column that a step takes; [`Batch::column`](crate::Batch::column) reads it.
pub struct In<T> {
    index: usize,
    of: PhantomData<fn() -> T>,
}

impl Schema {
    pub(crate) fn new(fields: Vec<Field>) -> Self {
        Self { fields, inputs: Vec::new(), outputs: Vec::new(), rows_any: false, key: Vec::new() }
    }

    /// All fields of the data, by the names that the step is to use.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Takes a column. [`Fault::Params`] names it where it is missing or of another type.
    pub fn input<T: Type>(&mut self, name: &str) -> Result<In<T>> {
        match self.optional_input(name)? {
            Some(input) => Ok(input),
            None => Err(self.missing(name)),
        }
    }

    /// Takes a column if the data has it. [`Fault::Params`] names it where it is of another type.
    pub fn optional_input<T: Type>(&mut self, name: &str) -> Result<Option<In<T>>> {
        let Some(field) = self.field(name) else { return Ok(None) };
        if !T::accepts(&field.data_type) {
            let (found, expected) = (&field.data_type, T::expected());
            return Err(Fault::params(format!("column `{name}` is {found}; it must be {expected}")));
        }
        let field = field.clone();
        Ok(Some(self.take(field)))
    }

    /// Takes a column of any type.
    pub fn input_dynamic(&mut self, name: &str) -> Result<In<Any>> {
        self.input(name)
    }

    /// Declares a column that the step makes; one with the name of an input replaces it. Outputs come in this order.
    pub fn output<T: Concrete>(&mut self, name: impl Into<String>) {
        self.output_field(name, T::data_type());
    }

    /// The same with a type that is known only now.
    pub fn output_field(&mut self, name: impl Into<String>, data_type: DataType) {
        self.outputs.push(Field::new(name, data_type));
    }

    /// Declares that outputs have any number of rows, and [`Output::rows`](crate::Output::rows) says where they came
    /// from. Without it every input row has one output row.
    pub fn rows_any(&mut self) {
        self.rows_any = true;
    }

    /// Ordered and global steps: declares that rows which differ in these columns, which the step takes, have no bearing on
    /// one another. The host then gives each of several instances all rows of some keys.
    pub fn key<T>(&mut self, columns: &[In<T>]) {
        self.key = columns.iter().map(|column| self.inputs[column.index].name.clone()).collect();
    }

    fn take<T>(&mut self, field: Field) -> In<T> {
        let index = self.inputs.iter().position(|input| input.name == field.name).unwrap_or(self.inputs.len());
        if index == self.inputs.len() {
            self.inputs.push(field);
        }
        In { index, of: PhantomData }
    }

    fn missing(&self, name: &str) -> Fault {
        let names = names(self.fields.iter().map(|field| &field.name));
        Fault::params(format!("there is no column `{name}`; the data has {names}"))
    }
}

impl<T> In<T> {
    pub(crate) fn index(self) -> usize {
        self.index
    }
}

impl<T> Clone for In<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for In<T> {}

impl<T> fmt::Debug for In<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "In({})", self.index)
    }
}
