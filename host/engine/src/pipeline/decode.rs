//! A tree of nodes to the types of [`written`](super::written), by serde. Every error knows its place, and says what would
//! have been right.

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::{Fault, Segment, Short};
use super::place::{Place, SPANNED};
use super::tree::{Key, Kind, Node};

/// What a plain scalar means.
enum Scalar {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text,
}

impl Scalar {
    /// YAML 1.2's core schema, but that `.inf` and `.nan` stay text: JSON, which plugins get, has no such numbers.
    fn of(text: &str) -> Result<Self, Fault> {
        Ok(match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" => Self::Bool(true),
            "false" | "False" | "FALSE" => Self::Bool(false),
            _ if is_number(text) => Self::number(text)?,
            _ => match text.strip_prefix("0x").map(|hex| u64::from_str_radix(hex, 16)) {
                Some(Ok(value)) => Self::Unsigned(value),
                _ => Self::Text,
            },
        })
    }

    fn number(text: &str) -> Result<Self, Fault> {
        if let Ok(value) = text.parse() {
            return Ok(Self::Unsigned(value));
        }
        if let Ok(value) = text.parse() {
            return Ok(Self::Signed(value));
        }
        let is_integer = !text.contains(['.', 'e', 'E']);
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() && !is_integer => Ok(Self::Float(value)),
            _ => Err(Fault::new(format!("the number `{}` does not fit in 64 bits", Short(text)))
                .help("put it in quotes if it is text")),
        }
    }
}

/// `[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?`
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.map(|text| text.strip_prefix(['-', '+']).unwrap_or(text));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|text| !text.is_empty() && digits(text))
}

impl<'de> IntoDeserializer<'de, Fault> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let value = match &self.kind {
            Kind::Quoted(text) => visitor.visit_borrowed_str(text),
            Kind::List(items) => visitor.visit_seq(Items { items: items.iter().enumerate() }),
            Kind::Table(entries) => visitor.visit_map(Entries { entries: entries.iter(), value: None }),
            Kind::Plain(text) => match Scalar::of(text).map_err(|fault| fault.at(self.place))? {
                Scalar::Null => visitor.visit_unit(),
                Scalar::Bool(value) => visitor.visit_bool(value),
                Scalar::Unsigned(value) => visitor.visit_u64(value),
                Scalar::Signed(value) => visitor.visit_i64(value),
                Scalar::Float(value) => visitor.visit_f64(value),
                Scalar::Text => visitor.visit_borrowed_str(text),
            },
        };
        value.map_err(|fault| fault.at(self.place))
    }

    /// Where text is wanted, a plain scalar is the text as it was written.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.kind {
            Kind::Plain(text) if !matches!(Scalar::of(text), Ok(Scalar::Null)) => {
                visitor.visit_borrowed_str(text).map_err(|fault: Fault| fault.at(self.place))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    /// A key with nothing behind it is more likely a slip than a wish for the default: that is `null` or `~`.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.kind {
            Kind::Plain(text) if matches!(text.as_str(), "~" | "null") => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        if name != SPANNED {
            return visitor.visit_newtype_struct(self);
        }
        visitor.visit_seq(Placed::new(self.place, self))
    }

    /// Serde would take a list for a struct too, field by field.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.kind {
            Kind::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
        .map_err(|fault: Fault| fault.at(self.place))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let Some(text) = self.text() else {
            return Err(Fault::new("expected a single word").at(self.place));
        };
        visitor.visit_enum(StrDeserializer::<Fault>::new(text)).map_err(|fault| fault.at(self.place))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple tuple_struct map
        identifier ignored_any
    }
}

/// A key is text whatever it looks like.
struct KeyDeserializer<'de>(&'de Key);

impl<'de> Deserializer<'de> for KeyDeserializer<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(&self.0.text).map_err(|fault: Fault| fault.at(self.0.place))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        if name != SPANNED {
            return visitor.visit_newtype_struct(self);
        }
        visitor.visit_seq(Placed::new(self.0.place, self))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// What [`Spanned`](super::Spanned) reads: three numbers of a place, then the value.
struct Placed<D> {
    place: SeqDeserializer<std::array::IntoIter<u32, 3>, Fault>,
    value: Option<D>,
}

impl<D> Placed<D> {
    fn new(place: Place, value: D) -> Self {
        Self { place: SeqDeserializer::new([place.source, place.start, place.end].into_iter()), value: Some(value) }
    }
}

impl<'de, D: Deserializer<'de, Error = Fault>> SeqAccess<'de> for Placed<D> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        if self.place.size_hint() != Some(0) {
            return self.place.next_element_seed(seed);
        }
        self.value.take().map(|value| seed.deserialize(value)).transpose()
    }
}

struct Items<'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        seed.deserialize(node).map(Some).map_err(|fault| fault.at(node.place).within(Segment::Index(index)))
    }
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, (Key, Node)>,
    value: Option<&'de (Key, Node)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.value = self.entries.next();
        let Some((key, _)) = self.value else { return Ok(None) };
        seed.deserialize(KeyDeserializer(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let Some((key, node)) = self.value.take() else { return Err(Fault::new("a value before its key")) };
        seed.deserialize(node).map_err(|fault| fault.at(node.place).within(Segment::Key(key.text.clone())))
    }
}
