//! Ops put behind streams, segments begun, stages led to.

use super::*;

impl Planner<'_> {
    /// Puts an op behind a stream; what comes out of it.
    pub(super) fn put(&mut self, at: usize, input: &Stream, work: Work, schema: SchemaRef, makers: Vec<u32>) -> Stream {
        let segment = &mut self.segments[input.segment];
        let slot = segment.steps.iter().rposition(|step| *step == at).unwrap_or_else(|| {
            segment.steps.push(at);
            segment.steps.len() - 1
        });
        let op = segment.ops.len();
        segment.ops.push(Op { step: at, slot, work, cut: None, next: vec![Vec::new()] });
        self.attach(input, Target::Op(op, 0));
        let step = &self.pipeline.steps[at];
        let stream = Stream { from: Some((op, 0)), schema, makers, ..input.clone() };
        self.cut_for(step, &stream);
        stream
    }

    /// A step that says how large its batches are at most gets none that are larger.
    pub(super) fn cut_for(&mut self, step: &Step, stream: &Stream) {
        let (Some((op, _)), true) = (stream.from, step.batch_rows.or(step.batch_bytes).is_some()) else { return };
        let cut =
            BatchSize { rows: step.batch_rows.unwrap_or(usize::MAX), bytes: step.batch_bytes.unwrap_or(usize::MAX) };
        self.segments[stream.segment].ops[op].cut = Some(cut.clamped());
    }

    pub(super) fn attach(&mut self, stream: &Stream, target: Target) {
        let segment = &mut self.segments[stream.segment];
        match stream.from {
            None => segment.first.push(target),
            Some((op, branch)) => segment.ops[op].next[branch].push(target),
        }
    }

    pub(super) fn segment(&mut self, step: usize) -> usize {
        self.segments.push(Segment { steps: vec![step], ..Segment::default() });
        self.segments.len() - 1
    }

    pub(super) fn stage(&mut self, kind: StageKind, step: Option<usize>) -> usize {
        self.stages.push(StagePlan { kind, step, ports: Vec::new(), out: None });
        self.stages.len() - 1
    }

    /// A new port of a stage, behind a segment.
    pub(super) fn exit(&mut self, segment: usize, stage: usize) -> usize {
        let port = self.stages[stage].ports.len();
        self.stages[stage].ports.push(Some(segment));
        self.segments[segment].exits.push(Exit { stage, port });
        self.segments[segment].exits.len() - 1
    }

    /// Leads a stream to a new port of a stage.
    pub(super) fn lead(&mut self, stream: &Stream, stage: usize) {
        let exit = self.exit(stream.segment, stage);
        self.attach(stream, Target::Exit(exit));
    }

    /// Leads a stage to a new port of another one.
    pub(super) fn link(&mut self, from: usize, to: usize) {
        let port = self.stages[to].ports.len();
        self.stages[to].ports.push(None);
        self.stages[from].out = Some(Out::Port(Exit { stage: to, port }));
    }

    /// What comes out of a stage: the beginning of a segment.
    pub(super) fn stream_of(
        &mut self,
        stage: usize,
        at: usize,
        schema: SchemaRef,
        makers: Vec<u32>,
        family: usize,
    ) -> Stream {
        let segment = self.segment(at);
        self.stages[stage].out = Some(Out::Segment(segment));
        Stream { segment, from: None, schema, makers, family }
    }

    pub(super) fn family(&mut self) -> usize {
        self.families += 1;
        self.families
    }

    pub(super) fn maker(&mut self) -> u32 {
        self.makers += 1;
        self.makers
    }
}
