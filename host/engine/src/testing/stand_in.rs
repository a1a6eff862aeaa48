//! A plugin that does nothing: it takes any batch and answers with bytes that lie in its memory from the beginning.
//!
//! Its memory is laid out by the canonical ABI, and its four functions return where in it their answers stand. What the host
//! does for a call is all the same as with the step that it stands in for.

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, MemorySection, MemoryType, Module, TypeSection, ValType,
};

use crate::component::encode;
use crate::contract::data_type;
use crate::contract::v0_1::{BatchParam, Kind};
use crate::instance::{Answer, Opened};
use crate::plan::Call;
use crate::transfer::Lowered;

/// Where memory begins that is in use; nothing stands at 0.
const BASE: u32 = 16;

const PAGE: usize = 64 << 10;

/// Memory for what `open` is given.
const SLACK: usize = 1 << 20;

/// A component that answers as `call`'s step did.
pub(super) fn build(call: &Call, answer: &Answer) -> Result<Vec<u8>, String> {
    let mut image = Image::default();
    let describe = manifest(&mut image, &call.opening.step, call.opened.kind)?;
    let open = signature(&mut image, &call.opened)?;
    let lowered = Lowered::new(u32::try_from(answer.rows).map_err(|error| error.to_string())?, &answer.columns);
    let process = lowered.with(|batch| output(&mut image, &batch, answer))?;
    let finish = image.put(4, &[0; 8])?;
    let module = module(&image, answer.spent.bytes_in, [describe, open, process, finish])?;
    encode("a stand-in", &module, &[]).map_err(|error| error.to_string())
}

/// What stands in memory, from [`BASE`] on.
#[derive(Default)]
struct Image {
    bytes: Vec<u8>,
}

impl Image {
    /// Puts bytes down; answers where.
    fn put(&mut self, align: usize, bytes: &[u8]) -> Result<u32, String> {
        self.bytes.resize(self.bytes.len().next_multiple_of(align), 0);
        let at = self.end()?;
        self.bytes.extend_from_slice(bytes);
        Ok(at)
    }

    fn words(&mut self, words: &[u32]) -> Result<u32, String> {
        self.put(4, &words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>())
    }

    /// A text or list of bytes: where it is, and its length.
    fn text(&mut self, bytes: &[u8]) -> Result<[u32; 2], String> {
        Ok([self.put(1, bytes)?, length(bytes.len())?])
    }

    /// A list whose items are of so many words each.
    fn list(&mut self, items: &[u32], width: usize) -> Result<[u32; 2], String> {
        Ok([self.words(items)?, length(items.len() / width)?])
    }

    fn end(&self) -> Result<u32, String> {
        length(BASE as usize + self.bytes.len())
    }
}

fn length(length: usize) -> Result<u32, String> {
    u32::try_from(length).map_err(|_| "more than a memory holds".to_owned())
}

/// `list<manifest>`, of one.
fn manifest(image: &mut Image, step: &str, kind: Kind) -> Result<u32, String> {
    let kind = match kind {
        Kind::Transform => 0,
        Kind::Ordered => 1,
        Kind::Global => 2,
        Kind::Source => 3,
    };
    let [name, name_length] = image.text(step.as_bytes())?;
    let [params, params_length] = image.text(b"{}")?;
    let manifests = image.list(&[name, name_length, kind, 0, 0, params, params_length, 0, 0], 9)?;
    image.words(&manifests)
}

/// `result<signature, fault>`.
fn signature(image: &mut Image, opened: &Opened) -> Result<u32, String> {
    let mut names = |names: &[String]| {
        let texts = names.iter().map(|name| image.text(name.as_bytes())).collect::<Result<Vec<_>, _>>()?;
        image.list(&texts.concat(), 2)
    };
    let (inputs, key) = (names(&opened.inputs)?, names(&opened.key)?);
    let mut fields = Vec::new();
    for field in &opened.outputs {
        let words = data_type::to_text(field.data_type()).ok_or("an output of a type that has no name")?;
        fields.extend(image.text(field.name().as_bytes())?);
        fields.extend(image.text(words.as_bytes())?);
        fields.push(u32::from(field.is_nullable()));
    }
    let outputs = image.list(&fields, 5)?;
    image.words(&[0, inputs[0], inputs[1], outputs[0], outputs[1], u32::from(opened.any_rows), key[0], key[1]])
}

/// `result<output, fault>`.
fn output(image: &mut Image, batch: &BatchParam<'_>, answer: &Answer) -> Result<u32, String> {
    let mut arrays = Vec::new();
    for array in batch.arrays {
        let mut buffers = Vec::new();
        for buffer in array.buffers {
            buffers.extend([image.put(8, buffer)?, length(buffer.len())?]);
        }
        let [at, count] = image.list(&buffers, 2)?;
        arrays.extend([array.length, array.null_count, at, count]);
    }
    let arrays = image.list(&arrays, 4)?;
    let rows: Option<Vec<u8>> =
        answer.origins.as_ref().map(|rows| rows.iter().flat_map(|row| row.to_le_bytes()).collect());
    let has_rows = u32::from(rows.is_some());
    let rows = image.text(&rows.unwrap_or_default())?;
    let mut rejected = Vec::new();
    for (row, reason) in &answer.rejected {
        let reason = image.text(reason.as_bytes())?;
        rejected.extend([*row, reason[0], reason[1]]);
    }
    let rejected = image.list(&rejected, 3)?;
    image.words(&[0, batch.length, arrays[0], arrays[1], has_rows, rows[0], rows[1], rejected[0], rejected[1]])
}

/// The module around it. Memory for what comes in lies behind the image, and is free again when `process` is called.
fn module(image: &Image, bytes_in: usize, answers: [u32; 4]) -> Result<Vec<u8>, String> {
    let free = image.end()?.next_multiple_of(16);
    // Each list that is handed over may begin a little later than the last one ends.
    let size = free as usize + 2 * bytes_in + SLACK;
    let (mut types, mut functions, mut exports, mut code) =
        (TypeSection::new(), FunctionSection::new(), ExportSection::new(), CodeSection::new());
    for (number, (name, params)) in
        [("describe", 0), ("open", 6), ("process", 3), ("finish", 0)].into_iter().enumerate()
    {
        types.ty().function(vec![ValType::I32; params], [ValType::I32]);
        functions.function(number as u32);
        exports.export(&format!("stillroom:step/step@0.1.0#{name}"), ExportKind::Func, number as u32);
        let mut function = Function::new([]);
        let mut body = function.instructions();
        if name == "process" {
            body.i32_const(free as i32).global_set(0);
        }
        body.i32_const(answers[number] as i32).end();
        code.function(&function);
    }
    types.ty().function(vec![ValType::I32; 4], [ValType::I32]);
    functions.function(4);
    exports.export("cabi_realloc", ExportKind::Func, 4);
    code.function(&allocate());
    exports.export("memory", ExportKind::Memory, 0);

    let mut memories = MemorySection::new();
    let minimum = size.div_ceil(PAGE) as u64;
    memories.memory(MemoryType { minimum, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut globals = GlobalSection::new();
    let top = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    globals.global(top, &ConstExpr::i32_const(free as i32));
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(BASE as i32), image.bytes.iter().copied());
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&globals).section(&exports);
    module.section(&code).section(&data);
    Ok(module.finish())
}

/// `cabi_realloc(old, old-size, align, new-size)`: the next free place, as aligned as is asked for.
fn allocate() -> Function {
    let mut function = Function::new([]);
    let mut body = function.instructions();
    body.global_get(0).local_get(2).i32_add().i32_const(1).i32_sub();
    body.i32_const(0).local_get(2).i32_sub().i32_and().local_tee(0);
    body.local_get(3).i32_add().global_set(0).local_get(0).end();
    function
}
