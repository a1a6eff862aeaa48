//! `route:` as written to what it means.

use std::collections::HashSet;

use super::check::is_name;
use super::fault::{Fault, Short};
use super::spec::{RouteBy, RouteSpec};
use super::written::RouteTable;
use super::{Place, Spanned};

/// A route that is right by itself.
pub(super) fn route(written: Spanned<RouteTable>) -> Result<RouteSpec, Fault> {
    let whole = written.place;
    let table = written.value;
    if let (Some(_), Some(branches)) = (&table.r#where, &table.branches) {
        let fault = Fault::new("the route has both `where` and `branches`").at(branches.place);
        return Err(fault.help("either rows choose by expressions, or they go to branches at random or in turn"));
    }
    let spec = if table.r#where.is_some() { by_expressions(table)? } else { by_turns(table, whole)? };
    names(&spec.branches).map(|()| spec)
}

fn by_expressions(table: RouteTable) -> Result<RouteSpec, Fault> {
    let place = |key, place: Option<Place>| place.map(|place| (key, place));
    let stray = place("pick", table.pick.map(|pick| pick.place))
        .or(place("seed", table.seed.map(|seed| seed.place)))
        .or(place("in-turn", table.in_turn.map(|in_turn| in_turn.place)))
        .or(place("each", table.each.map(|each| each.place)));
    if let Some((key, place)) = stray {
        return Err(Fault::new(format!("`{key}` goes with `branches`, not with `where`")).at(place));
    }
    let Some(written) = table.r#where else { return Err(Fault::new("the route has no branches")) };
    if written.is_empty() {
        return Err(Fault::new("no branch is named").at(written.place));
    }
    let (mut branches, expressions): (Vec<_>, Vec<_>) = written.value.into_iter().unzip();
    branches.extend(table.otherwise);
    let first = table.first.is_some_and(|first| first.value);
    Ok(RouteSpec { branches, by: RouteBy::Where { expressions, first } })
}

fn by_turns(table: RouteTable, whole: Place) -> Result<RouteSpec, Fault> {
    let otherwise = table.otherwise.map(|otherwise| ("otherwise", otherwise.place));
    let Some(branches) = table.branches else {
        let help = "give it `where: { NAME: EXPRESSION }` or `branches: [NAME, NAME]`";
        return Err(Fault::new("the route has no branches").at(whole).help(help));
    };
    if let Some((key, place)) = otherwise.or(table.first.map(|first| ("first", first.place))) {
        return Err(Fault::new(format!("`{key}` goes with `where`, not with `branches`")).at(place));
    }
    if branches.is_empty() {
        return Err(Fault::new("no branch is named").at(branches.place));
    }
    let each = table.each.map(|each| each.value).unwrap_or_default();
    if table.in_turn.is_some_and(|in_turn| in_turn.value) {
        let pick = table.pick.map(|pick| ("pick", pick.place));
        if let Some((key, place)) = pick.or(table.seed.map(|seed| ("seed", seed.place))) {
            return Err(Fault::new(format!("`{key}` goes with a choice at random, not with `in-turn`")).at(place));
        }
        return Ok(RouteSpec { branches: branches.value, by: RouteBy::InTurn { each } });
    }
    let pick = pick(table.pick, branches.len())?;
    let seed = table.seed.map_or(0, |seed| seed.value);
    Ok(RouteSpec { branches: branches.value, by: RouteBy::Random { pick, seed, each } })
}

fn pick(written: Option<Spanned<usize>>, branches: usize) -> Result<usize, Fault> {
    match written {
        None => Ok(1),
        Some(pick) if (1..=branches).contains(&pick) => Ok(pick.value),
        Some(pick) => Err(Fault::new(format!("must be 1 to {branches}, the number of branches")).at(pick.place)),
    }
}

fn names(branches: &[Spanned<String>]) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for branch in branches {
        if !is_name(branch) {
            let fault = Fault::new(format!("`{}` cannot be a branch's name", Short(branch))).at(branch.place);
            return Err(fault.help("a name has letters, digits, `_` and `-`"));
        }
        if !seen.insert(branch.as_str()) {
            let fault = Fault::new(format!("two branches have the name `{}`", Short(branch))).at(branch.place);
            return Err(fault.label("the second"));
        }
    }
    Ok(())
}
