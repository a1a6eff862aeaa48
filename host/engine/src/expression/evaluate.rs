//! A [`Term`] over a batch.

use std::cell::Cell;

use arrow_arith::boolean;
use arrow_arith::numeric;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, NullArray, RecordBatch, UInt32Array};
use arrow_ord::cmp;
use arrow_schema::{ArrowError, DataType};
use arrow_select::filter::filter_record_batch;
use arrow_select::take::take;
use arrow_select::zip::zip;
use arrow_string::like;
use std::sync::Arc;

use super::ExpressionError;
use super::coerce::{Problem, Value, comparable, computable, name, unified};
use super::term::{Arithmetic, Comparison, Kind, Term};
use super::text;
use crate::pipeline::did_you_mean;

/// One evaluation of one expression.
pub(super) struct Evaluation<'a> {
    text: &'a str,
    /// How often a failed part may yet be tried again over the rows that need it. Nested guards would double the work at
    /// each level.
    retries: Cell<u32>,
}

const MAX_RETRIES: u32 = 256;

impl<'a> Evaluation<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, retries: Cell::new(MAX_RETRIES) }
    }

    /// A value for every row.
    pub(super) fn array(&self, term: &Term, batch: &RecordBatch) -> Result<ArrayRef, ExpressionError> {
        let value = self.value(term, batch)?;
        value.into_array(batch.num_rows()).map_err(|problem| self.fault(term, problem))
    }

    /// Whether the term is true, for every row.
    pub(super) fn filter(&self, term: &Term, batch: &RecordBatch) -> Result<BooleanArray, ExpressionError> {
        Ok(is_true(&self.truth(term, batch)?))
    }

    fn value(&self, term: &Term, batch: &RecordBatch) -> Result<Value, ExpressionError> {
        let of = |term| self.value(term, batch);
        let result = match &term.kind {
            Kind::Column(name) => return self.column(term, name, batch),
            Kind::Literal(array) => Ok(Value { array: array.clone(), scalar: true }),
            Kind::All(terms) => return self.logic(terms, batch, Logic::All),
            Kind::Any(terms) => return self.logic(terms, batch, Logic::Any),
            Kind::Case(branches, otherwise) => return self.case(term, branches, otherwise.as_deref(), batch),
            Kind::Coalesce(terms) => return self.coalesce(term, terms, batch),
            Kind::Not(inner) => boolean::not(&self.truth(inner, batch)?).map(truth).map_err(Problem::from),
            Kind::Is(wanted, inner) => {
                let truths = self.truth(inner, batch)?;
                let held = if *wanted { Ok(truths) } else { boolean::not(&truths) };
                held.map(|truths| truth(is_true(&truths))).map_err(Problem::from)
            }
            Kind::Negate(inner) => negate(of(inner)?),
            Kind::IsNull(inner) => is_null(of(inner)?),
            Kind::Arithmetic(operator, left, right) => arithmetic(*operator, of(left)?, of(right)?, batch.num_rows()),
            Kind::Compare(comparison, left, right) => compare(*comparison, of(left)?, of(right)?),
            Kind::In(inner, list) => {
                let value = of(inner)?;
                let items = list.iter().map(of).collect::<Result<Vec<_>, _>>()?;
                is_in(&value, items)
            }
            Kind::Between(inner, low, high) => between(of(inner)?, of(low)?, of(high)?),
            Kind::Cast { term, to, lenient } => of(term)?.cast_or_null(to, *lenient),
            Kind::Call(function, terms) => {
                let arguments = terms.iter().map(of).collect::<Result<Vec<_>, _>>()?;
                (function.run)(arguments, batch.num_rows())
            }
        };
        result.map_err(|problem| self.fault(term, problem))
    }

    fn column(&self, term: &Term, name: &str, batch: &RecordBatch) -> Result<Value, ExpressionError> {
        if let Some(array) = batch.column_by_name(name) {
            return Ok(Value::column(array.clone()));
        }
        let schema = batch.schema_ref();
        // In double quotes stands a column's name: whoever meant a text does not find it among the columns.
        let help = if self.text.get(term.at.clone()).is_some_and(|written| written.starts_with('"')) {
            Some(format!("a text stands in single quotes: '{name}'"))
        } else {
            did_you_mean(name, "the columns are", schema.fields().iter().map(|field| field.name().as_str()))
        };
        Err(self.fault(term, Problem { message: format!("no column `{name}`"), help }))
    }

    fn truth(&self, term: &Term, batch: &RecordBatch) -> Result<BooleanArray, ExpressionError> {
        let value = self.value(term, batch)?;
        self.as_truth(term, value, batch.num_rows())
    }

    fn as_truth(&self, term: &Term, value: Value, rows: usize) -> Result<BooleanArray, ExpressionError> {
        let truths = match value.data_type() {
            DataType::Boolean | DataType::Null => {
                value.cast(&DataType::Boolean).and_then(|value| value.into_array(rows))
            }
            other => Err(Problem::new(format!("expected true or false, found {}", name(other)))
                .help("compare it with something, as in `n > 0`")),
        };
        Ok(truths.map_err(|problem| self.fault(term, problem))?.as_boolean().clone())
    }

    fn logic(&self, terms: &[Term], batch: &RecordBatch, logic: Logic) -> Result<Value, ExpressionError> {
        let mut result: Option<BooleanArray> = None;
        for term in terms {
            let next = match &result {
                None => self.truth(term, batch)?,
                Some(so_far) => {
                    let value = self.where_needed(term, batch, || logic.is_open(so_far))?;
                    self.as_truth(term, value, batch.num_rows())?
                }
            };
            result = Some(match (&result, logic) {
                (None, _) => next,
                (Some(left), Logic::All) => self.arrow(term, boolean::and_kleene(left, &next))?,
                (Some(left), Logic::Any) => self.arrow(term, boolean::or_kleene(left, &next))?,
            });
        }
        Ok(truth(result.unwrap_or_else(|| BooleanArray::from(Vec::<bool>::new()))))
    }

    /// A value that counts only in some rows. An error in the other rows is none: where the term fails over the whole batch,
    /// it is tried again over the rows that count, and is null in the others. So guards cost nothing while all goes well.
    fn where_needed(
        &self,
        term: &Term,
        batch: &RecordBatch,
        needed: impl FnOnce() -> BooleanArray,
    ) -> Result<Value, ExpressionError> {
        let first = match self.value(term, batch) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let needed = needed();
        if needed.true_count() == batch.num_rows() || self.retries.get() == 0 {
            return Err(first);
        }
        self.retries.set(self.retries.get() - 1);
        let few = self.arrow(term, filter_record_batch(batch, &needed))?;
        let value = self.value(term, &few)?;
        if value.scalar { Ok(value) } else { self.arrow(term, scatter(&value.array, &needed)).map(Value::column) }
    }

    fn case(
        &self,
        whole: &Term,
        branches: &[(Term, Term)],
        otherwise: Option<&Term>,
        batch: &RecordBatch,
    ) -> Result<Value, ExpressionError> {
        let rows = batch.num_rows();
        let mut open = BooleanArray::from(vec![true; rows]);
        let (mut masks, mut values) = (Vec::new(), Vec::new());
        for (when, then) in branches {
            let condition = self.where_needed(when, batch, || open.clone())?;
            let condition = is_true(&self.as_truth(when, condition, rows)?);
            let mask = self.arrow(when, boolean::and(&open, &condition))?;
            values.push(self.where_needed(then, batch, || mask.clone())?);
            open = self.arrow(when, boolean::and_not(&open, &condition))?;
            masks.push(mask);
        }
        values.push(match otherwise {
            Some(term) => self.where_needed(term, batch, || open.clone())?,
            None => null(),
        });
        masks.push(open);
        choose(values, &masks).map_err(|problem| self.fault(whole, problem))
    }

    fn coalesce(&self, whole: &Term, terms: &[Term], batch: &RecordBatch) -> Result<Value, ExpressionError> {
        let rows = batch.num_rows();
        let mut open = BooleanArray::from(vec![true; rows]);
        let (mut masks, mut values) = (Vec::new(), Vec::new());
        for term in terms {
            let value = self.where_needed(term, batch, || open.clone())?;
            let array = value.clone().into_array(rows).map_err(|problem| self.fault(term, problem))?;
            let mask = self.arrow(term, boolean::is_not_null(&array))?;
            open = self.arrow(term, boolean::and_not(&open, &mask))?;
            masks.push(mask);
            values.push(value);
        }
        values.push(null());
        masks.push(open);
        choose(values, &masks).map_err(|problem| self.fault(whole, problem))
    }

    fn arrow<T>(&self, term: &Term, result: Result<T, ArrowError>) -> Result<T, ExpressionError> {
        result.map_err(|error| self.fault(term, error.into()))
    }

    /// A problem, at the part of the expression that has it.
    fn fault(&self, term: &Term, problem: Problem) -> ExpressionError {
        let part = self.text.get(term.at.clone()).unwrap_or(self.text);
        let message = match term.kind {
            Kind::Column(_) => problem.message,
            _ => format!("`{part}`: {}", problem.message),
        };
        ExpressionError { message, offset: Some(term.at.start), len: term.at.len(), help: problem.help }
    }
}

#[derive(Clone, Copy)]
enum Logic {
    All,
    Any,
}

impl Logic {
    /// The rows that the next term can still change: for `and` those that are not false, for `or` those that are not true.
    fn is_open(self, so_far: &BooleanArray) -> BooleanArray {
        let settled = match self {
            Self::All => boolean::not(so_far).map(|settled| is_true(&settled)),
            Self::Any => Ok(is_true(so_far)),
        };
        let open = settled.and_then(|settled| boolean::not(&settled));
        open.unwrap_or_else(|_| BooleanArray::from(vec![true; so_far.len()]))
    }
}

fn truth(truths: BooleanArray) -> Value {
    Value::column(Arc::new(truths))
}

/// Null becomes false.
pub(super) fn is_true(truths: &BooleanArray) -> BooleanArray {
    match truths.nulls() {
        None => truths.clone(),
        Some(nulls) => BooleanArray::new(truths.values() & nulls.inner(), None),
    }
}

/// Values back to the rows that they came from; the other rows are null.
fn scatter(values: &dyn Array, rows: &BooleanArray) -> Result<ArrayRef, ArrowError> {
    let mut next = 0;
    let indices = rows.values().iter().map(|is_set| {
        let index = next;
        next += u32::from(is_set);
        is_set.then_some(index)
    });
    take(values, &indices.collect::<UInt32Array>(), None)
}

fn null() -> Value {
    Value { array: Arc::new(NullArray::new(1)), scalar: true }
}

/// In each row the value whose mask is set; exactly one is.
fn choose(values: Vec<Value>, masks: &[BooleanArray]) -> Result<Value, Problem> {
    let data_type = unified(&values)?;
    let mut result = null().cast(&data_type)?;
    if data_type == DataType::Null {
        return Ok(result);
    }
    for (value, mask) in values.into_iter().zip(masks).rev() {
        let value = cast_where(value, &data_type, mask)?;
        result = Value::column(zip(mask, &value, &result)?);
    }
    Ok(result)
}

/// Casts, where only the masked rows need fit.
fn cast_where(value: Value, to: &DataType, mask: &BooleanArray) -> Result<Value, Problem> {
    let problem = match value.clone().cast(to) {
        Ok(cast) => return Ok(cast),
        Err(problem) => problem,
    };
    let lenient = value.clone().cast_or_null(to, true)?;
    let was_value = boolean::is_not_null(&value.clone().into_array(mask.len())?)?;
    let is_lost = boolean::and(&was_value, &boolean::is_null(&lenient.clone().into_array(mask.len())?)?)?;
    if boolean::and(&is_lost, mask)?.true_count() > 0 { Err(problem) } else { Ok(lenient) }
}

fn negate(value: Value) -> Result<Value, Problem> {
    let zero = Value { array: Arc::new(arrow_array::Int64Array::from(vec![0])), scalar: true };
    if value.data_type().is_floating() {
        let value = value.cast(&DataType::Float64)?;
        return Ok(Value { array: numeric::neg(&value.array)?, scalar: value.scalar });
    }
    // As a subtraction it is checked and widened as every other.
    let value = if value.data_type().is_integer() { value.cast(&DataType::Int64)? } else { value };
    arithmetic(Arithmetic::Subtract, zero, value, 1)
}

fn is_null(value: Value) -> Result<Value, Problem> {
    let truths = boolean::is_null(&value.array)?;
    Ok(Value { array: Arc::new(truths), scalar: value.scalar })
}

fn arithmetic(operator: Arithmetic, left: Value, right: Value, rows: usize) -> Result<Value, Problem> {
    if operator == Arithmetic::Concatenate {
        return text::concatenate(left, right, rows);
    }
    let (left, right) = computable(left, right)?;
    let kernel = match operator {
        Arithmetic::Add | Arithmetic::Concatenate => numeric::add,
        Arithmetic::Subtract => numeric::sub,
        Arithmetic::Multiply => numeric::mul,
        Arithmetic::Divide => numeric::div,
        Arithmetic::Remainder => numeric::rem,
    };
    Ok(Value { array: kernel(&left, &right)?, scalar: left.scalar && right.scalar })
}

pub(super) fn compare(comparison: Comparison, left: Value, right: Value) -> Result<Value, Problem> {
    let like = matches!(comparison, Comparison::Like | Comparison::LikeIgnoringCase);
    let (left, right) = match like {
        true => comparable(left.into_text("like")?, right.into_text("like")?)?,
        false => comparable(left, right)?,
    };
    if *left.data_type() == DataType::Null {
        return Ok(Value { array: Arc::new(BooleanArray::new_null(1)), scalar: true });
    }
    let kernel = match comparison {
        Comparison::Equal => cmp::eq,
        Comparison::NotEqual => cmp::neq,
        Comparison::Less => cmp::lt,
        Comparison::LessOrEqual => cmp::lt_eq,
        Comparison::Greater => cmp::gt,
        Comparison::GreaterOrEqual => cmp::gt_eq,
        Comparison::Distinct => cmp::distinct,
        Comparison::Like => like::like,
        Comparison::LikeIgnoringCase => like::ilike,
    };
    Ok(Value { array: Arc::new(kernel(&left, &right)?), scalar: left.scalar && right.scalar })
}

fn is_in(value: &Value, items: Vec<Value>) -> Result<Value, Problem> {
    let mut result: Option<Value> = None;
    for item in items {
        let equal = compare(Comparison::Equal, value.clone(), item)?;
        result = Some(match result {
            None => equal,
            Some(so_far) => combine(so_far, equal, boolean::or_kleene)?,
        });
    }
    result.ok_or_else(|| Problem::new("`in` over nothing"))
}

fn between(value: Value, low: Value, high: Value) -> Result<Value, Problem> {
    let above = compare(Comparison::GreaterOrEqual, value.clone(), low)?;
    let below = compare(Comparison::LessOrEqual, value, high)?;
    combine(above, below, boolean::and_kleene)
}

type Kleene = fn(&BooleanArray, &BooleanArray) -> Result<BooleanArray, ArrowError>;

fn combine(left: Value, right: Value, kernel: Kleene) -> Result<Value, Problem> {
    let scalar = left.scalar && right.scalar;
    let rows = if left.scalar { right.array.len() } else { left.array.len() };
    let (left, right) = (left.into_array(rows)?, right.into_array(rows)?);
    Ok(Value { array: Arc::new(kernel(left.as_boolean(), right.as_boolean())?), scalar })
}
