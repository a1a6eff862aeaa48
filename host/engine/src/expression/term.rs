//! An expression as a tree.

use std::ops::Range;

use arrow_array::ArrayRef;
use arrow_schema::DataType;

use super::function::Function;

/// A part of an expression, and the bytes of the text that it was read from.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
    /// Levels from here down.
    pub(super) depth: usize,
}

/// What a term is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Column(String),
    /// An array of one.
    Literal(ArrayRef),
    All(Vec<Term>),
    Any(Vec<Term>),
    Not(Box<Term>),
    Negate(Box<Term>),
    Arithmetic(Arithmetic, Box<Term>, Box<Term>),
    Compare(Comparison, Box<Term>, Box<Term>),
    IsNull(Box<Term>),
    /// Is true, or is false, and not null.
    Is(bool, Box<Term>),
    In(Box<Term>, Vec<Term>),
    Between(Box<Term>, Box<Term>, Box<Term>),
    Cast {
        term: Box<Term>,
        to: DataType,
        lenient: bool,
    },
    /// Condition and value, then the value where no condition holds.
    Case(Vec<(Term, Term)>, Option<Box<Term>>),
    Coalesce(Vec<Term>),
    Call(&'static Function, Vec<Term>),
}

/// `+` and its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Concatenate,
}

/// `=` and its like, by which two values of one type make a truth value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Distinct,
    Like,
    LikeIgnoringCase,
}

impl Term {
    pub(super) fn new(kind: Kind, at: Range<usize>) -> Self {
        let mut term = Self { kind, at, depth: 0 };
        let mut depth = 0;
        term.each_part(&mut |part| depth = depth.max(part.depth));
        term.depth = depth + 1;
        term
    }

    /// Calls `f` with the name of every column in reading order, as often as it is there.
    pub(super) fn columns(&self, f: &mut dyn FnMut(&str)) {
        if let Kind::Column(name) = &self.kind {
            f(name);
        }
        self.each_part(&mut |part| part.columns(f));
    }

    fn each_part(&self, f: &mut dyn FnMut(&Term)) {
        match &self.kind {
            Kind::Column(_) | Kind::Literal(_) => {}
            Kind::All(terms) | Kind::Any(terms) | Kind::Coalesce(terms) | Kind::Call(_, terms) => {
                terms.iter().for_each(f);
            }
            Kind::Not(term) | Kind::Negate(term) | Kind::IsNull(term) | Kind::Is(_, term) | Kind::Cast { term, .. } => {
                f(term)
            }
            Kind::Arithmetic(_, left, right) | Kind::Compare(_, left, right) => {
                f(left);
                f(right);
            }
            Kind::In(term, list) => {
                f(term);
                list.iter().for_each(f);
            }
            Kind::Between(term, low, high) => [term, low, high].into_iter().for_each(|term| f(term)),
            Kind::Case(branches, otherwise) => {
                for (when, then) in branches {
                    f(when);
                    f(then);
                }
                otherwise.iter().for_each(|term| f(term));
            }
        }
    }
}
