//! A new plugin's name: what a package, a module and a file may be called in every language.

use miette::{Result, miette};

/// The longest.
const MOST: usize = 50;

/// Words that some language keeps for itself, and names that some tool would take for its own.
const TAKEN: &[&str] = &[
    "abstract",
    "and",
    "any",
    "as",
    "assert",
    "async",
    "await",
    "bool",
    "break",
    "build",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "continue",
    "core",
    "crate",
    "def",
    "default",
    "defer",
    "del",
    "dist",
    "do",
    "double",
    "dyn",
    "elif",
    "else",
    "enum",
    "error",
    "except",
    "export",
    "extends",
    "extern",
    "false",
    "final",
    "finally",
    "float",
    "fn",
    "for",
    "from",
    "func",
    "function",
    "global",
    "go",
    "goto",
    "if",
    "impl",
    "import",
    "in",
    "int",
    "interface",
    "is",
    "lambda",
    "let",
    "long",
    "loop",
    "main",
    "map",
    "match",
    "mod",
    "move",
    "mut",
    "new",
    "nil",
    "node",
    "none",
    "nonlocal",
    "not",
    "null",
    "or",
    "package",
    "pass",
    "private",
    "pub",
    "public",
    "python",
    "raise",
    "range",
    "ref",
    "register",
    "return",
    "sdk",
    "select",
    "self",
    "short",
    "static",
    "std",
    "still",
    "stillroom",
    "struct",
    "super",
    "switch",
    "template",
    "test",
    "tests",
    "this",
    "throw",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "undefined",
    "union",
    "unsafe",
    "use",
    "using",
    "var",
    "void",
    "volatile",
    "where",
    "while",
    "with",
    "yield",
];

/// Names that Windows keeps for devices.
const DEVICES: [&str; 4] = ["aux", "con", "nul", "prn"];

/// Modules of Python's own library that are loaded before a step is, or that steps are likely to want: a plugin's file of that name
/// would stand in their place.
const PYTHONS: &[&str] = &[
    "abc",
    "array",
    "ast",
    "base64",
    "bisect",
    "calendar",
    "codecs",
    "collections",
    "contextlib",
    "copy",
    "copyreg",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "dis",
    "email",
    "enum",
    "errno",
    "fractions",
    "functools",
    "gc",
    "glob",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "inspect",
    "io",
    "itertools",
    "json",
    "keyword",
    "linecache",
    "locale",
    "logging",
    "math",
    "numbers",
    "opcode",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "platform",
    "pprint",
    "queue",
    "random",
    "re",
    "reprlib",
    "secrets",
    "selectors",
    "shutil",
    "signal",
    "site",
    "socket",
    "ssl",
    "stat",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "sys",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "token",
    "tokenize",
    "traceback",
    "types",
    "typing",
    "unicodedata",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "xml",
    "zipfile",
    "zlib",
    "zoneinfo",
];

/// A name and its forms.
#[derive(Debug, PartialEq)]
pub(super) struct Name {
    /// `like-this`.
    pub(super) kebab: String,
    /// `like_this`.
    snake: String,
}

impl Name {
    pub(super) fn parse(name: &str) -> Result<Self> {
        let refuse = |why: &str| {
            let help = "small letters, digits and `-` between them, as in `word-count`";
            miette!(help = help, "`{}` is no name for a plugin: {why}", name.escape_debug())
        };
        if name.is_empty() || name.len() > MOST {
            return Err(refuse(&format!("it has to have 1 to {MOST} letters")));
        }
        if let Some(c) = name.chars().find(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit() && *c != '-') {
            return Err(refuse(&format!("it has `{}` in it", c.escape_debug())));
        }
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(refuse("it does not begin with a letter"));
        }
        if name.ends_with('-') || name.contains("--") {
            return Err(refuse("a `-` stands between two letters or digits"));
        }
        if TAKEN.contains(&name) || DEVICES.contains(&name) {
            return Err(refuse("some language or tool keeps this word for itself"));
        }
        Ok(Self { kebab: name.to_owned(), snake: name.replace('-', "_") })
    }

    /// Whether Python's own library has a module of this name.
    pub(super) fn is_pythons(&self) -> bool {
        PYTHONS.contains(&self.snake.as_str())
    }

    /// A text with the name in the place of `{{name}}` and `{{ident}}`.
    pub(super) fn put_into(&self, text: &str) -> String {
        text.replace("{{name}}", &self.kebab).replace("{{ident}}", &self.snake)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_language_would_not_take_are_refused() {
        for (name, why) in [
            ("", "1 to 50"),
            (&"x".repeat(51), "1 to 50"),
            ("Shout", "`S` in it"),
            ("a_b", "`_` in it"),
            ("../up", "`.` in it"),
            ("a b", "` ` in it"),
            ("straße", "`ß` in it"),
            ("1st", "begin with a letter"),
            ("-x", "begin with a letter"),
            ("x-", "between two"),
            ("a--b", "between two"),
            ("class", "keeps this word"),
            ("test", "keeps this word"),
            ("con", "keeps this word"),
        ] {
            let error = Name::parse(name).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn placeholders_become_the_name() {
        let name = Name::parse("word-count2").unwrap();
        assert_eq!(name.put_into("{{name}}/{{ident}}.py {{other}}"), "word-count2/word_count2.py {{other}}");
    }

    #[test]
    fn words_are_in_order() {
        assert!(TAKEN.is_sorted() && PYTHONS.is_sorted() && DEVICES.is_sorted());
    }
}
