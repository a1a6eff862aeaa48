//! Parameters: read from JSON with errors that name them, and described as JSON Schema.

mod types;

pub use types::ParamType;

use crate::json::{Object, Value};
use crate::{Fault, Result};

/// What can be set in a step. Made by [`params!`](crate::params).
pub trait Params: Sized {
    /// Reads an object; `at` is where it stands in the parameters, with a point behind, or empty.
    /// [`Fault::Params`] names the member that is unknown, missing or not what it must be.
    fn read(object: &[(String, Value)], at: &str) -> Result<Self>;

    /// Puts what a JSON Schema says of such an object into one.
    fn describe(schema: &mut Object);

    /// Writes the object as JSON.
    fn write(&self, object: &mut Object);

    /// Reads the parameters that a pipeline gives. [`Fault::Params`] as in [`read`](Self::read).
    fn from_json(text: &str) -> Result<Self> {
        Self::read(&object(text)?, "")
    }

    /// The JSON Schema (draft 2020-12).
    fn schema() -> String {
        let mut schema = Object::new();
        Self::describe(&mut schema);
        schema.finish()
    }
}

fn object(text: &str) -> Result<Vec<(String, Value)>> {
    match Value::parse(text)? {
        Value::Object(members) => Ok(members),
        _ => Err(Fault::params("parameters are an object")),
    }
}

/// For steps with nothing to set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoParams;

impl Params for NoParams {
    fn read(object: &[(String, Value)], at: &str) -> Result<Self> {
        refuse_unknown(object, &[], at).map(|()| Self)
    }

    fn describe(schema: &mut Object) {
        describe(schema, &[]);
    }

    fn write(&self, _: &mut Object) {}
}

/// Declares the parameters of a step: a struct, how it is read, and its JSON Schema. In JSON the names are kebab-case.
///
/// A parameter without a default is required, an `Option` without one is none. Where every parameter has a default (an
/// `Option`: `= None`), so has the struct. Types are those with [`ParamType`]: `bool`, numbers, `String`, `Option`, `Vec`, what
/// [`choices!`](crate::choices) makes, other structs of `params!`, and [`Value`] for any JSON.
///
/// ```
/// stillroom_sdk::params! {
///     /// Parameters of `truncate`.
///     pub struct Truncate {
///         /// The most characters that are kept.
///         pub max_chars: u32,
///         /// What shows that there was more.
///         pub ellipsis: String = "…".to_owned(),
///     }
/// }
/// ```
#[macro_export]
macro_rules! params {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $( $(#[doc = $doc:literal])* $field_vis:vis $field:ident: $type:ty $(= $default:expr)? ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis struct $name { $( $(#[doc = $doc])* $field_vis $field: $type ),* }

        impl $crate::Params for $name {
            fn read(
                object: &[(::std::string::String, $crate::Value)],
                at: &str,
            ) -> $crate::Result<Self> {
                $crate::__private::refuse_unknown(object, &[$(stringify!($field)),*], at)?;
                Ok(Self { $( $field: $crate::__private::member(
                    object, stringify!($field), at, $crate::params!(@default $type $(, $default)?),
                )? ),* })
            }

            fn describe(schema: &mut $crate::__private::Object) {
                $crate::__private::describe(schema, &[$( $crate::__private::Member::of::<$type>(
                    stringify!($field), &[$($doc),*], $crate::params!(@default $type $(, $default)?),
                ) ),*]);
            }

            fn write(&self, object: &mut $crate::__private::Object) {
                $( $crate::__private::write(object, stringify!($field), &self.$field); )*
            }
        }

        $crate::params!(@impl_default $name $( $field ( $($default)? ) )*);
    };

    (@default $type:ty) => { None::<fn() -> $type> };
    (@default $type:ty, $default:expr) => {{
        fn default() -> $type { $default }
        Some(default as fn() -> $type)
    }};

    (@impl_default $name:ident $( $field:ident ( $default:expr ) )*) => {
        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default ),* }
            }
        }
    };
    (@impl_default $($required:tt)*) => {};
}

/// Declares a parameter that is one of several words, kebab-case in JSON: `KeepFirst` is `keep-first`.
///
/// ```
/// stillroom_sdk::choices! {
///     /// Unicode form.
///     pub enum Form {
///         /// As it is.
///         None,
///         /// Composed.
///         Nfc,
///     }
/// }
/// ```
#[macro_export]
macro_rules! choices {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident { $( $(#[doc = $doc:literal])* $choice:ident ),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $( $(#[doc = $doc])* $choice ),+ }

        impl $crate::ParamType for $name {
            fn read(value: &$crate::Value, at: &str) -> $crate::Result<Self> {
                const CHOICES: &[$name] = &[$($name::$choice),+];
                $crate::__private::choose(value, &[$(stringify!($choice)),+], at).map(|index| CHOICES[index])
            }

            fn describe(schema: &mut $crate::__private::Object) {
                $crate::__private::describe_choices(schema, &[$((stringify!($choice), &[$($doc),*])),+]);
            }

            fn write(&self, out: &mut ::std::string::String) {
                let name = match self { $(Self::$choice => stringify!($choice)),+ };
                $crate::__private::write_choice(name, out);
            }
        }
    };
}

/// A parameter in a description.
pub struct Member {
    name: &'static str,
    doc: &'static [&'static str],
    required: bool,
    default: Option<String>,
    describe: fn(&mut Object),
}

impl Member {
    /// One of a type.
    pub fn of<T: ParamType>(name: &'static str, doc: &'static [&'static str], default: Option<fn() -> T>) -> Self {
        let json = |value: T| {
            let mut out = String::new();
            value.write(&mut out);
            out
        };
        let required = default.is_none() && T::missing().is_none();
        Self {
            name,
            doc,
            required,
            default: default.map(|default| json(default())).filter(|json| json != "null"),
            describe: T::describe,
        }
    }

    fn schema(&self) -> String {
        let mut schema = Object::new();
        (self.describe)(&mut schema);
        schema.string("description", &sentence(self.doc));
        if let Some(default) = &self.default {
            schema.raw("default", default);
        }
        schema.finish()
    }
}

/// Puts what a JSON Schema says of an object into one.
pub fn describe(schema: &mut Object, members: &[Member]) {
    let mut properties = Object::new();
    members.iter().for_each(|member| properties.raw(&kebab(member.name), &member.schema()));
    let required: Vec<String> = members.iter().filter(|member| member.required).map(|m| kebab(m.name)).collect();
    schema.string("type", "object");
    schema.raw("properties", &properties.finish());
    schema.strings("required", required.iter().map(String::as_str));
    schema.raw("additionalProperties", "false");
}

/// Refuses a member that nobody declared.
pub fn refuse_unknown(object: &[(String, Value)], fields: &[&str], at: &str) -> Result<()> {
    let known: Vec<String> = fields.iter().map(|field| kebab(field)).collect();
    match object.iter().map(|(key, _)| key).find(|key| !known.contains(key)) {
        Some(key) => Err(Fault::params(format!("unknown parameter `{at}{key}`; there are {}", names(known)))),
        None => Ok(()),
    }
}

/// Reads a member of an object.
pub fn member<T: ParamType>(
    object: &[(String, Value)],
    field: &str,
    at: &str,
    default: Option<fn() -> T>,
) -> Result<T> {
    let name = kebab(field);
    if let Some((_, value)) = object.iter().find(|(key, _)| *key == name) {
        return T::read(value, &format!("{at}{name}"));
    }
    let value = default.map(|default| default()).or_else(T::missing);
    value.ok_or_else(|| Fault::params(format!("parameter `{at}{name}` is missing")))
}

/// Writes a member of an object.
pub fn write<T: ParamType>(object: &mut Object, field: &str, value: &T) {
    let mut out = String::new();
    value.write(&mut out);
    object.raw(&kebab(field), &out);
}

/// Which of the choices a value is.
pub fn choose(value: &Value, choices: &[&str], at: &str) -> Result<usize> {
    let found = value.as_str().and_then(|word| choices.iter().position(|choice| kebab(choice) == word));
    found.ok_or_else(|| unexpected(value, at, &format!("one of {}", names(choices.iter().map(|choice| kebab(choice))))))
}

/// Puts what a JSON Schema says of choices into one.
pub fn describe_choices(schema: &mut Object, choices: &[(&str, &[&str])]) {
    let words: Vec<String> = choices.iter().map(|(choice, _)| kebab(choice)).collect();
    let docs: Vec<String> = choices.iter().map(|(_, doc)| sentence(doc)).collect();
    schema.strings("enum", words.iter().map(String::as_str));
    schema.strings("enumDescriptions", docs.iter().map(String::as_str));
}

/// Writes a choice.
pub fn write_choice(choice: &str, out: &mut String) {
    crate::json::quote(&kebab(choice), out);
}

/// The fault of a value that is not what it must be.
pub(crate) fn unexpected(value: &Value, at: &str, expected: &str) -> Fault {
    let found = match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        plain => plain.to_string(),
    };
    Fault::params(format!("parameter `{at}` is {found}; it must be {expected}"))
}

/// Names for an error: `` `a`, `b` ``, or `none`.
pub(crate) fn names(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::new();
    for name in names {
        text.push_str(if text.is_empty() { "`" } else { ", `" });
        text.push_str(name.as_ref());
        text.push('`');
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

/// `KeepFirst` and `keep_first` are `keep-first`.
fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(if c == '_' { '-' } else { c.to_ascii_lowercase() });
    }
    out
}

/// The lines of a doc comment as one.
fn sentence(doc: &[&str]) -> String {
    let mut text = String::new();
    for line in doc.iter().map(|line| line.trim_ascii()).filter(|line| !line.is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}
