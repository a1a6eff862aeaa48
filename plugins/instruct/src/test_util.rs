//! A model's part in tests, and what was asked of it.

use std::cell::RefCell;
use std::rc::Rc;

use stillroom_sdk::llm::{self, Answer, Failure, Message, Prompt, Request};
use stillroom_sdk::test::TestOutput;
use stillroom_sdk::*;

/// All that is asked from now on.
pub(crate) type Asked = Rc<RefCell<Vec<Request>>>;

/// A model that says `answer` of what it is asked: of the last message.
pub(crate) fn model(mut answer: impl FnMut(&str) -> Result<String, Failure> + 'static) -> Asked {
    let asked = Asked::default();
    let keep = Rc::clone(&asked);
    llm::answer_with(move |_, request| {
        keep.borrow_mut().push(request.clone());
        answer(last(request)).map(Answer::of)
    });
    asked
}

/// A model that says one text after the other.
pub(crate) fn says(answers: &[&str]) -> Asked {
    let mut answers: Vec<String> = answers.iter().rev().map(|answer| (*answer).to_owned()).collect();
    model(move |_| answers.pop().ok_or_else(|| Failure::Failed("nothing more is said".to_owned())))
}

fn last(request: &Request) -> &str {
    match &request.prompt {
        Prompt::Chat(messages) => messages.last().map_or("", |message| &message.content),
        Prompt::Text(text) => text,
    }
}

/// A request as a golden file has it.
pub(crate) fn written(request: &Request) -> String {
    let turn = |message: &Message| format!("[{}]\n{}\n", message.role.name(), message.content);
    let mut text = match &request.prompt {
        Prompt::Chat(messages) => messages.iter().map(turn).collect(),
        Prompt::Text(text) => format!("[text]\n{text}\n"),
    };
    let Request { schema, temperature, top_p, max_tokens, stop, seed, .. } = request;
    let others = format!("temperature {temperature:?}, top-p {top_p:?}, max-tokens {max_tokens:?}, seed {seed:?}");
    text += &format!("[schema]\n{}\n[stop]\n{stop:?}\n[others]\n{others}\n", schema.as_deref().unwrap_or("none"));
    text
}

/// Compares with `tests/golden/NAME.txt`. With `GOLDEN=write` in the environment it is written: look at the difference then.
pub(crate) fn golden(name: &str, asked: &Asked) {
    let asked: Vec<String> = asked.borrow().iter().map(written).collect();
    let file = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = asked.join("\n====\n\n");
    if std::env::var("GOLDEN").is_ok_and(|wanted| wanted == "write") {
        std::fs::write(&file, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap();
    assert!(text == expected, "{name} asks otherwise than tests/golden/{name}.txt says:\n{text}");
}

/// A column of texts.
pub(crate) fn texts(output: &TestOutput, name: &str) -> Vec<String> {
    output.values::<Utf8>(name).into_iter().map(|text| text.unwrap_or("-").to_owned()).collect()
}

/// A column of lists of text: `a|b`.
pub(crate) fn lists(output: &TestOutput, name: &str) -> Vec<String> {
    let column = output.column::<List<Utf8>>(name);
    let items = column.values();
    let text = |item: usize| items.get(item).unwrap_or("-");
    let row = |row| column.get(row).map_or("-".to_owned(), |row| row.map(text).collect::<Vec<_>>().join("|"));
    (0..output.len()).map(row).collect()
}

/// The rejected rows and why.
pub(crate) fn reasons(output: &TestOutput) -> Vec<String> {
    output.rejected().iter().map(|rejection| format!("{}: {}", rejection.row, rejection.reason)).collect()
}

/// Why a step cannot be opened.
pub(crate) fn fault<S: Step>(params: &str, batch: test::TestBatch) -> String {
    test::run::<S>(params, batch).unwrap_err().message().to_owned()
}

/// Why an answer cannot be read: what is told of the only row, without the answer itself.
pub(crate) fn why<S: Step>(params: &str, batch: test::TestBatch, answer: &str) -> String {
    says(&[answer]);
    let output = test::run::<S>(params, batch).unwrap();
    let reason = &output.rejected()[0].reason;
    let (why, told) = reason.split_once("; the answer was: ").unwrap();
    assert_eq!(told, answer);
    why.to_owned()
}
