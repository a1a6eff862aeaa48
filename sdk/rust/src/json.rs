//! The little JSON that a plugin reads and says of itself. Members keep the order in which they are written.
//!
//! Not serde_json: in every plugin it costs 34 kB more than this (measured with a trivial step under the profile `plugin`), which
//! takes such a step past 100 kB. Parameters are typed by [`params!`](crate::params!) all the same, and numbers stay exact.

mod value;

pub use value::Value;

/// Writes `text` as a JSON string.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => push_escaped(c, out),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn push_escaped(c: char, out: &mut String) {
    out.push_str("\\u00");
    out.extend([c as u32 >> 4, c as u32 & 15].into_iter().filter_map(|digit| char::from_digit(digit, 16)));
}

/// Writes a JSON list, each item by `write`.
pub(crate) fn list<T>(items: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote(text, &mut out);
    out
}

/// A JSON object under construction.
#[derive(Debug)]
pub struct Object {
    text: String,
}

impl Object {
    /// One without members.
    pub fn new() -> Self {
        Self { text: "{".to_owned() }
    }

    /// A member whose value is text.
    pub fn string(&mut self, name: &str, value: &str) {
        self.raw(name, &quoted(value));
    }

    /// A member whose value is a list of texts.
    pub fn strings<'a>(&mut self, name: &str, values: impl IntoIterator<Item = &'a str>) {
        let mut list = "[".to_owned();
        for value in values {
            if list.len() > 1 {
                list.push(',');
            }
            quote(value, &mut list);
        }
        list.push(']');
        self.raw(name, &list);
    }

    /// A member whose value is JSON.
    pub fn raw(&mut self, name: &str, json: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        quote(name, &mut self.text);
        self.text.push(':');
        self.text.push_str(json);
    }

    /// The object's text.
    pub fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}
