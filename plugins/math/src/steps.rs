//! The form in which models write solutions: `Step 1: …`, `Step 2: …`, and `The answer is: …` at the end of the last.

use crate::answer::last_answer;

/// What a prompt says of the form; `first` is the number of the first step that is to be written.
pub(crate) fn form(first: usize) -> String {
    let next = first + 1;
    format!(
        "Write plain text without headings. Each step begins on a line of its own: `Step {first}: …`, `Step {next}: …` and so on; \
         it does one thing, and says what comes of it. The last step ends with `The answer is: ` and the answer alone, without a \
         unit or explanation."
    )
}

/// The steps of a text that begins with step `first`, each with its `Step n:`. What stands before that is passed over.
pub(crate) fn steps(text: &str, first: usize) -> Result<Vec<String>, String> {
    let mut steps: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.trim().trim_matches('*').trim();
        match number_of(line) {
            Some((number, rest)) if number == first + steps.len() => {
                steps.push(format!("Step {number}: {rest}").trim_end().to_owned());
            }
            Some((number, _)) => {
                return Err(format!("step {number} stands where step {} is due", first + steps.len()));
            }
            None => {
                if let Some(step) = steps.last_mut().filter(|_| !line.is_empty() && !line.starts_with("```")) {
                    step.push('\n');
                    step.push_str(line);
                }
            }
        }
    }
    match steps.last() {
        None => Err(format!("there is no `Step {first}:`")),
        Some(last) if last_answer(last).is_none() => Err("the last step does not say `The answer is:`".to_owned()),
        Some(_) => Ok(steps),
    }
}

/// `Step 2: rest`, without regard to case.
fn number_of(line: &str) -> Option<(usize, &str)> {
    let (word, rest) = line.split_at_checked(4)?;
    let (number, rest) = rest.trim_start().split_once([':', '.'])?;
    let number = number.trim_matches(|c: char| c == '*' || c.is_whitespace()).parse().ok()?;
    word.eq_ignore_ascii_case("step").then(|| (number, rest.trim_matches(|c: char| c == '*' || c.is_whitespace())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read() {
        let text = "Let us see.\n\n**Step 1:** 2 + 3 = 5\nso 5 it is\n\nSTEP 2 : 5 · 2 = 10. The answer is: 10\n```";
        let expected = ["Step 1: 2 + 3 = 5\nso 5 it is", "Step 2: 5 · 2 = 10. The answer is: 10"];
        assert_eq!(steps(text, 1).unwrap(), expected);
        assert_eq!(steps("Step 3: The answer is: 1", 3).unwrap(), ["Step 3: The answer is: 1"]);
    }

    #[test]
    fn what_is_no_solution_is_told() {
        let bad = [
            ("It is 10.", "there is no `Step 1:`"),
            ("Stepü", "there is no `Step 1:`"),
            ("Step 1: a\nStep 3: The answer is: 1", "step 3 stands where step 2 is due"),
            ("Step 2: The answer is: 1", "step 2 stands where step 1 is due"),
            ("Step 1: a\nStep 2: b", "the last step does not say `The answer is:`"),
            ("Step 1: The answer is: 3\nStep 2: b", "the last step does not say `The answer is:`"),
        ];
        for (text, why) in bad {
            assert_eq!(steps(text, 1).unwrap_err(), why);
        }
    }
}
