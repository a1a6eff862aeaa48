//! Core modules in the text format, with the honest step `act` and whatever a test changes.

use stillroom_tests::guest;

use crate::cases::Phase;

const STEP: &str = "stillroom:step/step@0.1.0";

/// Where the honest module keeps things.
pub(crate) const MANIFEST: u32 = 0x200;
pub(crate) const MANIFESTS: u32 = 0x240;
pub(crate) const OPENED: u32 = 0x300;
pub(crate) const ANSWER: u32 = 0x400;
pub(crate) const FINISHED: u32 = 0x500;
/// Nothing but zeros.
pub(crate) const FREE: u32 = 0x1000;

/// A module that exports the contract by hand, in parts that a test changes.
pub(crate) struct Module {
    /// Memory, in the text format without its parentheses.
    pub(crate) memory: String,
    /// What `cabi_realloc` does first.
    pub(crate) realloc: String,
    /// What each of the contract's functions does before it answers.
    pub(crate) bodies: [String; 4],
    /// What each of them answers: an address.
    pub(crate) answers: [u32; 4],
    /// What is called when the answer of each was read.
    pub(crate) posts: [String; 4],
    /// More fields.
    pub(crate) fields: String,
    /// Bytes at their places; later ones lie over earlier ones.
    pub(crate) data: Vec<(u32, Vec<u8>)>,
}

impl Module {
    pub(crate) fn honest() -> Self {
        let mut module = Self {
            memory: "(export \"memory\") 4".into(),
            realloc: String::new(),
            bodies: Default::default(),
            answers: [MANIFESTS, OPENED, ANSWER, FINISHED],
            posts: Default::default(),
            fields: String::new(),
            data: vec![(0x100, b"act".to_vec()), (0x108, b"n".to_vec()), (0x110, b"{}".to_vec())],
        };
        module.words(MANIFEST, &[0x100, 3, 0, 0x100, 3, 0x110, 2, 0, 0]);
        module.words(MANIFESTS, &[MANIFEST, 1]);
        // The input column `n`, and no output.
        module.words(0x280, &[0x108, 1]);
        module.words(OPENED, &[0, 0x280, 1]);
        module
    }

    /// Puts numbers at a place.
    pub(crate) fn words(&mut self, at: u32, words: &[u32]) {
        self.data.push((at, words.iter().flat_map(|word| word.to_le_bytes()).collect()));
    }

    /// What a function does before it answers.
    pub(crate) fn body(&mut self, phase: Phase) -> &mut String {
        &mut self.bodies[phase as usize]
    }

    /// A core module with its component type, as a compiler of some language makes it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let text = self.text();
        let mut bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        bytes.extend(type_section());
        bytes
    }

    fn text(&self) -> String {
        let Self { memory, realloc, bodies, answers, posts, fields, data } = self;
        let mut text = format!(
            r#"(module
  (import "stillroom:step/diagnostics@0.1.0" "panicked" (func $panicked (param i32 i32)))
  (memory $memory {memory})
  (global $bump (mut i32) (i32.const 0x20000))
  (global $opened (mut i32) (i32.const 0))
  (func $dive (param i32) (result i32) (i32.add (i32.const 1) (call $dive (i32.add (local.get 0) (i32.const 1)))))
  (func $realloc (export "cabi_realloc") (param $old i32) (param $held i32) (param $align i32) (param $size i32) (result i32)
    {realloc}
    (global.set $bump (i32.and
      (i32.add (global.get $bump) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get $size))))
"#
        );
        let params = ["", "(param i32 i32 i32 i32 i32 i32)", "(param i32 i32 i32)", ""];
        for (at, name) in ["describe", "open", "process", "finish"].into_iter().enumerate() {
            let (body, answer, post, params) = (&bodies[at], answers[at], &posts[at], params[at]);
            let open = if name == "open" { "(global.set $opened (i32.const 1))" } else { "" };
            text += &format!(
                "(func (export \"{STEP}#{name}\") {params} (result i32) {body} {open} (i32.const {answer}))\n\
                 (func (export \"cabi_post_{STEP}#{name}\") (param i32) {post})\n"
            );
        }
        text += fields;
        for (at, bytes) in data {
            let bytes: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
            text += &format!("(data (i32.const {at}) \"{bytes}\")\n");
        }
        text + ")"
    }
}

/// The custom section with the component type, out of a guest that a compiler made.
pub(crate) fn type_section() -> Vec<u8> {
    let module = std::fs::read(guest("hostile")).expect("the guest");
    let mut rest = &module[8..];
    while let [id, behind @ ..] = rest {
        let (size, width) = leb128(behind);
        let (section, next) = rest.split_at(1 + width + size);
        let (name, at) = leb128(&section[1 + width..]);
        if *id == 0 && section[1 + width + at..][..name].starts_with(b"component-type") {
            return section.to_vec();
        }
        rest = next;
    }
    panic!("the guest has no component type");
}

/// A number and the bytes that it takes.
fn leb128(bytes: &[u8]) -> (usize, usize) {
    let width = bytes.iter().position(|byte| *byte < 128).expect("an end") + 1;
    (bytes[..width].iter().rev().fold(0, |number, byte| number << 7 | usize::from(byte & 127)), width)
}
