//! Contract 0.1, generated from `sdk/wit/v0.1/step.wit`.
//!
//! `Borrowing`: what the host passes is lowered straight from its own buffers, one copy a buffer.

use wasmtime::component::{Component, ComponentExportIndex, Func, Instance, TypedFunc};
use wasmtime::{AsContext, AsContextMut, Error};

type Result<T, E = Error> = std::result::Result<T, E>;

#[allow(missing_docs, unreachable_pub, dead_code, clippy::all, clippy::undocumented_unsafe_blocks)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/v0.1",
        world: "capable",
        imports: {
            "stillroom:step/http.fetch": async,
            "stillroom:step/llm.generate": async,
            "stillroom:step/llm.score": async,
            "stillroom:step/embedding.embed": async,
        },
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

pub(crate) use bindings::exports::stillroom::step::step::{
    Column, Fault, Kind, Manifest, Output, Rejection, RowCount, Signature,
};
pub(crate) use bindings::stillroom::step::data::{
    ArrayParam, ArrayResult, BatchParam, BatchResult, FieldParam, FieldResult,
};
pub(crate) use bindings::stillroom::step::{diagnostics, embedding, http, llm, log, models};

/// Where a component has the contract's functions. The generated bindings call either without or with waiting, by a choice
/// made when they are generated; here it is each plugin's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exports {
    describe: ComponentExportIndex,
    open: ComponentExportIndex,
    process: ComponentExportIndex,
    finish: ComponentExportIndex,
}

/// The contract's functions in one instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Functions {
    describe: Func,
    open: Func,
    process: Func,
    finish: Func,
}

impl Exports {
    /// Finds them, and that they are of the contract's types.
    pub(crate) fn find(component: &Component) -> Result<Self> {
        let interface = component
            .get_export_index(None, "stillroom:step/step@0.1.0")
            .ok_or_else(|| wasmtime::format_err!("`stillroom:step/step@0.1.0` is not exported"))?;
        let find = |name: &str| {
            let index = component.get_export_index(Some(&interface), name);
            index.ok_or_else(|| wasmtime::format_err!("the function `{name}` is missing"))
        };
        Ok(Self {
            describe: find("describe")?,
            open: find("open")?,
            process: find("process")?,
            finish: find("finish")?,
        })
    }

    /// Of an instance of the component.
    pub(crate) fn of(&self, mut store: impl AsContextMut, instance: &Instance) -> Result<Functions> {
        let mut find = |index: ComponentExportIndex| {
            let function = instance.get_func(&mut store, index);
            function.ok_or_else(|| wasmtime::format_err!("an export of the contract is no function"))
        };
        let functions = Functions {
            describe: find(self.describe)?,
            open: find(self.open)?,
            process: find(self.process)?,
            finish: find(self.finish)?,
        };
        Ok(functions)
    }
}

/// A function of the contract with its types.
pub(crate) type Typed<P, R> = TypedFunc<P, (R,)>;

/// What `open` is given: the step, its parameters, the columns.
type Open<'a> = (&'a str, &'a str, &'a [FieldParam<'a>]);

impl Functions {
    /// Whether they are of the contract's types; to be asked once, when a plugin is loaded.
    pub(crate) fn check(&self, store: impl AsContext) -> Result<()> {
        let store = &store.as_context();
        let named = |name: &'static str| move |error: Error| error.context(format!("the function `{name}`"));
        self.describe(store).map(drop).map_err(named("describe"))?;
        self.open(store).map(drop).map_err(named("open"))?;
        self.process(store).map(drop).map_err(named("process"))?;
        self.finish(store).map(drop).map_err(named("finish"))
    }

    pub(crate) fn describe(&self, store: impl AsContext) -> Result<Typed<(), Vec<Manifest>>> {
        self.describe.typed(store)
    }

    pub(crate) fn open<'a>(&self, store: impl AsContext) -> Result<Typed<Open<'a>, Result<Signature, Fault>>> {
        self.open.typed(store)
    }

    pub(crate) fn process<'a>(&self, store: impl AsContext) -> Result<Typed<(BatchParam<'a>,), Result<Output, Fault>>> {
        self.process.typed(store)
    }

    pub(crate) fn finish(&self, store: impl AsContext) -> Result<Typed<(), Result<Option<Output>, Fault>>> {
        self.finish.typed(store)
    }
}
