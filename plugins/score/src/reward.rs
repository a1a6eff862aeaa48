//! The step `reward`: how good a response is, by a reward model.

use stillroom_sdk::llm::{Message, Model, Role, Scored};
use stillroom_sdk::task::{ChatIn, Row, TextIn};
use stillroom_sdk::*;

use crate::model::{Made, ScoreParams, answer, declare, only};

/// The step `reward`.
pub struct Reward {
    model: Model,
    made: Made,
    from: From,
}

enum From {
    Response { instruction: Option<TextIn>, response: TextIn },
    Conversation(ChatIn),
}

impl Step for Reward {
    const NAME: &str = "reward";
    const SUMMARY: &str = "Score a response by a reward model.";
    const COLUMNS: &[Column] = &[
        Column::optional("response", &["utf8"], "The response."),
        Column::optional("instruction", &["utf8"], "What it responds to."),
        Column::optional(
            "conversation",
            &["list", "large-list", "fixed-size-list"],
            "A conversation that ends with the response; used where there is no `response`.",
        ),
    ];
    type Params = ScoreParams;

    fn open(params: ScoreParams, schema: &mut Schema) -> Result<Self> {
        let from = match (TextIn::optional(schema, "response")?, ChatIn::optional(schema, "conversation")?) {
            (Some(response), _) => From::Response { instruction: TextIn::optional(schema, "instruction")?, response },
            (None, Some(conversation)) => From::Conversation(conversation),
            (None, None) => return Err(Fault::params("there is neither a column `response` nor `conversation`")),
        };
        let made = vec![("score", DataType::Float64)];
        declare(&made, schema);
        Ok(Self { model: Model::named(&params.model)?, made, from })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let ask = |row: Row<'_>| self.from.scored(row).map(|scored| vec![scored]);
        answer(&self.model, &self.made, batch, ask, |ratings| Ok(vec![only(&ratings[0])?.into()]))
    }
}

impl From {
    fn scored(&self, row: Row<'_>) -> Result<Scored, String> {
        match self {
            Self::Response { instruction, response } => {
                let query = instruction.as_ref().map(|of| of.get(row)).transpose()?;
                Ok(Scored { query: query.map(str::to_owned), text: response.get(row)?.to_owned() })
            }
            Self::Conversation(conversation) => {
                let messages = conversation.get(row)?;
                match messages.split_last() {
                    Some((last, before)) if last.role == Role::Assistant => {
                        Ok(Scored { query: query(before), text: last.content.clone() })
                    }
                    Some(_) => Err("the last turn of `conversation` is not the assistant's".to_owned()),
                    None => Err("`conversation` has no turn".to_owned()),
                }
            }
        }
    }
}

/// What was said before: a single question as it is, more with who said it.
fn query(before: &[Message]) -> Option<String> {
    match before {
        [] => None,
        [only] => Some(only.content.clone()),
        several => {
            let turn = |message: &Message| format!("{}: {}", message.role.name(), message.content);
            Some(several.iter().map(turn).collect::<Vec<_>>().join("\n\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stillroom_sdk::llm::{Failure, Rating, score_with};

    /// One rating for each letter of the text; `-` has none, `!` fails.
    fn rate(scored: &Scored) -> Result<Vec<Rating>, Failure> {
        let rating = |letter: char| Rating { label: letter.to_string(), value: f64::from(u32::from(letter)) };
        match scored.text.as_str() {
            "-" => Ok(Vec::new()),
            "!" => Err(Failure::Failed("gone".to_owned())),
            "nan" => Ok(vec![Rating { label: String::new(), value: f64::NAN }]),
            text => Ok(text.chars().map(rating).collect()),
        }
    }

    #[test]
    fn responses_are_scored() {
        score_with(|model, scored| {
            assert_eq!((model, scored.query.as_deref()), ("judge", Some("why?")));
            rate(scored)
        });
        let responses = [Some("a"), None, Some("-"), Some("!"), Some("nan"), Some("bc")];
        let batch = test::batch().utf8("instruction", [Some("why?"); 6]).utf8("response", responses);
        let output = test::run::<Reward>(r#"{"model": "judge"}"#, batch).unwrap();
        assert_eq!(output.values::<Float64>("score")[..2], [Some(97.0), None]);
        assert_eq!(output.values::<Utf8>("model_name")[..2], [Some("judge"), None]);
        let reasons: Vec<&str> = output.rejected().iter().map(|rejection| rejection.reason.as_str()).collect();
        let expected = [
            "`response` is null",
            "the model gave no score",
            "failed: gone",
            "the model gave a score that is no number",
            "the model gives a score to each of `b`, `c`: `score/classify` takes such",
        ];
        assert_eq!(reasons, expected);
    }

    #[test]
    fn conversations_are_scored() {
        let of = |turns: &[(&str, &str)]| {
            let roles: Utf8Builder = turns.iter().map(|(role, _)| Some(*role)).collect();
            let contents: Utf8Builder = turns.iter().map(|(_, content)| Some(*content)).collect();
            let column = StructBuilder::new().member("role", roles).member("content", contents);
            let batch = test::batch()
                .column("conversation", ListBuilder::<_>::from_lengths(column, [Some(turns.len())]).unwrap());
            test::run::<Reward>(r#"{"model": "judge"}"#, batch).unwrap()
        };
        score_with(|_, scored| {
            assert_eq!(scored.query.as_deref(), Some("system: s\n\nuser: u"));
            rate(scored)
        });
        let output = of(&[("system", "s"), ("user", "u"), ("assistant", "a")]);
        assert_eq!(output.values::<Float64>("score"), [Some(97.0)]);
        let last = "the last turn of `conversation` is not the assistant's";
        assert_eq!(of(&[("user", "u")]).rejected()[0].reason, last);
        assert_eq!(of(&[]).rejected()[0].reason, "`conversation` has no turn");
        let fault = test::run::<Reward>(r#"{"model": "judge"}"#, test::rows(1)).unwrap_err();
        assert_eq!(fault.message(), "there is neither a column `response` nor `conversation`");
    }
}
