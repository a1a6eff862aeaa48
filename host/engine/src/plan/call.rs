//! A step of a plugin, opened and fitted to the data's columns.

use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::BatchSize;
use crate::instance::{Opened, Opening};
use crate::pipeline::{OnError, UseSpec};

/// A call into the sandbox: what goes in, and how what comes out meets the columns that stayed outside.
pub(crate) struct Call {
    /// The step's place in the pipeline.
    pub(crate) step: usize,
    pub(crate) id: String,
    pub(crate) uses: String,
    pub(crate) opening: Opening,
    pub(crate) opened: Opened,
    pub(crate) inputs: Vec<Input>,
    /// For each column after the step, where it comes from.
    pub(crate) layout: Vec<From>,
    pub(crate) schema: SchemaRef,
    pub(crate) batch: BatchSize,
    /// The data's columns that are its key; none where it has no key.
    pub(crate) key: Vec<usize>,
    /// Whether its results are kept between runs, where the pipeline says so.
    pub(crate) cache: Option<bool>,
    pub(crate) on_error: OnError,
    /// How often a batch that failed is tried again as it is.
    pub(crate) retries: u32,
    /// Whether it asks models, and so waits for them without holding a thread.
    pub(crate) waits: bool,
    /// Rows of a call of one that waits, where the pipeline says.
    pub(crate) wait_rows: Option<usize>,
    /// Memory that an instance holds when it is open, in bytes.
    pub(crate) at_rest: usize,
}

/// A column that goes into the sandbox.
pub(crate) struct Input {
    pub(crate) column: usize,
    /// The type that it is converted to on the way, losslessly.
    pub(crate) cast: Option<DataType>,
}

/// Where a column after a step comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum From {
    /// Carried along outside the sandbox: a column of the input.
    Carried(usize),
    /// Made by the step: one of its outputs.
    Made(usize),
}

/// An output that would overwrite a column.
pub(super) struct Clash {
    pub(super) message: String,
    pub(super) help: String,
}

/// The data's columns after the step: an output replaces the input of its name, others are added at the end. `outputs:`
/// gives an output another name, and may so replace any column on purpose.
pub(super) fn layout(
    data: &Schema,
    opened: &Opened,
    inputs: &[Input],
    uses: &UseSpec,
) -> Result<(Schema, Vec<From>), Clash> {
    let mut fields: Vec<Field> = data.fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut layout: Vec<From> = (0..fields.len()).map(From::Carried).collect();
    for (made, field) in opened.outputs.iter().enumerate() {
        let mapped =
            uses.outputs.iter().find(|(own, _)| own.value == *field.name()).map(|(_, theirs)| theirs.value.clone());
        let replaced = opened
            .inputs
            .iter()
            .position(|input| input == field.name())
            .map(|at| data.field(inputs[at].column).name().clone());
        let on_purpose = mapped.is_some() || replaced.is_some();
        let name = mapped.or(replaced).unwrap_or_else(|| field.name().clone());
        let field = field.clone().with_name(&name);
        match fields.iter().position(|earlier| *earlier.name() == name) {
            Some(at) if on_purpose && !matches!(layout[at], From::Made(_)) => {
                fields[at] = field;
                layout[at] = From::Made(made);
            }
            Some(_) => {
                return Err(Clash {
                    message: format!("it makes a column `{name}`, and there is one already"),
                    help: format!(
                        "give it another name: `outputs: {{ {}: … }}`, or drop the old one first",
                        opened.outputs[made].name()
                    ),
                });
            }
            None => {
                fields.push(field);
                layout.push(From::Made(made));
            }
        }
    }
    Ok((Schema::new(fields), layout))
}

/// Whether every value of one type is a value of the other.
pub(super) fn lossless_cast(from: &DataType, to: &DataType) -> bool {
    use DataType::{Binary, BinaryView, Dictionary, Float16, Float32, Float64, LargeBinary, LargeUtf8, Utf8, Utf8View};
    if let Dictionary(_, values) = from {
        return **values == *to || lossless_cast(values, to);
    }
    match (from, to) {
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary)
        | (Binary | LargeBinary | BinaryView, Binary | LargeBinary | BinaryView)
        | (Float16, Float32 | Float64)
        | (Float32, Float64) => true,
        (from, Float64) if from.is_integer() => from.primitive_width().is_some_and(|width| width <= 4),
        (from, to) if from.is_integer() && to.is_integer() => {
            let wider = from.primitive_width() < to.primitive_width();
            wider && (from.is_unsigned_integer() || to.is_signed_integer())
        }
        _ => false,
    }
}
