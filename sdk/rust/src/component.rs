//! The component's side of the contract: the generated bindings, and the one step that an instance holds.

use std::cell::RefCell;

use self::bindings::exports::stillroom::step::step::{self as contract, Guest};
use self::bindings::stillroom::step::data;
use self::bindings::stillroom::step::diagnostics;
use crate::plugin::{Opened, RawOutput};
use crate::{Column, DataType, Fault, Field, Kind, Manifest, Plugin};

/// What `wit-bindgen` makes of the contract. What a plugin may ask for and does not call is not among its imports.
#[allow(missing_docs, unreachable_pub, dead_code, clippy::all, clippy::undocumented_unsafe_blocks)]
pub(crate) mod bindings {
    wit_bindgen::generate!({
        path: "../wit/v0.1",
        world: "capable",
        // Records that cross in numbers are the SDK's own: nothing is turned over.
        with: {
            "stillroom:step/data@0.1.0/array": crate::array::RawArray,
            "stillroom:step/step@0.1.0/rejection": crate::Rejection,
        },
    });
}

// SAFETY: `register!` defines the function with this type, and the linker finds no component without it. Calling it by
// name keeps everything here free of type parameters, so that it is built once, in this crate, with this crate's options:
// as small as can be while the step itself is as fast as can be.
unsafe extern "Rust" {
    safe fn __stillroom_plugin() -> Plugin;
}

struct Component;

bindings::export!(Component with_types_in bindings);

thread_local! {
    /// One instance is one opened step, and lives as long as it: nothing is ever dropped, so no destructor is linked.
    static OPENED: RefCell<Option<&'static mut Opened>> = const { RefCell::new(None) };
}

impl Guest for Component {
    fn describe() -> Vec<contract::Manifest> {
        tell_panics();
        __stillroom_plugin().steps().iter().map(|entry| entry.manifest().into()).collect()
    }

    fn open(step: String, params: String, input: Vec<data::Field>) -> Result<contract::Signature, contract::Fault> {
        tell_panics();
        OPENED.with_borrow_mut(|opened| {
            if opened.is_some() {
                return Err(contract::Fault::Plugin("this instance has a step already".to_owned()));
            }
            let fields = input.into_iter().map(Field::from).collect();
            let step = opened.insert(Box::leak(Box::new(__stillroom_plugin().open(&step, &params, fields)?)));
            Ok(contract::Signature::from(&**step))
        })
    }

    fn process(input: data::Batch) -> Result<contract::Output, contract::Fault> {
        with_opened(|opened| Ok(opened.process(input.length, input.arrays)?.into()))
    }

    fn finish() -> Result<Option<contract::Output>, contract::Fault> {
        with_opened(|opened| Ok(opened.finish()?.map(contract::Output::from)))
    }
}

fn with_opened<T>(work: impl FnOnce(&mut Opened) -> Result<T, Fault>) -> Result<T, contract::Fault> {
    OPENED.with_borrow_mut(|opened| match opened {
        Some(opened) => Ok(work(opened)?),
        None => Err(contract::Fault::Plugin("no step is open".to_owned())),
    })
}

/// A panic's message and place reach the host before the trap that follows it.
fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| diagnostics::panicked(&panic.to_string())));
}

impl From<data::Field> for Field {
    /// A type that this SDK does not know is kept as words: steps which do not take the column do not mind.
    fn from(data::Field { name, data_type, nullable }: data::Field) -> Self {
        Self { name, data_type: data_type.parse().unwrap_or(DataType::Other(data_type)), nullable }
    }
}

impl From<&Field> for data::Field {
    fn from(field: &Field) -> Self {
        Self { name: field.name.clone(), data_type: field.data_type.to_string(), nullable: field.nullable }
    }
}

impl From<Manifest> for contract::Manifest {
    fn from(manifest: Manifest) -> Self {
        Self {
            name: manifest.name.to_owned(),
            kind: manifest.kind.into(),
            summary: manifest.summary.to_owned(),
            params: manifest.params,
            columns: manifest.columns.iter().map(contract::Column::from).collect(),
        }
    }
}

impl From<Kind> for contract::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Transform => Self::Transform,
            Kind::Ordered => Self::Ordered,
            Kind::Global => Self::Global,
            Kind::Source => Self::Source,
        }
    }
}

impl From<&Column> for contract::Column {
    fn from(column: &Column) -> Self {
        Self {
            name: column.name.to_owned(),
            data_types: column.data_types.iter().map(|&word| word.to_owned()).collect(),
            required: column.required,
            summary: column.summary.to_owned(),
        }
    }
}

impl From<&Opened> for contract::Signature {
    fn from(opened: &Opened) -> Self {
        let schema = &opened.schema;
        Self {
            inputs: schema.inputs.iter().map(|field| field.name.clone()).collect(),
            outputs: schema.outputs.iter().map(data::Field::from).collect(),
            row_count: if schema.rows_any { contract::RowCount::Any } else { contract::RowCount::Same },
            key: schema.key.clone(),
        }
    }
}

impl From<RawOutput> for contract::Output {
    fn from(output: RawOutput) -> Self {
        let RawOutput { length, arrays, rows, rejected } = output;
        Self { columns: data::Batch { length, arrays }, rows, rejected }
    }
}

impl From<Fault> for contract::Fault {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Params(message) => Self::Params(message),
            Fault::Data(message) => Self::Data(message),
            Fault::Plugin(message) => Self::Plugin(message),
        }
    }
}
