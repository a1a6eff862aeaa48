//! What an evolution has to be: what Evol-Instruct calls elimination, section 3.2 of the paper.

use stillroom_sdk::task::clip;

/// Words that speak of the prompt and not of its subject.
const COPIED: [&str; 12] = [
    "<instruction>",
    "</instruction>",
    "<response>",
    "</response>",
    "given instruction",
    "given response",
    "given prompt",
    "rewritten instruction",
    "rewritten response",
    "rewritten prompt",
    "new instruction:",
    "between the tags",
];

/// A refusal is shorter, in words.
const REFUSAL: usize = 80;

/// Words that say nothing by themselves. `no` and `not` are not among them: they may be all of an answer.
const STOP_WORDS: &str = " a about after again all also am an and any are as at be because been before being but by can \
could did do does doing down each few for from further had has have having he her here hers him his how i if in into is it \
its just me more most my nor now of off on once only or other our out over own same she should so some such than \
that the their them then there these they this those through to too under until up very was we were what when where which \
while who whom why will with would you your ";

/// The evolution in an answer; or why it is none. `before` is what it is an evolution of.
pub(crate) fn evolution(answer: &str, before: &str) -> Result<String, String> {
    let text = unwrapped(answer);
    says_something(text)?;
    let (lower, known) = (text.to_lowercase(), before.to_lowercase());
    if let Some(copied) = COPIED.iter().find(|words| lower.contains(**words) && !known.contains(**words)) {
        return Err(format!("it copies `{copied}` from the prompt"));
    }
    if !has_sorry(&known) {
        is_no_refusal(text)?;
    }
    match plain(text) == plain(before) {
        true => Err("there is nothing new in it: it says the same in the same words".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// The answer to an instruction; or why it is none.
pub(crate) fn response(answer: &str) -> Result<String, String> {
    let text = answer.trim();
    says_something(text)?;
    is_no_refusal(text)?;
    Ok(text.to_owned())
}

/// A text of so many characters at the most.
pub(crate) fn at_most(text: String, most: usize) -> Result<String, String> {
    match text.chars().count() {
        chars if chars > most => Err(format!("it has {chars} characters, and `max-length` is {most}")),
        _ => Ok(text),
    }
}

/// Without what a model puts around all of a text.
fn unwrapped(answer: &str) -> &str {
    let text = answer.trim();
    let inside = |open: &str, close: &str| text.strip_prefix(open)?.strip_suffix(close);
    let tagged = inside("<instruction>", "</instruction>").or_else(|| inside("<response>", "</response>"));
    // A fence around everything, and not one that begins and another that ends it.
    let fence = inside("```", "```").filter(|inside| !inside.contains("```"));
    let fenced = fence.and_then(|inside| inside.split_once('\n')).filter(|(language, _)| !language.contains(' '));
    tagged.or(fenced.map(|(_, inside)| inside)).unwrap_or(text).trim()
}

fn says_something(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    match words(text).any(|word| !STOP_WORDS.contains(&format!(" {} ", word.to_lowercase()))) {
        true => Ok(()),
        false => Err("there is nothing in it but punctuation and stop words".to_owned()),
    }
}

fn is_no_refusal(text: &str) -> Result<(), String> {
    let count = words(text).count();
    match has_sorry(&text.to_lowercase()) && count < REFUSAL {
        true => Err(format!("it is a refusal, `sorry` in less than {REFUSAL} words: {}", clip(text, 80))),
        false => Ok(()),
    }
}

fn has_sorry(lower: &str) -> bool {
    words(lower).any(|word| word == "sorry")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// The words of a text, whatever stands between them. Signs count where they are all that makes a difference, as in formulas.
fn plain(text: &str) -> String {
    let kept: String =
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '.' | ',' | '!' | '?' | ':')).collect();
    kept.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evolution_is_what_stands_in_the_answer() {
        for answer in ["Add 2 and 3.", "\n Add 2 and 3. \n", "```\nAdd 2 and 3.\n```", "```text\nAdd 2 and 3.```"] {
            assert_eq!(evolution(answer, "Add 2 and 2.").unwrap(), "Add 2 and 3.", "{answer}");
        }
        assert_eq!(evolution("<instruction>\nAdd 3.\n</instruction>", "Add 2.").unwrap(), "Add 3.");
        let two = "```py\na\n```\nExplain both.\n```py\nb\n```";
        assert_eq!(evolution(two, "Add 2.").unwrap(), two);
        assert_eq!(evolution("1 + 2", "1 - 2").unwrap(), "1 + 2");
        assert_eq!(evolution("日本語で説明して", "Explain.").unwrap(), "日本語で説明して");
    }

    #[test]
    fn what_is_eliminated_says_why() {
        let why = |answer: &str| evolution(answer, "Name a colour.").unwrap_err();
        assert_eq!(why(" \n"), "it is empty");
        assert_eq!(why("``` ```"), "there is nothing in it but punctuation and stop words");
        assert_eq!(why("It is, and so on … to THE"), "there is nothing in it but punctuation and stop words");
        assert_eq!(why("Rewritten Instruction: name two."), "it copies `rewritten instruction` from the prompt");
        assert_eq!(why("NAME  a colour"), "there is nothing new in it: it says the same in the same words");
        let sorry = why("I'm sorry, but I cannot do that.");
        assert_eq!(sorry, "it is a refusal, `sorry` in less than 80 words: I'm sorry, but I cannot do that.");
    }

    #[test]
    fn words_that_the_text_had_before_may_stay() {
        let before = "Say sorry for the given prompt.";
        let after = "Say sorry, in verse, for the given prompt.";
        assert_eq!(evolution(after, before).unwrap(), after);
        let long = format!("sorry {}", "word ".repeat(80));
        assert_eq!(response(&long).unwrap(), long.trim());
        assert!(response("Sorry!").is_err());
        assert_eq!(response(" No. ").unwrap(), "No.");
        assert_eq!(response("…").unwrap_err(), "there is nothing in it but punctuation and stop words");
    }
}
