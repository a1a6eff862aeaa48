//! The text of an expression to tokens.

use std::ops::Range;

use super::ExpressionError;

/// A token and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Lexeme,
    pub(super) at: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Lexeme {
    /// A word without quotes: a name or part of the language.
    Word(String),
    /// A name in double quotes.
    Name(String),
    Text(String),
    Int(u64),
    Float(f64),
    /// An operator or bracket.
    Sign(&'static str),
    End,
}

/// Longer before shorter.
const SIGNS: [&str; 17] = ["==", "!=", "<>", "<=", ">=", "||", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ","];

/// All tokens, and [`Lexeme::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let (kind, len) = token(text, at)?;
        let end = kind == Lexeme::End;
        tokens.push(Token { kind, at: at..at + len });
        if end {
            return Ok(tokens);
        }
        at += len;
    }
}

fn token(text: &str, at: usize) -> Result<(Lexeme, usize), ExpressionError> {
    let rest = &text[at..];
    match rest.chars().next() {
        None => Ok((Lexeme::End, 0)),
        Some('\'') => quoted(rest, '\'', at).map(|(text, len)| (Lexeme::Text(text), len)),
        Some('"') => quoted(rest, '"', at).map(|(name, len)| (Lexeme::Name(name), len)),
        Some(c) if c.is_ascii_digit() || (c == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) => {
            number(rest, at)
        }
        Some(c) if c == '_' || c.is_alphabetic() => {
            let len = length(rest, |c| c == '_' || c.is_alphanumeric());
            Ok((Lexeme::Word(rest[..len].to_owned()), len))
        }
        Some(c) => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => Ok((Lexeme::Sign(sign), sign.len())),
            None => Err(stray(c, at)),
        },
    }
}

fn stray(c: char, at: usize) -> ExpressionError {
    let help = match c {
        '`' | '[' | '.' | '$' | '@' => Some("a column's name that has such characters goes in double quotes"),
        '&' => Some("write `and`"),
        '|' => Some("write `or`"),
        '!' => Some("write `not`"),
        '“' | '”' | '‘' | '’' => Some("text goes in straight quotes: 'text'"),
        ';' => Some("an expression ends without `;`"),
        _ => None,
    };
    let message = format!("unexpected `{}`", c.escape_debug());
    ExpressionError { message, offset: Some(at), len: c.len_utf8(), help: help.map(str::to_owned) }
}

fn length(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// Text within quotes, and its length with them; a doubled quote stands for one.
fn quoted(rest: &str, quote: char, at: usize) -> Result<(String, usize), ExpressionError> {
    let mut content = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((offset, c)) = chars.next() {
        if c != quote {
            content.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            return Ok((content, offset + 1));
        }
    }
    let message = format!("the quote {quote} is never closed");
    Err(ExpressionError { message, offset: Some(at), len: 1, help: None })
}

fn number(rest: &str, at: usize) -> Result<(Lexeme, usize), ExpressionError> {
    let digits = |from: usize| length(&rest[from..], |c| c.is_ascii_digit());
    let mut len = digits(0);
    if rest[len..].starts_with('.') {
        len += 1 + digits(len + 1);
    }
    if rest[len..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[len + 1..].starts_with(['-', '+']));
        match digits(len + 1 + sign) {
            0 => {}
            exponent => len += 1 + sign + exponent,
        }
    }
    let fail = |message: String, len| Err(ExpressionError { message, offset: Some(at), len, help: None });
    if rest[len..].starts_with(|c: char| c == '_' || c.is_alphanumeric()) {
        let word = length(rest, |c| c == '_' || c.is_alphanumeric()).max(len);
        return fail(format!("`{}` is neither a number nor a name", &rest[..word]), word);
    }
    let written = &rest[..len];
    if let Ok(value) = written.parse() {
        return Ok((Lexeme::Int(value), len));
    }
    match written.parse::<f64>() {
        Ok(value) if value.is_finite() && written.contains(['.', 'e', 'E']) => Ok((Lexeme::Float(value), len)),
        _ => fail(format!("the number `{written}` does not fit in 64 bits"), len),
    }
}
