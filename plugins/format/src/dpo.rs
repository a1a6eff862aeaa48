//! `format/dpo`, `format/chat-dpo`: the best and the worst of several rated generations, for preference training such
//! as DPO (Rafailov et al. 2023, *Direct Preference Optimization: Your Language Model is Secretly a Reward Model*,
//! arXiv:2305.18290). Zephyr's pairs (Tunstall et al. 2023, *Zephyr: Direct Distillation of LM Alignment*,
//! arXiv:2310.16944) have a random one of the others where these have the worst.
//!
//! The rule: a generation counts that has a text (an empty one is one) and a rating that is a number. The highest
//! rating is chosen and the lowest rejected, the first where several have it. A row is rejected with fewer than two
//! such generations, with lists that are not of one length, and where all ratings are equal, unless `on-tie` says
//! otherwise.

use crate::columns::{Rejections, Row};
use crate::opening::{INSTRUCTION, MESSAGES, Opened, Opening, Prompts, SYSTEM_PROMPT};
use crate::pair::{GENERATIONS, MODELS, OnTie, Pairs, RATINGS, Side};
use crate::turns::ConversationBuilder;
use stillroom_sdk::*;

params! {
    /// Parameters of `dpo` and `chat-dpo`.
    pub struct DpoParams {
        /// What becomes of a row whose ratings are all equal.
        pub on_tie: OnTie = OnTie::Reject,
    }
}

/// The step `dpo`.
pub struct Dpo(Inner);

/// The step `chat-dpo`.
pub struct ChatDpo(Inner);

/// What both have.
struct Inner {
    opening: Opening,
    pairs: Pairs,
}

impl Step for Dpo {
    const NAME: &str = "dpo";
    const SUMMARY: &str = "Make `chosen` and `rejected` conversations of an instruction's best and worst generation.";
    const COLUMNS: &[Column] = &[SYSTEM_PROMPT, INSTRUCTION, GENERATIONS, MODELS, RATINGS];
    type Params = DpoParams;

    fn open(params: DpoParams, schema: &mut Schema) -> Result<Self> {
        let opening = Opening::text(schema)?;
        Inner::open(opening, params, schema).map(Self)
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        self.0.process(batch)
    }
}

impl Step for ChatDpo {
    const NAME: &str = "chat-dpo";
    const SUMMARY: &str =
        "Make `chosen` and `rejected` conversations with the best and the worst generation at the end.";
    const COLUMNS: &[Column] = &[MESSAGES, GENERATIONS, MODELS, RATINGS];
    type Params = DpoParams;

    fn open(params: DpoParams, schema: &mut Schema) -> Result<Self> {
        let opening = Opening::chat(schema)?;
        Inner::open(opening, params, schema).map(Self)
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        self.0.process(batch)
    }
}

impl Inner {
    fn open(opening: Opening, params: DpoParams, schema: &mut Schema) -> Result<Self> {
        let pairs = Pairs::open(schema, params.on_tie)?;
        Prompts::declare(schema);
        for side in ["chosen", "rejected"] {
            schema.output_field(side, ConversationBuilder::data_type());
            if pairs.has_models() {
                schema.output::<Utf8>(format!("{side}_model"));
            }
            schema.output::<Float64>(format!("{side}_rating"));
        }
        Ok(Self { opening, pairs })
    }

    fn process(&self, batch: &Batch) -> Result<Output> {
        let (openings, pairs) = (self.opening.read(batch)?, self.pairs.read(batch)?);
        let (mut prompts, mut rejections) = (Prompts::default(), Rejections::default());
        let mut sides = [SideBuilder::default(), SideBuilder::default()];
        for row in 0..batch.len() {
            let value: Row<_> = openings.row(row).and_then(|opened| Ok((opened, pairs.row(row)?)));
            let value = rejections.sift(row, value);
            prompts.push(value.as_ref().map(|(opened, _)| opened.prompt));
            for (index, side) in sides.iter_mut().enumerate() {
                side.push(value.as_ref().map(|(opened, pair)| (opened, pair[index])));
            }
        }
        let output =
            sides.into_iter().try_fold(prompts.output(), |output, side| side.tell(output, self.pairs.has_models()));
        Ok(rejections.tell(output?))
    }
}

/// The columns of one side.
#[derive(Default)]
struct SideBuilder {
    conversation: ConversationBuilder,
    model: Utf8Builder,
    rating: Float64Builder,
}

impl SideBuilder {
    fn push<'a>(&mut self, side: Option<(&Opened<'a>, Side<'a>)>) {
        self.conversation.push(side.map(|(opened, side)| opened.answered(side.text)));
        self.model.push(side.and_then(|(_, side)| side.model));
        self.rating.push(side.map(|(_, side)| side.rating));
    }

    fn tell(self, output: Output, with_model: bool) -> Result<Output> {
        let output = output.with(self.conversation.build()?);
        let output = if with_model { output.with(self.model) } else { output };
        Ok(output.with(self.rating))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{chat, chats, reasons, texts};

    type Answers<'a> = (Option<&'a [Option<&'a str>]>, Option<&'a [Option<f64>]>);

    fn batch(rows: &[Answers<'_>]) -> test::TestBatch {
        let generations: Vec<_> = rows.iter().map(|row| row.0).collect();
        let ratings: Float64Builder = rows.iter().filter_map(|row| row.1).flatten().copied().collect();
        let ratings = ListBuilder::<_>::from_lengths(ratings, rows.iter().map(|row| row.1.map(<[_]>::len))).unwrap();
        let batch = test::batch().utf8("instruction", rows.iter().map(|_| Some("q")));
        batch.column("generations", texts(&generations)).column("ratings", ratings)
    }

    const ABC: Option<&[Option<&str>]> = Some(&[Some("a"), Some("b"), Some("c")]);

    #[test]
    fn the_best_and_the_worst_are_a_pair() {
        let nan = Some(f64::NAN);
        let rows: [(Answers<'_>, [&str; 2], [f64; 2]); 6] = [
            ((ABC, Some(&[Some(2.0), Some(3.0), Some(1.0)])), ["b", "c"], [3.0, 1.0]),
            ((ABC, Some(&[Some(1.0), Some(5.0), Some(5.0)])), ["b", "a"], [5.0, 1.0]),
            ((ABC, Some(&[Some(5.0), Some(1.0), Some(1.0)])), ["a", "b"], [5.0, 1.0]),
            ((ABC, Some(&[None, Some(1.0), Some(2.0)])), ["c", "b"], [2.0, 1.0]),
            ((ABC, Some(&[Some(-1.0), nan, Some(-2.5)])), ["a", "c"], [-1.0, -2.5]),
            ((Some(&[None, Some(""), Some("ü")]), Some(&[Some(9.0), Some(0.0), Some(1.0)])), ["ü", ""], [1.0, 0.0]),
        ];
        let output = test::run::<Dpo>("{}", batch(&rows.map(|row| row.0))).unwrap();
        assert_eq!(reasons(&output), [""; 0]);
        for (index, name) in ["chosen", "rejected"].into_iter().enumerate() {
            let expected = rows.map(|row| format!("user:q|assistant:{}", row.1[index]));
            assert_eq!(chats(&output, name), expected);
            assert_eq!(output.values::<Float64>(&format!("{name}_rating")), rows.map(|row| Some(row.2[index])));
        }
        assert_eq!(output.values::<Utf8>("prompt"), [Some("q"); 6]);
    }

    #[test]
    fn rows_without_a_pair_are_rejected() {
        let rows: [Answers<'_>; 8] = [
            (ABC, Some(&[Some(2.0), Some(2.0), Some(2.0)])),
            (ABC, Some(&[Some(1.0), Some(2.0)])),
            (Some(&[Some("a")]), Some(&[Some(1.0)])),
            (Some(&[]), Some(&[])),
            (None, Some(&[])),
            (ABC, None),
            (ABC, Some(&[None, Some(1.0), None])),
            (Some(&[Some("a"), None]), Some(&[Some(1.0), Some(2.0)])),
        ];
        let output = test::run::<Dpo>("{}", batch(&rows)).unwrap();
        let expected = [
            "0: all 3 ratings are 2",
            "1: `ratings` has 2 items for 3 generations",
            "2: 1 of 1 generations have a text and a rating; two are needed",
            "3: 0 of 0 generations have a text and a rating; two are needed",
            "4: `generations` is null",
            "5: `ratings` is null",
            "6: 1 of 3 generations have a text and a rating; two are needed",
            "7: 1 of 2 generations have a text and a rating; two are needed",
        ];
        assert_eq!(reasons(&output), expected);
        assert_eq!(chats(&output, "rejected"), ["-"; 8]);
    }

    #[test]
    fn ties_may_be_kept() {
        let rows: [Answers<'_>; 2] =
            [(ABC, Some(&[Some(2.0), Some(2.0), Some(2.0)])), (ABC, Some(&[Some(0.0), None, Some(-0.0)]))];
        let output = test::run::<Dpo>(r#"{"on-tie": "first-last"}"#, batch(&rows)).unwrap();
        assert_eq!(chats(&output, "chosen"), ["user:q|assistant:a"; 2]);
        assert_eq!(chats(&output, "rejected"), ["user:q|assistant:c"; 2]);
    }

    #[test]
    fn models_go_along() {
        let rows: [Answers<'_>; 3] = [(ABC, Some(&[Some(2.0), Some(3.0), Some(1.0)])); 3];
        let models: [Option<&[Option<&str>]>; 3] = [Some(&[Some("x"), None, Some("z")]), None, Some(&[Some("x")])];
        let output = test::run::<Dpo>("{}", batch(&rows).column("generation_models", texts(&models))).unwrap();
        assert_eq!(output.values::<Utf8>("chosen_model"), [None; 3]);
        assert_eq!(output.values::<Utf8>("rejected_model"), [Some("z"), None, None]);
        assert_eq!(reasons(&output), ["2: `generation_models` has 1 items for 3 generations"]);
    }

    #[test]
    fn columns_come_as_declared() {
        let names = |batch: test::TestBatch| {
            let step = test::Runner::open::<Dpo>("{}", &batch.fields()).unwrap();
            step.outputs().iter().map(|field| field.name.clone()).collect::<Vec<_>>().join(" ")
        };
        let plain = batch(&[(ABC, None)]);
        assert_eq!(names(plain.clone()), "prompt prompt_id chosen chosen_rating rejected rejected_rating");
        let models = plain.column("generation_models", texts(&[None]));
        let expected = "prompt prompt_id chosen chosen_model chosen_rating rejected rejected_model rejected_rating";
        assert_eq!(names(models), expected);
    }

    #[test]
    fn conversations_are_answered_twice() {
        let messages = chat(&[Some("system:s|user:1|assistant:x|user:2"), Some("system:s"), None]);
        let ratings = Int64Builder::from_values(vec![1, 5, 1, 5, 1, 5]);
        let ratings = ListBuilder::<_>::from_lengths(ratings, [Some(2); 3]).unwrap();
        let both: Option<&[Option<&str>]> = Some(&[Some("no"), Some("yes")]);
        let batch = test::batch().column("messages", messages).column("generations", texts(&[both; 3]));
        let output = test::run::<ChatDpo>("{}", batch.column("ratings", ratings)).unwrap();
        assert_eq!(output.values::<Utf8>("prompt"), [Some("1"), None, None]);
        assert_eq!(chats(&output, "chosen")[0], "system:s|user:1|assistant:x|user:2|assistant:yes");
        assert_eq!(chats(&output, "rejected")[0], "system:s|user:1|assistant:x|user:2|assistant:no");
        assert_eq!(reasons(&output), ["1: no turn of `messages` is the user's", "2: `messages` is null"]);
    }

    #[test]
    fn columns_of_other_types_are_refused() {
        let list = ListBuilder::<_>::from_lengths(Int64Builder::new(), [Some(0)]).unwrap();
        let batch = test::batch().utf8("instruction", [Some("q")]).column("generations", list);
        let fault = test::run::<Dpo>("{}", batch).unwrap_err();
        assert_eq!(fault.message(), "column `generations` is list<int64>; it must be a list of text");
    }
}
