//! What is known of characters beyond ASCII.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

stillroom_sdk::choices! {
    /// A Unicode normalisation form (UAX #15).
    pub enum Form {
        /// Text stays as it is.
        None,
        /// Canonical composition: the same characters, written in one way.
        Nfc,
        /// Compatibility composition: ligatures, full-width letters, superscripts and the like become plain.
        Nfkc,
    }
}

/// Whether Python's `\s` and `str.strip` take it for whitespace.
#[inline]
pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, '\u{1c}'..='\u{1f}') || c.is_whitespace()
}

/// Whether it is a character that no reader sees: controls that are not whitespace, byte order marks, zero-width spaces,
/// soft hyphens, and marks of direction. (Zero-width joiners and non-joiners stay: scripts and emoji need them.)
pub(super) fn is_control(c: char) -> bool {
    let invisible = matches!(c,
        '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    invisible || (c.is_control() && !is_blank(c))
}

/// Whether it is certain that a run without ASCII is in this form, whatever stands before and after it.
pub(super) fn is_normal(form: Form, run: &str) -> bool {
    let verdict = match form {
        Form::None => return true,
        _ if run.chars().all(is_plain) => return true,
        Form::Nfc => is_nfc_quick(run.chars()),
        Form::Nfkc => is_nfkc_quick(run.chars()),
    };
    verdict == IsNormalized::Yes
}

/// Common characters that no form changes and that change with no neighbour: a cheaper answer than the tables'.
fn is_plain(c: char) -> bool {
    matches!(c,
        '\u{c0}'..='\u{131}' | '\u{391}'..='\u{3a1}' | '\u{3a3}'..='\u{3ce}' | '\u{400}'..='\u{482}' | '\u{5d0}'..='\u{5ea}'
        | '\u{621}'..='\u{64a}' | '\u{2012}'..='\u{2016}' | '\u{2018}'..='\u{2023}' | '\u{3001}' | '\u{3002}'
        | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Whether it has no case: a cheaper answer than the tables'.
pub(super) fn is_caseless(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{109f}' | '\u{2000}'..='\u{2101}' | '\u{2e80}'..='\u{a63f}' | '\u{ac00}'..='\u{d7ff}')
}

/// Appends `text` in this form. Runs of ASCII are their own normal form and are copied; only the last character of one
/// may join with what follows.
pub(super) fn normalise_into(form: Form, text: &str, out: &mut String) {
    let mut rest = text;
    while !rest.is_empty() {
        let ascii = rest.bytes().position(|b| !b.is_ascii()).unwrap_or(rest.len());
        let (plain, tail) = rest.split_at(ascii.saturating_sub(usize::from(ascii < rest.len())));
        out.push_str(plain);
        let odd = tail.bytes().skip(1).position(|b| b.is_ascii()).map_or(tail.len(), |i| i + 1);
        let (run, tail) = tail.split_at(odd);
        match form {
            Form::None => out.push_str(run),
            Form::Nfc => out.extend(run.nfc()),
            Form::Nfkc => out.extend(run.nfkc()),
        }
        rest = tail;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheap_answers_are_the_tables_answers() {
        for c in (0x80..=0x10_ffff).filter_map(char::from_u32) {
            if is_plain(c) {
                let yes = is_nfkc_quick([c].into_iter()) == IsNormalized::Yes;
                let starter = unicode_normalization::char::canonical_combining_class(c) == 0;
                assert!(yes && starter && is_nfc_quick([c].into_iter()) == IsNormalized::Yes, "{:x}", c as u32);
            }
            if is_caseless(c) {
                assert!(c.to_lowercase().eq([c]) && c.to_uppercase().eq([c]), "{:x}", c as u32);
            }
        }
    }

    #[test]
    fn runs_are_normalised_as_the_whole() {
        let rows = [
            "",
            "abc",
            "e\u{301}",
            "ae\u{301}\u{327}b ﬁ…",
            "\u{301}a",
            "가\u{11a8}x",
            "Å\u{327}",
            "1⁄2½ ﷺ",
            "é",
            "x\u{300}",
        ];
        for row in rows {
            for (form, whole) in [(Form::Nfc, row.nfc().to_string()), (Form::Nfkc, row.nfkc().to_string())] {
                let mut out = String::new();
                normalise_into(form, row, &mut out);
                assert_eq!(out, whole);
            }
        }
    }
}
