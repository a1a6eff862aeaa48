//! Writes the little JSON that a plugin says of itself. Members keep the order in which they are written, which a map
//! of `serde_json` would not, and no serialiser gets into the component.

/// Writes `text` as a JSON string.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
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
        let values: Vec<String> = values.into_iter().map(quoted).collect();
        self.raw(name, &format!("[{}]", values.join(",")));
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
