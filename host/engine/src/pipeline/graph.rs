//! Which step takes whose rows: `from` is looked up, circles are found, and the steps are put in order. All of it once,
//! in time that grows with the number of steps and no faster.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::fault::{Fault, Segment, Short};
use super::spec::{Action, Step};
use super::suggest::did_you_mean;
use super::{Place, Spanned};

/// One of the steps whose rows a step takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// The index of the step that the rows come from.
    pub step: usize,
    /// The index of its branch, where it is a [`route`](Action::Route).
    pub branch: Option<usize>,
    /// Where it is written; the step's id where it is not, and the rows are those of the step before.
    pub place: Place,
}

/// How the steps hang together.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    /// Id to index.
    pub(super) index: HashMap<String, usize>,
    /// For each step, where its rows come from.
    pub(super) inputs: Vec<Vec<Input>>,
    /// Every step after those that it takes rows from; else as in the file.
    pub(super) order: Vec<usize>,
}

impl Graph {
    /// Looks up every `from` of steps whose ids differ.
    pub(super) fn new(steps: &[Step]) -> Result<Self, Fault> {
        let names = Names::new(steps);
        let inputs = (0..steps.len()).map(|index| names.inputs(index).map_err(|fault| within(fault, index)));
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let order = order(steps, &inputs)?;
        let index = names.steps.into_iter().map(|(id, index)| (id.to_owned(), index)).collect();
        Ok(Self { index, inputs, order })
    }
}

fn within(fault: Fault, index: usize) -> Fault {
    fault.within(Segment::Index(index)).within(Segment::Key("steps".into()))
}

/// What `from` may name.
struct Names<'a> {
    all: &'a [Step],
    steps: HashMap<&'a str, usize>,
    branches: HashMap<(usize, &'a str), usize>,
}

impl<'a> Names<'a> {
    fn new(all: &'a [Step]) -> Self {
        let steps = all.iter().enumerate().map(|(index, step)| (step.id.as_str(), index)).collect();
        let of = |(index, step): (usize, &'a Step)| {
            let named = branches(step).unwrap_or_default().iter().enumerate();
            named.map(move |(branch, name)| ((index, name.as_str()), branch))
        };
        Self { all, steps, branches: all.iter().enumerate().flat_map(of).collect() }
    }

    fn inputs(&self, index: usize) -> Result<Vec<Input>, Fault> {
        let step = &self.all[index];
        if step.from.is_empty() {
            return self.before(index);
        }
        let mut seen = HashSet::new();
        let mut inputs = Vec::with_capacity(step.from.len());
        for name in &step.from {
            let input = self.input(index, name).map_err(|fault| fault.at(name.place))?;
            if !seen.insert((input.step, input.branch)) {
                let fault = Fault::new(format!("`{}` stands twice in `from`", Short(name)));
                return Err(fault.at(name.place).label("a second time"));
            }
            inputs.push(input);
        }
        Ok(inputs)
    }

    /// The step before, where a step does not say.
    fn before(&self, index: usize) -> Result<Vec<Input>, Fault> {
        let step = &self.all[index];
        if index == 0 || matches!(step.action, Action::Source(_)) {
            return Ok(Vec::new());
        }
        let before = &self.all[index - 1];
        if let Some(branches) = branches(before) {
            let fault = Fault::new(format!("the step before, `{}`, is a route: whose rows?", Short(&before.id)));
            return Err(fault.at(step.id.place).maybe_help(name_a_branch(&before.id, branches)));
        }
        Ok(vec![Input { step: index - 1, branch: None, place: step.id.place }])
    }

    /// `step` or `step.branch`.
    fn input(&self, index: usize, name: &Spanned<String>) -> Result<Input, Fault> {
        let (id, branch) = name.split_once('.').map_or((name.as_str(), None), |(id, branch)| (id, Some(branch)));
        let Some(&step) = self.steps.get(id) else {
            let others = self.all.iter().enumerate().filter(|(other, _)| *other != index);
            let help = did_you_mean(id, "the others are", others.map(|(_, step)| step.id.as_str()));
            return Err(Fault::new(format!("no step has the id `{}`", Short(id))).label("not a step").maybe_help(help));
        };
        if step == index {
            return Err(Fault::new("it takes its own rows: a step cannot name itself in `from`"));
        }
        let branch = self.branch(step, branch)?;
        Ok(Input { step, branch, place: name.place })
    }

    fn branch(&self, step: usize, branch: Option<&str>) -> Result<Option<usize>, Fault> {
        let id = Short(&self.all[step].id);
        let Some(branches) = branches(&self.all[step]) else {
            return match branch {
                None => Ok(None),
                Some(_) => {
                    Err(Fault::new(format!("`{id}` is no route and has no branches")).help(format!("write `{id}`")))
                }
            };
        };
        let Some(branch) = branch else {
            let fault = Fault::new(format!("`{id}` is a route: which of its branches?"));
            return Err(fault.maybe_help(name_a_branch(id.0, branches)));
        };
        match self.branches.get(&(step, branch)) {
            Some(&index) => Ok(Some(index)),
            None => {
                let help = did_you_mean(branch, "its branches are", branches.iter().map(|branch| branch.as_str()));
                Err(Fault::new(format!("the route `{id}` has no branch `{}`", Short(branch))).maybe_help(help))
            }
        }
    }
}

fn branches(step: &Step) -> Option<&[Spanned<String>]> {
    if let Action::Route(route) = &step.action { Some(&route.branches) } else { None }
}

fn name_a_branch(route: &str, branches: &[Spanned<String>]) -> Option<String> {
    let names: Vec<String> = branches.iter().map(|branch| format!("{}.{}", Short(route), Short(branch))).collect();
    did_you_mean("", "write `from:` with one of", names.iter().map(String::as_str))
}

/// The steps such that rows go forward only; of those that could be next, the one that the file has first.
fn order(steps: &[Step], inputs: &[Vec<Input>]) -> Result<Vec<usize>, Fault> {
    let mut waits: Vec<usize> = inputs.iter().map(Vec::len).collect();
    let mut after = vec![Vec::new(); inputs.len()];
    for (index, inputs) in inputs.iter().enumerate() {
        inputs.iter().for_each(|input| after[input.step].push(index));
    }
    let mut ready: BinaryHeap<_> = (0..inputs.len()).filter(|index| waits[*index] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(inputs.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for &next in &after[index] {
            waits[next] -= 1;
            if waits[next] == 0 {
                ready.push(Reverse(next));
            }
        }
    }
    match waits.iter().position(|waits| *waits > 0) {
        Some(start) => Err(circle(steps, inputs, &waits, start)),
        None => Ok(order),
    }
}

/// The circle that a step is in or after, of the steps that still wait.
fn circle(steps: &[Step], inputs: &[Vec<Input>], waits: &[usize], start: usize) -> Fault {
    let before = |index: usize| inputs[index].iter().find(|input| waits[input.step] > 0);
    let mut way = vec![start];
    let mut at = HashMap::from([(start, 0)]);
    while let Some(input) = way.last().and_then(|last| before(*last)) {
        if let Some(begin) = at.insert(input.step, way.len()) {
            way.drain(..begin);
            break;
        }
        way.push(input.step);
    }
    // Against the rows until now. What closes a circle is the `from` that names a later step, so it begins with the first.
    way.reverse();
    let first = way.iter().enumerate().min_by_key(|(_, index)| **index).map_or(0, |(at, _)| at);
    way.rotate_left(first);
    let (Some(&first), Some(&last)) = (way.first(), way.last()) else { return Fault::new("the steps form a circle") };
    let fault = Fault::new(format!("the rows go round in a circle: {}", ids(steps, &way)));
    match inputs[first].iter().find(|input| input.step == last) {
        Some(input) => within(fault.at(input.place).label("this closes the circle"), first),
        None => within(fault, first),
    }
}

/// `a → b → a`; of a long way the beginning and the end.
fn ids(steps: &[Step], way: &[usize]) -> String {
    const SHOWN: usize = 8;
    let id = |index: &usize| Short(&steps[*index].id).to_string();
    let mut ids: Vec<String> = way.iter().take(SHOWN).map(id).collect();
    if way.len() > SHOWN {
        ids.push(format!("… ({} more)", way.len() - SHOWN));
    }
    ids.extend(way.first().map(id));
    ids.join(" → ")
}
