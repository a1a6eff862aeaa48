//! `format/prm`: solutions whose steps are tagged right or wrong, for training a process reward model.
//!
//! Wang et al. 2023, *Math-Shepherd: Verify and Reinforce LLMs Step-by-step without Human Annotations*,
//! arXiv:2312.08935. Every step ends with a tag, which white space may follow. `math-shepherd` writes the steps as
//! lines behind the instruction, once with a token in each tag's place (`input`) and once as they are (`label`). `trl`
//! parts the steps from their tags (`completions`, `labels`), as TRL's `PRMTrainer` takes them.

use crate::columns::{LISTS, Rejections, Row, TextLists, needed, text_lists};
use crate::opening::INSTRUCTION;
use stillroom_sdk::*;

choices! {
    /// What is made.
    pub enum Layout {
        /// `input` and `label`.
        MathShepherd,
        /// `prompt`, `completions` and `labels`.
        Trl,
    }
}

params! {
    /// Parameters of `prm`.
    pub struct PrmParams {
        /// What is made.
        pub format: Layout = Layout::MathShepherd,
        /// With `math-shepherd`: what stands in a tag's place, where the model's verdict is wanted.
        pub step_token: String = "ки".to_owned(),
        /// What a right step ends with, and what a wrong one.
        pub tags: Vec<String> = vec!["+".to_owned(), "-".to_owned()],
    }
}

const SOLUTIONS: Column = Column::required("solutions", LISTS, "Lists of texts: the steps of one solution, with tags.");

/// The step.
pub struct Prm {
    instruction: In<Utf8>,
    solutions: In<Any>,
    params: PrmParams,
}

/// A step of a solution.
struct Tagged<'a> {
    text: &'a str,
    tag: &'a str,
    is_right: bool,
}

impl Step for Prm {
    const NAME: &str = "prm";
    const SUMMARY: &str = "Format solutions with tagged steps for training a process reward model.";
    const COLUMNS: &[Column] = &[INSTRUCTION, SOLUTIONS];
    type Params = PrmParams;

    fn open(params: PrmParams, schema: &mut Schema) -> Result<Self> {
        match params.tags.iter().map(|tag| tag.trim_end()).collect::<Vec<_>>().as_slice() {
            [right, wrong] if right != wrong && !right.is_empty() && !wrong.is_empty() => {}
            _ => return Err(Fault::params("parameter `tags` must be two different texts")),
        }
        let instruction = schema.input(INSTRUCTION.name)?;
        let solutions = text_lists(schema, SOLUTIONS.name)?;
        match params.format {
            Layout::MathShepherd => ["input", "label"].iter().for_each(|name| schema.output::<Utf8>(*name)),
            Layout::Trl => {
                schema.output::<Utf8>("prompt");
                schema.output::<List<Utf8>>("completions");
                schema.output::<List<Bool>>("labels");
            }
        }
        Ok(Self { instruction, solutions, params })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let instructions = batch.column(self.instruction)?;
        let solutions = TextLists::of(batch.column(self.solutions)?)?;
        let mut rejections = Rejections::default();
        let row = |row| {
            let steps =
                needed(instructions, row, INSTRUCTION.name).and_then(|text| Ok((text, self.steps(solutions, row)?)));
            rejections.sift(row, steps)
        };
        let rows: Vec<_> = (0..batch.len()).map(row).collect();
        Ok(rejections.tell(match self.params.format {
            Layout::MathShepherd => self.math_shepherd(&rows),
            Layout::Trl => trl(&rows),
        }))
    }
}

/// An instruction and the steps of its solution; none is a rejected row.
type Solved<'a> = Option<(&'a str, Vec<Tagged<'a>>)>;

impl Prm {
    fn steps<'a>(&'a self, solutions: TextLists<'a>, row: usize) -> Row<Vec<Tagged<'a>>> {
        let steps = solutions.whole(row, SOLUTIONS.name)?;
        if steps.is_empty() {
            return Err("`solutions` has no steps".to_owned());
        }
        let tagged = |(place, step)| self.tagged(step).ok_or_else(|| format!("step {place} ends with no tag"));
        steps.into_iter().enumerate().map(tagged).collect()
    }

    /// Takes a step and its tag apart. Of two tags that both fit the longer one is meant.
    fn tagged<'a>(&'a self, step: &'a str) -> Option<Tagged<'a>> {
        let of = |index: usize| {
            let tag = self.params.tags[index].as_str();
            let text = step.trim_end().strip_suffix(tag.trim_end())?;
            Some(Tagged { text, tag, is_right: index == 0 })
        };
        [of(0), of(1)].into_iter().flatten().min_by_key(|tagged| tagged.text.len())
    }

    fn math_shepherd(&self, rows: &[Solved<'_>]) -> Output {
        let write = |end: fn(&Self, &Tagged<'_>) -> String| {
            let row = |(instruction, steps): &(&str, Vec<Tagged<'_>>)| {
                let steps: Vec<String> = steps.iter().map(|step| format!("{}{}", step.text, end(self, step))).collect();
                format!("{instruction} {}", steps.join("\n"))
            };
            rows.iter().map(|solved| solved.as_ref().map(row)).collect::<Utf8Builder>()
        };
        Output::of(write(|step, _| step.params.step_token.clone())).with(write(|_, tagged| tagged.tag.to_owned()))
    }
}

fn trl(rows: &[Solved<'_>]) -> Output {
    let prompts: Utf8Builder = rows.iter().map(|solved| solved.as_ref().map(|(instruction, _)| *instruction)).collect();
    let mut completions = ListBuilder::<_>::new(Utf8Builder::new());
    let mut labels = ListBuilder::<_>::new(BoolBuilder::new());
    for row in rows {
        let Some((_, steps)) = row else {
            completions.push_null();
            labels.push_null();
            continue;
        };
        for step in steps {
            completions.values().push_value(step.text.trim());
            labels.values().push(Some(step.is_right));
        }
        completions.finish_row();
        labels.finish_row();
    }
    Output::of(prompts).with(completions).with(labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{reasons, texts};

    fn batch(rows: &[Option<&[Option<&str>]>]) -> test::TestBatch {
        test::batch().utf8("instruction", rows.iter().map(|_| Some("1 + 1?"))).column("solutions", texts(rows))
    }

    const STEPS: Option<&[Option<&str>]> = Some(&[Some("Step 1: add +"), Some("Step 2: it is 3. -\n"), Some("+")]);

    #[test]
    fn tags_become_tokens() {
        let output = test::run::<Prm>("{}", batch(&[STEPS])).unwrap();
        assert_eq!(output.values::<Utf8>("input"), [Some("1 + 1? Step 1: add ки\nStep 2: it is 3. ки\nки")]);
        assert_eq!(output.values::<Utf8>("label"), [Some("1 + 1? Step 1: add +\nStep 2: it is 3. -\n+")]);
    }

    #[test]
    fn tags_become_labels() {
        let output = test::run::<Prm>(r#"{"format": "trl"}"#, batch(&[STEPS, None])).unwrap();
        assert_eq!(output.values::<Utf8>("prompt"), [Some("1 + 1?"), None]);
        let completions = output.column::<List<Utf8>>("completions");
        let items: Vec<_> = completions.values().iter().flatten().collect();
        assert_eq!(items, ["Step 1: add", "Step 2: it is 3.", ""]);
        assert!(completions.is_null(1));
        let labels = output.column::<List<Bool>>("labels");
        assert_eq!(labels.values().iter().flatten().collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(reasons(&output), ["1: `solutions` is null"]);
    }

    #[test]
    fn tags_and_token_may_be_others() {
        let params = r#"{"tags": ["✓", "x✓"], "step-token": "<s>"}"#;
        let output = test::run::<Prm>(params, batch(&[Some(&[Some("a✓"), Some("bx✓")])])).unwrap();
        assert_eq!(output.values::<Utf8>("input"), [Some("1 + 1? a<s>\nb<s>")]);
        let params = r#"{"tags": ["✓", "x✓"], "format": "trl"}"#;
        let output = test::run::<Prm>(params, batch(&[Some(&[Some("a✓"), Some("bx✓")])])).unwrap();
        let labels = output.column::<List<Bool>>("labels");
        assert_eq!(labels.values().iter().flatten().collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn rows_without_tagged_steps_are_rejected() {
        let rows: [Option<&[Option<&str>]>; 5] =
            [Some(&[]), Some(&[Some("a +"), Some("b")]), Some(&[Some("")]), Some(&[None]), STEPS];
        let output = test::run::<Prm>("{}", batch(&rows)).unwrap();
        let expected = [
            "0: `solutions` has no steps",
            "1: step 1 ends with no tag",
            "2: step 0 ends with no tag",
            "3: `solutions` has a null at place 0",
        ];
        assert_eq!(reasons(&output), expected);
        assert_eq!(output.values::<Utf8>("input")[..4], [None; 4]);
        assert!(test::run::<Prm>("{}", batch(&[])).unwrap().is_empty());
    }

    #[test]
    fn tags_are_two() {
        for tags in [r#"[]"#, r#"["+"]"#, r#"["+", "+"]"#, r#"["", "-"]"#, r#"[" ", "-"]"#, r#"["a", "b", "c"]"#] {
            let fault = test::run::<Prm>(format!(r#"{{"tags": {tags}}}"#), batch(&[STEPS])).unwrap_err();
            assert_eq!(fault.message(), "parameter `tags` must be two different texts");
        }
    }
}
