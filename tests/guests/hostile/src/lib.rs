//! Does and answers what no step may. Speaks the contract without the SDK, which would not let it.
//!
//! `act` is a transform, `gather` a global step; both take `n: int64`. Their parameters are `case`, one of [`Case`], `phase`,
//! the call in which it is to be, and `at`: then only a batch in which `n` has that value is answered with a lie. In
//! `describe`, which has no parameters, the case is what a test wrote over [`MARKER`].
#![cfg(target_family = "wasm")]

wit_bindgen::generate!({ path: "../../../sdk/wit/v0.1", world: "plugin" });

mod act;
#[allow(dead_code)] // some of it is the tests' half
mod cases;
mod lie;
mod say;

use std::cell::{Cell, RefCell};
use std::hint::black_box;

use cases::{Case, MARKED, MARKER, Phase};
use exports::stillroom::step::step::{Batch, Fault, Field, Guest, Manifest, Output, RowCount, Signature};

struct Hostile;

#[derive(Default)]
struct Plan {
    case: Option<Case>,
    phase: String,
    at: Option<i64>,
    gathers: bool,
    data_type: &'static str,
}

thread_local! {
    static PLAN: RefCell<Plan> = RefCell::default();
    static SEEN: Cell<u32> = const { Cell::new(0) };
    static ANSWERED: Cell<bool> = const { Cell::new(false) };
}

/// The case of this call, if this is the call that has it.
fn now(phase: Phase) -> Option<Case> {
    PLAN.with_borrow(|plan| plan.case.filter(|_| plan.phase == phase.name()))
}

impl Guest for Hostile {
    fn describe() -> Vec<Manifest> {
        let marker = String::from_utf8_lossy(&black_box(MARKER)[MARKED..]).trim().to_owned();
        let case = Case::ALL.iter().copied().find(|case| case.name() == marker);
        if let Some(case) = case {
            act::act(case);
        }
        say::manifests(case)
    }

    fn open(step: String, params: String, _input: Vec<Field>) -> Result<Signature, Fault> {
        let case = Case::ALL.iter().copied().find(|case| params.contains(&format!("\"case\":\"{}\"", case.name())));
        let at = params.split("\"at\":").nth(1).and_then(|rest| rest.split([',', '}']).next()?.trim().parse().ok());
        let phase = params.split("\"phase\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        let gathers = step == "gather";
        let data_type = case.map_or("utf8", lie::data_type);
        PLAN.set(Plan { case, phase: phase.to_owned(), at, gathers, data_type });
        let case = now(Phase::Open);
        if let Some(case) = case {
            act::act(case);
            say::fault(case)?;
        }
        let planned = PLAN.with_borrow(|plan| plan.case);
        let any = gathers || planned.is_some_and(lie::needs_rows);
        let field = Field {
            name: "text".to_owned(),
            data_type: data_type.to_owned(),
            nullable: planned != Some(Case::NullWhereNever),
        };
        let signature = Signature {
            inputs: vec!["n".to_owned()],
            outputs: vec![field],
            row_count: if any { RowCount::Any } else { RowCount::Same },
            key: Vec::new(),
        };
        Ok(say::signature(case, signature))
    }

    fn process(input: Batch) -> Result<Output, Fault> {
        let rows = input.length;
        SEEN.set(SEEN.get() + rows);
        let (at, gathers, data_type) = PLAN.with_borrow(|plan| (plan.at, plan.gathers, plan.data_type));
        let numbers = input.arrays.first().and_then(|n| n.buffers.get(1)).map(Vec::as_slice).unwrap_or_default();
        let is_there = |at: i64| numbers.chunks_exact(8).any(|n| n == at.to_le_bytes());
        let case = now(Phase::Process).filter(|_| at.is_none_or(is_there));
        if let Some(case) = case {
            act::act(case);
            say::fault(case)?;
        }
        if gathers && case != Some(Case::AnswersTooEarly) {
            return Ok(lie::nothing());
        }
        let any = PLAN.with_borrow(|plan| plan.case.is_some_and(lie::needs_rows));
        let mut output = lie::truth(data_type, rows, any);
        if let Some(case) = case {
            lie::lie(case, &mut output, rows);
        }
        Ok(output)
    }

    fn finish() -> Result<Option<Output>, Fault> {
        let case = now(Phase::Finish);
        if let Some(case) = case {
            act::act(case);
            say::fault(case)?;
        }
        match case {
            Some(Case::FinishesWithNothing) => return Ok(Some(lie::nothing())),
            Some(Case::FinishesForever) => {}
            _ if ANSWERED.replace(true) => return Ok(None),
            _ => {}
        }
        let data_type = PLAN.with_borrow(|plan| plan.data_type);
        let mut output = lie::truth(data_type, SEEN.get(), true);
        if let Some(case) = case {
            lie::lie(case, &mut output, SEEN.get());
        }
        Ok(Some(output))
    }
}

export!(Hostile);
