//! Text in one form: Unicode normalisation (UAX #15), case, whitespace, control characters, HTML.

use crate::column::{NotUtf8, TextBuf, Texts, offset};
use std::borrow::Cow;

mod ascii;
mod characters;
mod html;

pub use ascii::Case;
pub(crate) use characters::is_blank;
pub use characters::Form;
use ascii::{Ascii, Out};
use characters::{is_caseless, is_control, is_normal, normalise_into};

/// What to do, in the order in which it is done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Tags, comments and the contents of scripts and styles go.
    pub strip_html: bool,
    /// Character references become what they stand for.
    pub unescape_html: bool,
    /// The Unicode normalisation form.
    pub form: Form,
    /// Lower or upper case.
    pub case: Case,
    /// Characters that nobody sees go.
    pub strip_control: bool,
    /// Runs of whitespace become one space, and none is left at the ends.
    pub collapse_whitespace: bool,
}

/// Every row of `texts` as `options` say.
///
/// ASCII goes through sixteen bytes at a time. Within a row that has other characters too, its ASCII runs still do; the
/// others are looked at one by one, and only where they may not be in the wanted form is the row normalised.
///
/// # Errors
/// Where a row is not UTF-8.
pub fn normalise(texts: Texts<'_>, options: &Options) -> Result<TextBuf, NotUtf8> {
    if options.collapse_whitespace { rows::<true>(texts, options) } else { rows::<false>(texts, options) }
}

fn rows<const COLLAPSE: bool>(texts: Texts<'_>, options: &Options) -> Result<TextBuf, NotUtf8> {
    let mut out = Out::with_capacity(texts.values().len());
    let mut offsets = Vec::with_capacity(texts.len() + 1);
    offsets.push(0);
    let ascii = Ascii::new(options.case, options.strip_control);
    let html = options.strip_html || options.unescape_html;
    for row in 0..texts.len() {
        let (from, to) = texts.bounds(row);
        let start = out.len();
        out.restart(start);
        out.reserve(to - from);
        let plain = !(html && html::may_have(texts.bytes(row)));
        let stop = if plain { ascii.run::<COLLAPSE>(texts.values(), from, to, &mut out) } else { from };
        if stop < to {
            out.restart(start);
            slow_row::<COLLAPSE>(texts.text(row)?, options, ascii, &mut out);
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
fn slow_row<const COLLAPSE: bool>(text: &str, options: &Options, ascii: Ascii, out: &mut Out) {
    let start = out.len();
    let text = html::plain(text, options.strip_html, options.unescape_html);
    if mixed::<COLLAPSE>(&text, options, false, ascii, out) {
        return;
    }
    out.restart(start);
    let mut normal = String::with_capacity(text.len());
    normalise_into(options.form, &text, &mut normal);
    let text = sigma_aware(&normal, options.case);
    mixed::<COLLAPSE>(&text, options, true, ascii, out);
}

/// Lower case, where a character's depends on its neighbours: a final `Σ` is `ς`.
fn sigma_aware(text: &str, case: Case) -> Cow<'_, str> {
    if case == Case::Lower && text.contains('Σ') { text.to_lowercase().into() } else { text.into() }
}

/// Writes a row. Unless it is `ready`, stops with `false` where it may not be in the wanted form, or where a character's
/// case is not its own affair.
fn mixed<const COLLAPSE: bool>(text: &str, options: &Options, ready: bool, ascii: Ascii, out: &mut Out) -> bool {
    let mut at = 0;
    out.reserve(text.len());
    while at < text.len() {
        at = ascii.run::<COLLAPSE>(text.as_bytes(), at, text.len(), out);
        let run = &text[at..];
        let end = run.bytes().position(|b| b.is_ascii()).unwrap_or(run.len());
        let run = &run[..end];
        if !ready && (!is_normal(options.form, run) || (options.case == Case::Lower && run.contains('Σ'))) {
            return false;
        }
        run.chars().for_each(|c| character::<COLLAPSE>(c, options, out));
        at += end;
        // A control character that is ASCII and to be stripped stops a run too.
        at += usize::from(end == 0 && at < text.len());
        out.reserve(text.len() - at);
    }
    true
}

/// One character beyond ASCII.
#[inline]
fn character<const COLLAPSE: bool>(c: char, options: &Options, out: &mut Out) {
    if COLLAPSE && is_blank(c) {
        return out.space();
    }
    if options.strip_control && is_control(c) {
        return;
    }
    let mut push = |c: char| out.push(c.encode_utf8(&mut [0; 4]).as_bytes());
    match options.case {
        Case::Lower if !is_caseless(c) => c.to_lowercase().for_each(push),
        Case::Upper if !is_caseless(c) => c.to_uppercase().for_each(push),
        _ => push(c),
    }
}
