//! The words for types: JSON Schema's, and Python's, in which APIGen's data have them.

use stillroom_sdk::Value;

/// What a word for a type means.
#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    Any,
    Null,
    Bool,
    Integer,
    Number,
    Text,
    Object,
    List(Option<Box<Kind>>),
    Either(Vec<Kind>),
}

impl Kind {
    /// What is meant; none where nobody knows.
    pub(super) fn of(word: &str) -> Option<Self> {
        let word = word.trim();
        if let Some((word, _)) = word.rsplit_once(',').filter(|(_, last)| last.trim().eq_ignore_ascii_case("optional"))
        {
            return Self::of(word);
        }
        let (base, inside) = match word.split_once('[') {
            Some((base, rest)) => (base, Some(rest.strip_suffix(']')?)),
            None => (word, None),
        };
        let all = |words: &str| parts(words).into_iter().map(Self::of).collect::<Option<Vec<_>>>();
        Some(match (base.trim().to_ascii_lowercase().as_str(), inside) {
            ("optional", Some(inside)) => Self::Either(vec![Self::Null, Self::of(inside)?]),
            ("union", Some(inside)) => Self::Either(all(inside)?),
            ("list" | "set" | "sequence" | "iterable", Some(inside)) => Self::List(Some(Box::new(Self::of(inside)?))),
            ("tuple", Some(inside)) => {
                let items = parts(inside).into_iter().filter(|item| item.trim() != "...").map(Self::of);
                Self::List(Some(Box::new(Self::Either(items.collect::<Option<_>>()?))))
            }
            ("list" | "array" | "tuple" | "set", None) => Self::List(None),
            ("dict" | "mapping", Some(_)) | ("dict" | "object", None) => Self::Object,
            ("str" | "string", None) => Self::Text,
            ("int" | "integer", None) => Self::Integer,
            ("float" | "number", None) => Self::Number,
            ("bool" | "boolean", None) => Self::Bool,
            ("null" | "none" | "nonetype", None) => Self::Null,
            ("any", None) => Self::Any,
            _ => return None,
        })
    }

    pub(super) fn accepts(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any, _)
            | (Self::Null, Value::Null)
            | (Self::Bool, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::Text, Value::String(_))
            | (Self::Object, Value::Object(_))
            | (Self::List(None), Value::Array(_)) => true,
            (Self::Integer, Value::Number(number)) => number.parse::<f64>().is_ok_and(|number| number.fract() == 0.0),
            (Self::List(Some(item)), Value::Array(items)) => items.iter().all(|value| item.accepts(value)),
            (Self::Either(kinds), value) => kinds.iter().any(|kind| kind.accepts(value)),
            _ => false,
        }
    }
}

/// Whether a word of APIGen's data says that its parameter may be left out.
pub(super) fn is_optional(word: &str) -> bool {
    let word = word.trim().to_ascii_lowercase();
    word.rsplit_once(',').is_some_and(|(_, last)| last.trim() == "optional") || word.starts_with("optional[")
}

/// What commas part that stand in no bracket.
fn parts(words: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in words.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&words[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&words[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(word: &str, json: &str) -> Option<bool> {
        Kind::of(word).map(|kind| kind.accepts(&Value::parse(json).unwrap()))
    }

    #[test]
    fn words_of_both_languages_are_known() {
        let accepted = [
            ("string", r#""a""#),
            ("str, optional", r#""a""#),
            ("integer", "2.0"),
            ("float", "2"),
            ("List[int]", "[1, 2]"),
            ("Optional[str]", "null"),
            ("Union[int, List[str]], optional", r#"["a"]"#),
            ("Dict[str, Any]", "{}"),
            ("Tuple[float, float]", "[1.5, 2]"),
            ("tuple[int, ...]", "[1, 2, 3]"),
            ("boolean", "true"),
            ("Any", "[{}]"),
        ];
        assert!(accepted.iter().all(|(word, json)| accepts(word, json) == Some(true)), "{accepted:?}");
        let refused = [("str", "1"), ("int", "1.5"), ("List[int]", r#"["a"]"#), ("bool", "0"), ("object", "[]")];
        assert!(refused.iter().all(|(word, json)| accepts(word, json) == Some(false)), "{refused:?}");
        for word in ["", "Foo", "List[Foo]", "List[int", "str, maybe", "int[3]"] {
            assert_eq!(Kind::of(word), None, "{word}");
        }
    }
}
