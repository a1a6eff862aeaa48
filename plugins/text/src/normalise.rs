//! `text/normalise`: text in one form. Unicode normalisation (UAX #15), case, whitespace, control characters, HTML.

use crate::column::{NotUtf8, TextBuf, Texts, offset, texts, validity};
use std::borrow::Cow;
use stillroom_sdk::*;

mod ascii;
mod characters;
mod html;

pub use ascii::Case;
use ascii::{Ascii, Out};
pub use characters::Form;
pub(crate) use characters::is_blank;
use characters::{is_caseless, is_control, is_normal, normalise_into};

params! {
    /// Parameters of `normalise`, in the order in which they are done.
    pub struct NormaliseParams {
        /// Whether HTML's comments, tags, and the contents of scripts and styles go. A block's tag leaves a line break.
        pub strip_html: bool = false,
        /// Whether HTML's character references become what they stand for, as Python's `html.unescape` has it.
        pub unescape_html: bool = false,
        /// The Unicode normalisation form.
        pub form: Form = Form::Nfc,
        /// Lower or upper case, by Unicode's full mappings.
        pub case: Case = Case::Keep,
        /// Whether characters go that no reader sees: controls that are not whitespace, byte order marks, zero-width
        /// spaces, soft hyphens, marks of direction.
        pub strip_control: bool = false,
        /// Whether runs of whitespace become one space, and none is left at the ends.
        pub collapse_whitespace: bool = false,
    }
}

/// The step.
pub struct Normalise {
    text: In<Utf8>,
    params: NormaliseParams,
}

impl Step for Normalise {
    const NAME: &str = "normalise";
    const SUMMARY: &str = "Bring text into one form: Unicode, case, whitespace, control characters, HTML.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = NormaliseParams;

    fn open(params: NormaliseParams, schema: &mut Schema) -> Result<Self> {
        let text = schema.input("text")?;
        schema.output::<Utf8>("text");
        Ok(Self { text, params })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let column = batch.column(self.text)?;
        let out = normalise(texts(&column), &self.params)?;
        Ok(Output::of(Utf8Builder::from_parts(out.offsets, out.values, validity(&column))?))
    }
}

/// Every row of `texts` as `params` say.
///
/// ASCII goes through sixteen bytes at a time. Within a row that has other characters too, its ASCII runs still do; the
/// others are looked at one by one, and only where they may not be in the wanted form is the row normalised.
///
/// # Errors
/// Where a row is not UTF-8.
pub fn normalise(texts: Texts<'_>, params: &NormaliseParams) -> Result<TextBuf, NotUtf8> {
    if params.collapse_whitespace { rows::<true>(texts, params) } else { rows::<false>(texts, params) }
}

fn rows<const COLLAPSE: bool>(texts: Texts<'_>, params: &NormaliseParams) -> Result<TextBuf, NotUtf8> {
    let mut out = Out::with_capacity(texts.values().len());
    let mut offsets = Vec::with_capacity(texts.len() + 1);
    offsets.push(0);
    let ascii = Ascii::new(params.case, params.strip_control);
    let html = params.strip_html || params.unescape_html;
    for row in 0..texts.len() {
        let (from, to) = texts.bounds(row);
        let start = out.len();
        out.restart(start);
        out.reserve(to - from);
        let plain = !(html && html::may_have(texts.bytes(row)));
        let stop = if plain { ascii.run::<COLLAPSE>(texts.values(), from, to, &mut out) } else { from };
        if stop < to {
            out.restart(start);
            slow_row::<COLLAPSE>(texts.text(row)?, params, ascii, &mut out);
        }
        if COLLAPSE {
            out.trim(start);
        }
        offsets.push(offset(out.len()));
    }
    Ok(TextBuf { offsets, values: out.into_bytes() })
}

/// A row with something in it that is not plain.
#[inline(never)]
fn slow_row<const COLLAPSE: bool>(text: &str, params: &NormaliseParams, ascii: Ascii, out: &mut Out) {
    let start = out.len();
    let text = html::plain(text, params.strip_html, params.unescape_html);
    if mixed::<COLLAPSE>(&text, params, false, ascii, out) {
        return;
    }
    out.restart(start);
    let mut normal = String::with_capacity(text.len());
    normalise_into(params.form, &text, &mut normal);
    let text = sigma_aware(&normal, params.case);
    mixed::<COLLAPSE>(&text, params, true, ascii, out);
}

/// Lower case, where a character's depends on its neighbours: a final `Σ` is `ς`.
fn sigma_aware(text: &str, case: Case) -> Cow<'_, str> {
    if case == Case::Lower && text.contains('Σ') { text.to_lowercase().into() } else { text.into() }
}

/// Writes a row. Unless it is `ready`, stops with `false` where it may not be in the wanted form, or where a character's
/// case is not its own affair.
fn mixed<const COLLAPSE: bool>(text: &str, params: &NormaliseParams, ready: bool, ascii: Ascii, out: &mut Out) -> bool {
    let mut at = 0;
    out.reserve(text.len());
    while at < text.len() {
        at = ascii.run::<COLLAPSE>(text.as_bytes(), at, text.len(), out);
        let run = &text[at..];
        let end = run.bytes().position(|b| b.is_ascii()).unwrap_or(run.len());
        let run = &run[..end];
        if !ready && (!is_normal(params.form, run) || (params.case == Case::Lower && run.contains('Σ'))) {
            return false;
        }
        run.chars().for_each(|c| character::<COLLAPSE>(c, params, out));
        at += end;
        // A control character that is ASCII and to be stripped stops a run too.
        at += usize::from(end == 0 && at < text.len());
        out.reserve(text.len() - at);
    }
    true
}

/// One character beyond ASCII.
#[inline]
fn character<const COLLAPSE: bool>(c: char, params: &NormaliseParams, out: &mut Out) {
    if COLLAPSE && is_blank(c) {
        return out.space();
    }
    if params.strip_control && is_control(c) {
        return;
    }
    let mut push = |c: char| out.push(c.encode_utf8(&mut [0; 4]).as_bytes());
    match params.case {
        Case::Lower if !is_caseless(c) => c.to_lowercase().for_each(push),
        Case::Upper if !is_caseless(c) => c.to_uppercase().for_each(push),
        _ => push(c),
    }
}
