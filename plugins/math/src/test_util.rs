//! What the tests of tasks share: answers by turn, what was asked, lists.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

use stillroom_sdk::llm::{self, Answer, Prompt, Request};
use stillroom_sdk::test::TestOutput;
use stillroom_sdk::*;

/// What was asked, in order.
pub(crate) type Asked = Rc<RefCell<Vec<Request>>>;

/// Answers this thread's requests by a rule, and keeps them.
pub(crate) fn answer_by(mut rule: impl FnMut(&str) -> String + 'static) -> Asked {
    let asked = Asked::default();
    let kept = asked.clone();
    llm::answer_with(move |_, request| {
        kept.borrow_mut().push(request.clone());
        Ok(Answer::of(rule(&written(request))))
    });
    asked
}

/// Answers this thread's requests one after the other, and keeps them.
pub(crate) fn answers(texts: &[&str]) -> Asked {
    let mut texts: Vec<String> = texts.iter().rev().map(|text| (*text).to_owned()).collect();
    answer_by(move |_| texts.pop().expect("there is an answer to each request"))
}

/// A request as text: each turn, and the schema.
pub(crate) fn written(request: &Request) -> String {
    let mut text = String::new();
    match &request.prompt {
        Prompt::Text(prompt) => text.push_str(prompt),
        Prompt::Chat(messages) => messages.iter().for_each(|message| {
            writeln!(text, "[{}]\n{}", message.role.name(), message.content).unwrap();
        }),
    }
    if let Some(schema) = &request.schema {
        writeln!(text, "[schema]\n{schema}").unwrap();
    }
    text
}

/// Holds the only request against `tests/golden/NAME.txt`; with `STILLROOM_GOLDEN=write` the file is written.
pub(crate) fn golden(name: &str, asked: &Asked) {
    let path = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let found = written(&asked.borrow()[0]);
    if std::env::var_os("STILLROOM_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(&path, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap());
}

/// A column of lists of text.
pub(crate) fn texts(rows: &[Option<&[Option<&str>]>]) -> AnyArray {
    let items: Utf8Builder = rows.iter().flatten().flat_map(|row| row.iter().copied()).collect();
    ListBuilder::<_>::from_lengths(items, rows.iter().map(|row| row.map(<[_]>::len))).unwrap()
}

/// The rejected rows and why, without what the answer was.
pub(crate) fn reasons(output: &TestOutput) -> Vec<String> {
    let reason = |reason: &str| reason.split("; the answer was: ").next().unwrap_or_default().to_owned();
    output.rejected().iter().map(|rejection| format!("{}: {}", rejection.row, reason(&rejection.reason))).collect()
}
