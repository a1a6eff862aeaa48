//! One live, opened step: a wasmtime `Store` and the exports in it. It belongs to one worker at a time and is never locked.

use arrow_array::ArrayRef;
use arrow_schema::Field;
use wasmtime::{Store, Trap, WasmBacktrace};

use crate::component::Plugin;
use crate::contract::v0_1::{Fault, FieldParam, Kind, Manifest, Output, PluginPre, RowCount, Signature, diagnostics};
use crate::contract::{data_type, v0_1};
use crate::engine::Engine;
use crate::error::Blame;
use crate::limits::{Limiter, Limits};
use crate::transfer::{Lowered, check_rows, lift_columns};

/// Most of a guest's message that is kept, in bytes.
const MAX_MESSAGE: usize = 4 << 10;

/// Most frames of a guest's backtrace that are kept.
const MAX_FRAMES: usize = 24;

/// Most of one of them, in bytes: what generics expand to is of no end.
const MAX_FRAME: usize = 240;

/// An instance that holds more than this after a batch is dropped and made anew: a guest's memory never shrinks.
const RECYCLE_BYTES: usize = 64 << 20;

/// What the host keeps for a guest inside its `Store`.
pub(crate) struct Guest {
    limiter: Limiter,
    last_words: Option<String>,
}

impl diagnostics::Host for Guest {
    fn panicked(&mut self, message: String) {
        self.last_words = Some(clip(message));
    }
}

/// Why a call into a guest gave no result.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) blame: Blame,
    pub(crate) message: String,
    pub(crate) backtrace: Vec<String>,
    /// The parameters or columns are wrong: the pipeline author's fault.
    pub(crate) params: bool,
}

impl Failure {
    fn contract(message: impl Into<String>) -> Self {
        Self { blame: Blame::Contract, message: clip(message.into()), backtrace: Vec::new(), params: false }
    }
}

/// What an opened step takes and makes, checked.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<Field>,
    pub(crate) any_rows: bool,
    pub(crate) kind: Kind,
    /// Those of `inputs` that are the key of an ordered or global step.
    pub(crate) key: Vec<String>,
}

/// What a step answered, checked.
pub(crate) struct Answer {
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) rows: usize,
    /// The input row of each output row; `None`: the same rows.
    pub(crate) origins: Option<Vec<u32>>,
    /// Row and reason, ascending by row, each row once.
    pub(crate) rejected: Vec<(u32, String)>,
    /// Bytes that went in.
    pub(crate) bytes_in: usize,
}

/// How to open a step: everything an instance needs, shared by the threads.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(crate) plugin: Plugin,
    pub(crate) step: String,
    pub(crate) params: String,
    /// The fields of the data by the step's names, types in words.
    pub(crate) fields: Vec<(String, String, bool)>,
}

pub(crate) struct Instance {
    store: Store<Guest>,
    exports: v0_1::Plugin,
    opened: Opened,
    /// Memory that it held when its step was open, in bytes.
    at_rest: usize,
}

impl Instance {
    /// Asks a fresh instance for its steps.
    pub(crate) fn describe(engine: &Engine, pre: &PluginPre<Guest>) -> Result<Vec<Manifest>, Failure> {
        let mut store = new_store(engine);
        let exports = pre.instantiate(&mut store).map_err(|error| failure(&mut store, error))?;
        exports.stillroom_step_step().call_describe(&mut store).map_err(|error| failure(&mut store, error))
    }

    /// Makes an instance and opens its step.
    pub(crate) fn open(opening: &Opening) -> Result<Self, Failure> {
        let plugin = &opening.plugin;
        let mut store = new_store(plugin.engine());
        let exports = plugin.pre().instantiate(&mut store).map_err(|error| failure(&mut store, error))?;
        let fields: Vec<FieldParam<'_>> = opening
            .fields
            .iter()
            .map(|(name, data_type, nullable)| FieldParam { name, data_type, nullable: *nullable })
            .collect();
        let answer = exports.stillroom_step_step().call_open(&mut store, &opening.step, &opening.params, &fields);
        let signature = answer.map_err(|error| failure(&mut store, error))?.map_err(fault)?;
        let kind = plugin.manifest(&opening.step).map_or(Kind::Transform, |manifest| manifest.kind);
        let opened = check_signature(signature, opening, kind).map_err(Failure::contract)?;
        let at_rest = store.data().limiter.memory();
        Ok(Self { store, exports, opened, at_rest })
    }

    pub(crate) fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Whether the instance has grown past what is worth keeping.
    pub(crate) fn is_bloated(&self) -> bool {
        self.store.data().limiter.memory() > RECYCLE_BYTES.max(2 * self.at_rest)
    }

    /// One batch: `columns` as signed, each of `rows` rows.
    pub(crate) fn process(&mut self, rows: usize, columns: &[ArrayRef]) -> Result<Answer, Failure> {
        let count = u32::try_from(rows).map_err(|_| Failure::contract("a batch of more than 2^32 rows"))?;
        let lowered = Lowered::new(count, columns);
        self.arm();
        let store = &mut self.store;
        let step = self.exports.stillroom_step_step();
        let answer = lowered.with(|batch| step.call_process(&mut *store, batch));
        let output = answer.map_err(|error| failure(store, error))?.map_err(fault)?;
        let answer = check_output(output, &self.opened, rows).map_err(Failure::contract)?;
        Ok(Answer { bytes_in: lowered.bytes(), ..answer })
    }

    /// After the last batch of a global step, over `consumed` rows: the next piece of its answer, or none.
    pub(crate) fn finish(&mut self, consumed: usize) -> Result<Option<Answer>, Failure> {
        self.arm();
        let answer = self.exports.stillroom_step_step().call_finish(&mut self.store);
        let Some(output) = answer.map_err(|error| failure(&mut self.store, error))?.map_err(fault)? else {
            return Ok(None);
        };
        if output.rows.is_none() && output.columns.length > 0 && output.columns.length as usize != consumed {
            return Err(Failure::contract("`finish` returned rows without saying which input rows they are"));
        }
        check_output(output, &self.opened, consumed).map(Some).map_err(Failure::contract)
    }

    /// What the last call left is not this one's.
    fn arm(&mut self) {
        let guest = self.store.data_mut();
        guest.last_words = None;
        guest.limiter.take_denied();
    }
}

fn new_store(engine: &Engine) -> Store<Guest> {
    let limits: Limits = engine.options.limits;
    let mut store = Store::new(&engine.wasm, Guest { limiter: Limiter::new(limits), last_words: None });
    store.limiter(|guest| &mut guest.limiter);
    store.set_hostcall_fuel(limits.output_bytes);
    store
}

/// What the signature says must be possible: inputs that exist, outputs with types that cross, each name once.
fn check_signature(signature: Signature, opening: &Opening, kind: Kind) -> Result<Opened, String> {
    let mut inputs: Vec<String> = Vec::with_capacity(signature.inputs.len());
    for name in signature.inputs {
        if !opening.fields.iter().any(|(field, ..)| *field == name) {
            return Err(format!("signs for the input column `{}`, which the data does not have", clip(name)));
        }
        if inputs.contains(&name) {
            return Err(format!("signs for the input column `{name}` twice"));
        }
        inputs.push(name);
    }
    let mut outputs: Vec<Field> = Vec::with_capacity(signature.outputs.len());
    for field in signature.outputs {
        let name = clip(field.name);
        if name.is_empty() || outputs.iter().any(|earlier| *earlier.name() == name) {
            return Err(format!("signs for an output column `{name}` that is nameless or there twice"));
        }
        let data_type =
            data_type::parse(&field.data_type).map_err(|why| format!("output column `{name}`: {}", clip(why)))?;
        outputs.push(Field::new(name, data_type, field.nullable));
    }
    if let Some(name) = signature.key.iter().find(|name| !inputs.contains(name)) {
        return Err(format!("has a key column `{}` that is none of its inputs", clip(name.clone())));
    }
    let any_rows = signature.row_count == RowCount::Any || matches!(kind, Kind::Global | Kind::Source);
    Ok(Opened { inputs, outputs, any_rows, kind, key: signature.key })
}

fn check_output(output: Output, opened: &Opened, input_rows: usize) -> Result<Answer, String> {
    // A step that makes no columns and keeps every row has no length to tell.
    let says_nothing = opened.outputs.is_empty() && !opened.any_rows;
    let rows = if says_nothing { input_rows } else { output.columns.length as usize };
    let origins = match output.rows {
        Some(_) if !opened.any_rows => return Err("answers with `rows` where it signed for the same rows".to_owned()),
        Some(bytes) if opened.kind != Kind::Source => Some(check_rows(&bytes, rows, input_rows)?),
        _ if rows == input_rows || opened.kind == Kind::Source => None,
        _ if rows == 0 && opened.any_rows => Some(Vec::new()),
        _ => return Err(format!("{rows} rows out for {input_rows} rows in, without saying which")),
    };
    let columns = if opened.kind == Kind::Global && rows == 0 && output.columns.arrays.is_empty() {
        opened.outputs.iter().map(|field| arrow_array::new_empty_array(field.data_type())).collect()
    } else {
        lift_columns(output.columns, &opened.outputs)?
    };
    let rejected = check_rejected(output.rejected, input_rows, origins.as_deref())?;
    Ok(Answer { columns, rows, origins, rejected, bytes_in: 0 })
}

fn check_rejected(
    rejected: Vec<v0_1::Rejection>,
    input_rows: usize,
    origins: Option<&[u32]>,
) -> Result<Vec<(u32, String)>, String> {
    let mut checked: Vec<(u32, String)> = Vec::with_capacity(rejected.len());
    for rejection in rejected {
        if rejection.row as usize >= input_rows {
            return Err(format!("rejects input row {} where there are {input_rows}", rejection.row));
        }
        checked.push((rejection.row, clip(rejection.reason)));
    }
    checked.sort_by_key(|(row, _)| *row);
    if checked.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err("rejects a row twice".to_owned());
    }
    if let Some(origins) = origins
        && !checked.is_empty()
        && let Some(row) =
            origins.iter().find(|row| checked.binary_search_by_key(*row, |(rejected, _)| *rejected).is_ok())
    {
        return Err(format!("both answers for and rejects input row {row}"));
    }
    Ok(checked)
}

fn fault(fault: Fault) -> Failure {
    let (blame, message, params) = match fault {
        Fault::Params(message) => (Blame::Data, message, true),
        Fault::Data(message) => (Blame::Data, message, false),
        Fault::Plugin(message) => (Blame::Plugin, message, false),
    };
    Failure { blame, message: clip(message), backtrace: Vec::new(), params }
}

/// What a trap was: the guest's last words where it had any, and its stack.
fn failure(store: &mut Store<Guest>, error: wasmtime::Error) -> Failure {
    let guest = store.data_mut();
    let denied = guest.limiter.take_denied();
    let reason = match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    let mut message = guest.last_words.take().unwrap_or(reason);
    if denied {
        message += " (it asked for more memory than its limit)";
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    Failure { blame: if denied { Blame::Limit } else { Blame::Plugin }, message, backtrace, params: false }
}

fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let mut frames = Vec::new();
    for frame in backtrace.frames().iter().take(MAX_FRAMES) {
        if frame.symbols().is_empty() {
            let index = frame.func_index();
            frames.push(frame.func_name().map_or_else(|| format!("function {index}"), demangle));
        }
        for symbol in frame.symbols() {
            let name = symbol.name().map_or_else(|| "?".to_owned(), demangle);
            frames.push(match (symbol.file(), symbol.line()) {
                (Some(file), Some(line)) => format!("{name} at {file}:{line}"),
                _ => name,
            });
        }
    }
    frames.truncate(MAX_FRAMES);
    frames.into_iter().map(|frame| clip_to(frame, MAX_FRAME)).collect()
}

fn demangle(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// A guest's text, bounded and without control characters: it ends on a terminal.
fn clip(text: String) -> String {
    clip_to(text, MAX_MESSAGE)
}

fn clip_to(text: String, limit: usize) -> String {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= limit).last().unwrap_or(0);
    let clipped = text.get(..end).unwrap_or_default();
    if clipped.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return clipped
            .chars()
            .map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c })
            .collect();
    }
    clipped.to_owned()
}
