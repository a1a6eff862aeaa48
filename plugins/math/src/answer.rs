//! The answer that a solution comes to.

/// What a solution says that its answer is: behind the last `The answer is`, in the last `\boxed{…}`, or behind the last `####`.
pub(crate) fn last_answer(text: &str) -> Option<&str> {
    let behind = |mark: &str| {
        // ASCII alone is lowered, so that places stay the same.
        let at = text.to_ascii_lowercase().rfind(mark)? + mark.len();
        text.get(at..)?.lines().next()
    };
    let found = behind("answer is").or_else(|| boxed(text)).or_else(|| behind("####"))?;
    Some(bare(found)).filter(|answer| !answer.is_empty())
}

/// Whether two answers are the same: as numbers where both are, else as texts without regard to case and white space.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one == other,
        _ => plain(one) == plain(other),
    }
}

fn boxed(text: &str) -> Option<&str> {
    let inside = text.get(text.rfind(r"\boxed{")? + r"\boxed{".len()..)?;
    let mut depth = 0_u32;
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return inside.get(..at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Without what stands around it: white space, emphasis, dollar signs, a box, a full stop.
fn bare(text: &str) -> &str {
    let is_around = |c: char| c.is_whitespace() || "*$:`\"".contains(c);
    let mut text = text.trim_matches(is_around).trim_end_matches('.').trim_matches(is_around);
    for (open, close) in [(r"\(", r"\)"), (r"\[", r"\]")] {
        if let Some(inside) = text.strip_prefix(open).and_then(|text| text.strip_suffix(close)) {
            text = inside.trim();
        }
    }
    match boxed(text) {
        Some(inside) if text.starts_with(r"\boxed{") => inside.trim(),
        _ => text,
    }
}

fn plain(text: &str) -> String {
    bare(text).chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// A number, with or without commas between thousands, or a fraction of two.
fn number(text: &str) -> Option<f64> {
    let text = plain(text);
    let digits = |text: &str| {
        let text = without_commas(text)?;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
        text.parse::<f64>().ok().filter(|_| is_number)
    };
    match text.split_once('/') {
        Some((above, below)) => {
            let below = digits(below).filter(|below| *below != 0.0)?;
            Some(digits(above)? / below)
        }
        None => digits(&text),
    }
}

/// The text without its commas, if these part thousands: `1,000` and not `1,0`.
fn without_commas(text: &str) -> Option<String> {
    let whole = text.split('.').next().unwrap_or_default();
    let groups_are_whole = whole.split(',').skip(1).all(|group| group.len() == 3);
    let commas_are_there_alone = !text.get(whole.len()..).unwrap_or_default().contains(',');
    (groups_are_whole && commas_are_there_alone).then(|| text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found() {
        let found = [
            ("Step 1: x\nThe answer is: 7.", Some("7")),
            ("The answer is 3. No: the ANSWER IS **$1,200$**.\nDone", Some("1,200")),
            (r"So \boxed{\frac{1}{2}} it is", Some(r"\frac{1}{2}")),
            (r"The answer is: \(\boxed{42}\).", Some("42")),
            ("He has 5 left.\n#### 5", Some("5")),
            ("The answer is ½ ü", Some("½ ü")),
            ("The answer is:", None),
            ("İ The answer is 9", Some("9")),
            ("It is 7.", None),
            (r"\boxed{1", None),
        ];
        for (text, answer) in found {
            assert_eq!(last_answer(text), answer, "{text}");
        }
    }

    #[test]
    fn answers_are_compared_as_numbers_or_texts() {
        let same = [("7", "7.0"), ("1,200", "1200"), ("1/2", "0.5"), ("x + 1", "X+1"), ("-3", " -3. "), ("$5", "5")];
        assert!(same.iter().all(|(one, other)| is_same(one, other)), "{same:?}");
        let different =
            [("7", "8"), ("7", "7 apples"), ("1,2", "12"), ("inf", "infinity"), ("1/0", "2/0"), ("50%", "50")];
        assert!(different.iter().all(|(one, other)| !is_same(one, other)), "{different:?}");
    }
}
