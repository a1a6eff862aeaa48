use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Write;
use std::path::Path;
use std::rc::Rc;

use crate::llm::{Answer, Failure, Prompt, Request, answer_with};

/// What a model was asked in a test.
#[derive(Debug, Clone, Default)]
pub struct Asked(Rc<RefCell<Vec<Request>>>);

/// Answers this thread's requests from now on with these texts, one after the other; what is asked beyond them fails.
pub fn answering<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Asked {
    let mut texts: VecDeque<String> = texts.into_iter().map(Into::into).collect();
    let asked = Asked::default();
    let log = asked.clone();
    answer_with(move |_, request| {
        log.0.borrow_mut().push(request.clone());
        let text = texts.pop_front().ok_or_else(|| Failure::Failed("the test has no more answers".to_owned()))?;
        Ok(Answer::of(text))
    });
    asked
}

impl Asked {
    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.0.borrow().clone()
    }

    /// Whether the requests so far are, word by word, what stands in a file. With `GOLDEN=write` in the environment the file
    /// is written. Panics where they are not.
    pub fn assert_golden(&self, file: impl AsRef<Path>) {
        let text: String = self.requests().iter().map(spelled).collect();
        if std::env::var_os("GOLDEN").is_some_and(|how| how == "write") {
            std::fs::write(&file, &text).expect("a golden file can be written");
        }
        let golden = std::fs::read_to_string(&file).expect("a golden file is there");
        assert_eq!(text, golden, "the requests are not those of {}", file.as_ref().display());
    }
}

/// A request as text for people: what a golden file holds.
fn spelled(request: &Request) -> String {
    let mut text = String::new();
    let mut part = |name: &str, of: &str| _ = writeln!(text, "=== {name}\n{of}");
    match &request.prompt {
        Prompt::Text(prompt) => part("text", prompt),
        Prompt::Chat(messages) => messages.iter().for_each(|message| part(message.role.name(), &message.content)),
    }
    if let Some(schema) = &request.schema {
        part("schema", schema);
    }
    let Request { temperature, top_p, max_tokens, stop, seed, logprobs, .. } = request;
    let numbers = [
        ("temperature", temperature.map(|number| number.to_string())),
        ("top-p", top_p.map(|number| number.to_string())),
        ("max-tokens", max_tokens.map(|number| number.to_string())),
        ("seed", seed.map(|number| number.to_string())),
        ("logprobs", logprobs.map(|number| number.to_string())),
    ];
    numbers.into_iter().for_each(|(name, number)| number.iter().for_each(|number| part(name, number)));
    stop.iter().for_each(|stop| part("stop", &format!("{stop:?}")));
    text
}
