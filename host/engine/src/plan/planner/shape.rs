//! Where ways part and meet.

use super::*;

impl Planner<'_> {
    pub(super) fn route(&mut self, at: usize, step: &Step, input: &Stream, spec: &RouteSpec) -> Result<Vec<Stream>> {
        let by_batch = |each: &RouteUnit| *each == RouteUnit::Batch;
        let mut done = Done::new("route", String::new());
        let (route, uses) = match &spec.by {
            RouteBy::Where { expressions, first } => {
                let parsed = expressions.iter().map(|text| self.condition(step, input, text));
                let parsed = parsed.collect::<Result<Vec<_>>>()?;
                done.reads = parsed.iter().flat_map(|one| one.columns().map(str::to_owned)).collect();
                let uses = list(spec.branches.iter().zip(expressions).map(|(name, text)| format!("{name}: {text}")));
                (Route::Where { expressions: parsed, is_first: *first }, uses)
            }
            RouteBy::Random { pick, seed, each } => {
                let uses = format!("{pick} of {} at random, seed {seed}", spec.branches.len());
                (Route::Random { pick: *pick, seed: *seed, by_batch: by_batch(each) }, uses)
            }
            RouteBy::InTurn { each } => {
                (Route::InTurn { by_batch: by_batch(each) }, format!("{} in turn", spec.branches.len()))
            }
        };
        let numbered = if self.origins.contains(&at) { self.number(input, at) } else { input.clone() };
        let stream = self.put(at, &numbered, Work::Route(route), numbered.schema.clone(), numbered.makers.clone());
        self.done(at, &stream.schema, Done { uses, ..done });
        if let Some(planned) = &mut self.steps[at] {
            planned.branches = spec.branches.iter().map(|branch| branch.value.clone()).collect();
        }
        Ok(self.branches(&stream, spec.branches.len()))
    }

    /// The streams that come out of an op with several branches.
    pub(super) fn branches(&mut self, stream: &Stream, count: usize) -> Vec<Stream> {
        let op = stream.from.map_or(0, |(op, _)| op);
        self.segments[stream.segment].ops[op].next = vec![Vec::new(); count];
        (0..count).map(|branch| Stream { from: Some((op, branch)), ..stream.clone() }).collect()
    }

    pub(super) fn concat(
        &mut self,
        at: usize,
        step: &Step,
        inputs: &[Stream],
        order: ConcatOrder,
    ) -> Result<Vec<Stream>> {
        let ids = self.input_ids(at);
        let arriving = arriving(inputs, &ids, None);
        let columns = concat_columns(&arriving).map_err(|clash| self.clash(step, &clash))?;
        let kind = if order == ConcatOrder::Origin { MeetKind::Concat } else { MeetKind::Append };
        let stream = self.meet(at, inputs, kind, columns);
        self.done(at, &stream.schema, Done::new("concat", list(ids.into_iter())));
        Ok(vec![stream])
    }

    pub(super) fn join(&mut self, at: usize, step: &Step, inputs: &[Stream], kind: JoinKind) -> Result<Vec<Stream>> {
        let ids = self.input_ids(at);
        let arriving = arriving(inputs, &ids, self.dominators.origin(at));
        let columns = join_columns(kind, &arriving).map_err(|clash| self.clash(step, &clash))?;
        let stream = self.meet(at, inputs, MeetKind::Join(kind), columns);
        self.done(at, &stream.schema, Done::new("join", list(ids.into_iter())));
        Ok(vec![stream])
    }

    pub(super) fn clash(&self, step: &Step, clash: &super::meet::Clash) -> PipelineError {
        let message = format!("step `{}`, column `{}`: {}", *step.id, clash.column, clash.message);
        self.fail(step.id.place, message, clash.help)
    }

    /// Streams of one segment meet in it, item by item; of one family, in a stage, item by item; others when all of them
    /// are there.
    pub(super) fn meet(
        &mut self,
        at: usize,
        inputs: &[Stream],
        kind: MeetKind,
        columns: super::meet::Columns,
    ) -> Stream {
        let (schema, mut makers, columns) = columns;
        // What several made, or is null where one had no row, is from here on a column of its own.
        makers.iter_mut().filter(|maker| **maker == NOBODY).for_each(|maker| *maker = self.maker());
        let schema: SchemaRef = Arc::new(schema);
        let origin = self.dominators.origin(at).filter(|_| kind != MeetKind::Append);
        let meet = Arc::new(Meet {
            step: (at, self.pipeline.steps[at].id.value.clone()),
            kind,
            inputs: inputs.iter().map(|input| MeetInput::new(&input.schema, origin)).collect(),
            columns,
            schema: schema.clone(),
            batch: self.batch_of(&self.pipeline.steps[at]),
        });
        let first = &inputs[0];
        if kind != MeetKind::Append && inputs.iter().all(|input| input.segment == first.segment) {
            let stream = self.put(at, first, Work::Meet(meet), schema, makers);
            let op = stream.from.map_or(0, |(op, _)| op);
            for (port, input) in inputs.iter().enumerate().skip(1) {
                self.attach(input, Target::Op(op, port));
            }
            return stream;
        }
        let is_aligned = kind != MeetKind::Append && inputs.iter().all(|input| input.family == first.family);
        let kind = if is_aligned { StageKind::Meet(meet) } else { StageKind::Collect(meet) };
        let stage = self.stage(kind, Some(at));
        inputs.iter().for_each(|input| self.lead(input, stage));
        let family = if is_aligned { first.family } else { self.family() };
        self.stream_of(stage, at, schema, makers, family)
    }
}
