//! Tokens to a [`Term`], by recursive descent: a function per level of binding.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, NullArray, StringArray, UInt64Array};
use arrow_schema::{DataType, TimeUnit};

use super::ExpressionError;
use super::function;
use super::lex::{self, Lexeme, Token};
use super::term::{Arithmetic, Comparison, Kind, Term};
use crate::pipeline::did_you_mean;

/// Levels of brackets, and of terms within terms. Keeps the stack small here and in everything that walks the tree.
const MAX_DEPTH: usize = 64;
const MAX_BYTES: usize = 1 << 20;

/// Words that are never a column without double quotes.
const RESERVED: [&str; 17] = [
    "and", "or", "not", "is", "null", "in", "between", "like", "ilike", "true", "false", "case", "when", "then",
    "else", "end", "as",
];

const TYPES: [&str; 6] = ["bool", "int", "float", "text", "date", "timestamp"];

pub(super) fn parse(text: &str) -> Result<Term, ExpressionError> {
    if text.len() > MAX_BYTES {
        let message = format!("an expression of {} bytes; the most is {MAX_BYTES}", text.len());
        return Err(ExpressionError { message, offset: None, len: 0, help: None });
    }
    let mut parser = Parser { text, tokens: lex::tokens(text)?, next: 0, depth: 0 };
    let term = parser.expression()?;
    match parser.peek() {
        Lexeme::End => Ok(term),
        _ => Err(parser.unexpected("the end or an operator")),
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Ends with [`Lexeme::End`], which `next` never passes.
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn expression(&mut self) -> Result<Term, ExpressionError> {
        self.deeper(|parser| {
            let start = parser.start();
            let mut terms = vec![parser.conjunction()?];
            while parser.word("or") {
                terms.push(parser.conjunction()?);
            }
            parser.one_or(terms, Kind::Any, start)
        })
    }

    fn conjunction(&mut self) -> Result<Term, ExpressionError> {
        let start = self.start();
        let mut terms = vec![self.negation()?];
        while self.word("and") {
            terms.push(self.negation()?);
        }
        self.one_or(terms, Kind::All, start)
    }

    fn negation(&mut self) -> Result<Term, ExpressionError> {
        let start = self.start();
        if !self.word("not") {
            return self.predicate();
        }
        let term = self.deeper(Self::negation)?;
        self.term(Kind::Not(Box::new(term)), start)
    }

    fn predicate(&mut self) -> Result<Term, ExpressionError> {
        let start = self.start();
        let left = self.sum()?;
        if let Some(comparison) = self.comparison() {
            let right = self.sum()?;
            let here = self.next;
            if self.comparison().is_some() {
                self.next = here;
                let fault = self.fail("two comparisons in a row".into(), self.tokens[here].at.clone());
                return Err(help(fault, "write `a < b and b < c`"));
            }
            return self.term(Kind::Compare(comparison, left.into(), right.into()), start);
        }
        if self.word("is") {
            return self.is(left, start);
        }
        let negated = self.word("not");
        let kind = if self.word("in") {
            self.sign("(")?;
            let list = self.list(Self::sum)?;
            if list.is_empty() {
                return Err(self.fail("`in` over nothing".into(), start..self.end()));
            }
            Kind::In(left.into(), list)
        } else if self.word("between") {
            let low = self.sum()?;
            self.expect_word("and")?;
            Kind::Between(left.into(), low.into(), self.sum()?.into())
        } else if self.word("like") {
            Kind::Compare(Comparison::Like, left.into(), self.sum()?.into())
        } else if self.word("ilike") {
            Kind::Compare(Comparison::LikeIgnoringCase, left.into(), self.sum()?.into())
        } else if negated {
            return Err(self.unexpected("`in`, `between` or `like`"));
        } else {
            return Ok(left);
        };
        let term = self.term(kind, start)?;
        if negated { self.negated(term, start) } else { Ok(term) }
    }

    fn is(&mut self, left: Term, start: usize) -> Result<Term, ExpressionError> {
        let negated = self.word("not");
        let kind = if self.word("null") {
            Kind::IsNull(left.into())
        } else if self.word("true") {
            Kind::Is(true, left.into())
        } else if self.word("false") {
            Kind::Is(false, left.into())
        } else if self.word("distinct") {
            self.expect_word("from")?;
            Kind::Compare(Comparison::Distinct, left.into(), self.sum()?.into())
        } else {
            return Err(self.unexpected("`null`, `true`, `false` or `distinct from`"));
        };
        let term = self.term(kind, start)?;
        if negated { self.negated(term, start) } else { Ok(term) }
    }

    fn negated(&self, term: Term, start: usize) -> Result<Term, ExpressionError> {
        self.term(Kind::Not(term.into()), start)
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let comparison = match self.peek() {
            Lexeme::Sign("=" | "==") => Comparison::Equal,
            Lexeme::Sign("!=" | "<>") => Comparison::NotEqual,
            Lexeme::Sign("<") => Comparison::Less,
            Lexeme::Sign("<=") => Comparison::LessOrEqual,
            Lexeme::Sign(">") => Comparison::Greater,
            Lexeme::Sign(">=") => Comparison::GreaterOrEqual,
            _ => return None,
        };
        self.advance();
        Some(comparison)
    }

    fn sum(&mut self) -> Result<Term, ExpressionError> {
        self.chain(Self::product, |sign| match sign {
            "+" => Some(Arithmetic::Add),
            "-" => Some(Arithmetic::Subtract),
            "||" => Some(Arithmetic::Concatenate),
            _ => None,
        })
    }

    fn product(&mut self) -> Result<Term, ExpressionError> {
        self.chain(Self::signed, |sign| match sign {
            "*" => Some(Arithmetic::Multiply),
            "/" => Some(Arithmetic::Divide),
            "%" => Some(Arithmetic::Remainder),
            _ => None,
        })
    }

    /// Operators of one level, from the left.
    fn chain(
        &mut self,
        operand: impl Fn(&mut Self) -> Result<Term, ExpressionError>,
        operator: impl Fn(&str) -> Option<Arithmetic>,
    ) -> Result<Term, ExpressionError> {
        let start = self.start();
        let mut left = operand(self)?;
        while let Lexeme::Sign(sign) = self.peek()
            && let Some(arithmetic) = operator(sign)
        {
            self.advance();
            let right = operand(self)?;
            left = self.term(Kind::Arithmetic(arithmetic, left.into(), right.into()), start)?;
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Term, ExpressionError> {
        let start = self.start();
        match (self.peek(), self.tokens.get(self.next + 1).map(|token| &token.kind)) {
            (Lexeme::Sign("-"), Some(Lexeme::Int(value))) => {
                let Some(value) = 0i64.checked_sub_unsigned(*value) else {
                    let message = format!("the number `-{value}` does not fit in 64 bits");
                    return Err(self.fail(message, start..self.tokens[self.next + 1].at.end));
                };
                self.next += 2;
                self.term(literal(Int64Array::from(vec![value])), start)
            }
            (Lexeme::Sign("-"), _) => {
                self.advance();
                let term = self.deeper(Self::signed)?;
                self.term(Kind::Negate(term.into()), start)
            }
            (Lexeme::Sign("+"), _) => {
                self.advance();
                self.deeper(Self::signed)
            }
            _ => self.primary(),
        }
    }

    fn primary(&mut self) -> Result<Term, ExpressionError> {
        let token = self.tokens[self.next].clone();
        let kind = match token.kind {
            Lexeme::Int(value) => match i64::try_from(value) {
                Ok(value) => literal(Int64Array::from(vec![value])),
                Err(_) => literal(UInt64Array::from(vec![value])),
            },
            Lexeme::Float(value) => literal(Float64Array::from(vec![value])),
            Lexeme::Text(text) => literal(StringArray::from(vec![text])),
            Lexeme::Name(name) => Kind::Column(name),
            Lexeme::Word(word) => return self.named(&word, token.at.start),
            Lexeme::Sign("(") => {
                self.advance();
                let mut inner = self.expression()?;
                self.sign(")")?;
                inner.at = token.at.start..self.end();
                return Ok(inner);
            }
            Lexeme::Sign(_) | Lexeme::End => return Err(self.unexpected("a value")),
        };
        self.advance();
        self.term(kind, token.at.start)
    }

    fn named(&mut self, word: &str, start: usize) -> Result<Term, ExpressionError> {
        let is_call = matches!(self.tokens.get(self.next + 1), Some(Token { kind: Lexeme::Sign("("), .. }));
        let lower = word.to_lowercase();
        let kind = match lower.as_str() {
            "null" => literal(NullArray::new(1)),
            "true" => literal(BooleanArray::from(vec![true])),
            "false" => literal(BooleanArray::from(vec![false])),
            "case" => return self.case(start),
            reserved if RESERVED.contains(&reserved) => {
                let fault = self.unexpected("a value");
                return Err(help(fault, &format!("a column of that name goes in double quotes: \"{word}\"")));
            }
            "cast" | "try_cast" if is_call => return self.cast(lower == "try_cast", start),
            function if is_call => return self.call(function, start),
            _ => Kind::Column(word.to_owned()),
        };
        self.advance();
        self.term(kind, start)
    }

    fn call(&mut self, name: &str, start: usize) -> Result<Term, ExpressionError> {
        let known = function::find(name);
        if known.is_none() && name != "coalesce" {
            let names = function::FUNCTIONS.iter().map(|function| function.name).chain(["coalesce", "cast"]);
            let fault = self.fail(format!("no function is called `{name}`"), start..start + name.len());
            return Err(ExpressionError { help: did_you_mean(name, "the functions are", names), ..fault });
        }
        self.next += 2;
        let arguments = self.list(Self::expression)?;
        let Some(function) = known else {
            self.arity("coalesce", 1..=usize::MAX, arguments.len(), start)?;
            return self.term(Kind::Coalesce(arguments), start);
        };
        self.arity(function.name, function.arguments.clone(), arguments.len(), start)?;
        self.term(Kind::Call(function, arguments), start)
    }

    fn arity(
        &self,
        name: &str,
        wanted: std::ops::RangeInclusive<usize>,
        given: usize,
        start: usize,
    ) -> Result<(), ExpressionError> {
        if wanted.contains(&given) {
            return Ok(());
        }
        let wanted = match (*wanted.start(), *wanted.end()) {
            (1, 1) => "1 argument".to_owned(),
            (low, high) if low == high => format!("{low} arguments"),
            (low, usize::MAX) => format!("{low} or more arguments"),
            (low, high) => format!("{low} to {high} arguments"),
        };
        Err(self.fail(format!("`{name}` takes {wanted}, not {given}"), start..self.end()))
    }

    fn cast(&mut self, lenient: bool, start: usize) -> Result<Term, ExpressionError> {
        self.next += 2;
        let term = self.expression()?.into();
        self.expect_word("as")?;
        let to = match self.peek() {
            Lexeme::Word(word) => data_type(word),
            _ => return Err(self.unexpected("a type")),
        };
        let Some(to) = to else {
            let fault = self.unexpected("a type");
            let help = Some(format!("the types are {}", TYPES.map(|name| format!("`{name}`")).join(", ")));
            return Err(ExpressionError { help, ..fault });
        };
        self.advance();
        self.sign(")")?;
        self.term(Kind::Cast { term, to, lenient }, start)
    }

    /// `case x when 1 then …` is `case when x = 1 then …`.
    fn case(&mut self, start: usize) -> Result<Term, ExpressionError> {
        self.advance();
        let operand = if self.is_word("when") { None } else { Some(self.expression()?) };
        let mut branches = Vec::new();
        while self.word("when") {
            let from = self.start();
            let mut when = self.expression()?;
            if let Some(operand) = &operand {
                when = self.term(Kind::Compare(Comparison::Equal, operand.clone().into(), when.into()), from)?;
            }
            self.expect_word("then")?;
            branches.push((when, self.expression()?));
        }
        if branches.is_empty() {
            return Err(self.unexpected("`when`"));
        }
        let otherwise = if self.word("else") { Some(self.expression()?.into()) } else { None };
        self.expect_word("end")?;
        self.term(Kind::Case(branches, otherwise), start)
    }

    /// What follows an opening bracket, up to and with the closing one.
    fn list(
        &mut self,
        item: impl Fn(&mut Self) -> Result<Term, ExpressionError>,
    ) -> Result<Vec<Term>, ExpressionError> {
        let mut items = Vec::new();
        if self.is_sign(")") {
            self.advance();
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if !self.is_sign(",") {
                return self.sign(")").map(|()| items);
            }
            self.advance();
        }
    }

    fn one_or(
        &self,
        mut terms: Vec<Term>,
        kind: impl Fn(Vec<Term>) -> Kind,
        start: usize,
    ) -> Result<Term, ExpressionError> {
        match terms.pop() {
            Some(term) if terms.is_empty() => Ok(term),
            last => self.term(kind(terms.into_iter().chain(last).collect()), start),
        }
    }

    fn term(&self, kind: Kind, start: usize) -> Result<Term, ExpressionError> {
        let term = Term::new(kind, start..self.end());
        if term.depth > MAX_DEPTH { Err(self.too_deep(term.at)) } else { Ok(term) }
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, ExpressionError>) -> Result<T, ExpressionError> {
        if self.depth == MAX_DEPTH {
            return Err(self.too_deep(self.tokens[self.next].at.clone()));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn too_deep(&self, at: Range<usize>) -> ExpressionError {
        let fault = self.fail(format!("more than {MAX_DEPTH} levels of nesting"), at);
        help(fault, "compute a part of it as a column of its own first")
    }

    fn peek(&self) -> &Lexeme {
        &self.tokens[self.next].kind
    }

    fn advance(&mut self) {
        self.next = (self.next + 1).min(self.tokens.len() - 1);
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Lexeme::Word(w) if w.eq_ignore_ascii_case(word))
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Lexeme::Sign(s) if *s == sign)
    }

    fn word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        if is {
            self.advance();
        }
        is
    }

    fn expect_word(&mut self, word: &str) -> Result<(), ExpressionError> {
        if self.word(word) { Ok(()) } else { Err(self.unexpected(&format!("`{word}`"))) }
    }

    fn sign(&mut self, sign: &str) -> Result<(), ExpressionError> {
        if !self.is_sign(sign) {
            return Err(self.unexpected(&format!("`{sign}`")));
        }
        self.advance();
        Ok(())
    }

    fn start(&self) -> usize {
        self.tokens[self.next].at.start
    }

    /// Where the last token that was taken ends.
    fn end(&self) -> usize {
        self.next.checked_sub(1).map_or(0, |last| self.tokens[last].at.end)
    }

    fn unexpected(&self, wanted: &str) -> ExpressionError {
        let token = &self.tokens[self.next];
        match token.kind {
            Lexeme::End => self.fail(format!("expected {wanted}, but the expression ends"), token.at.clone()),
            _ => {
                let found = &self.text[token.at.clone()];
                self.fail(format!("expected {wanted}, found `{found}`"), token.at.clone())
            }
        }
    }

    fn fail(&self, message: String, at: Range<usize>) -> ExpressionError {
        ExpressionError { message, offset: Some(at.start), len: at.len(), help: None }
    }
}

fn help(fault: ExpressionError, help: &str) -> ExpressionError {
    ExpressionError { help: Some(help.into()), ..fault }
}

fn literal(array: impl arrow_array::Array + 'static) -> Kind {
    let array: ArrayRef = Arc::new(array);
    Kind::Literal(array)
}

fn data_type(word: &str) -> Option<DataType> {
    Some(match word.to_ascii_lowercase().as_str() {
        "bool" | "boolean" => DataType::Boolean,
        "int" | "integer" | "bigint" | "int64" => DataType::Int64,
        "uint64" => DataType::UInt64,
        "float" | "double" | "real" | "float64" => DataType::Float64,
        "text" | "string" | "varchar" | "utf8" => DataType::Utf8,
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ => return None,
    })
}
