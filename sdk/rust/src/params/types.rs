use super::{Params, unexpected};
use crate::Result;
use crate::json::{Object, Value, list, quote};

/// A type that a parameter may have.
pub trait ParamType: Sized {
    /// Reads the value of the parameter called `at`. [`Fault::Params`](crate::Fault) says what it must be.
    fn read(value: &Value, at: &str) -> Result<Self>;

    /// Puts what a JSON Schema says of the type into one.
    fn describe(schema: &mut Object);

    /// Writes the value as JSON.
    fn write(&self, out: &mut String);

    /// The value of a parameter that is not given and has no default; none: it is required.
    fn missing() -> Option<Self> {
        None
    }
}

impl ParamType for bool {
    fn read(value: &Value, at: &str) -> Result<Self> {
        match value {
            Value::Bool(value) => Ok(*value),
            _ => Err(unexpected(value, at, "true or false")),
        }
    }

    fn describe(schema: &mut Object) {
        schema.string("type", "boolean");
    }

    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl ParamType for String {
    fn read(value: &Value, at: &str) -> Result<Self> {
        value.as_str().map(str::to_owned).ok_or_else(|| unexpected(value, at, "text"))
    }

    fn describe(schema: &mut Object) {
        schema.string("type", "string");
    }

    fn write(&self, out: &mut String) {
        quote(self, out);
    }
}

macro_rules! integers {
    ($($type:ty),+) => { $(
        impl ParamType for $type {
            fn read(value: &Value, at: &str) -> Result<Self> {
                let number = number(value).and_then(|number| number.parse().ok());
                number.ok_or_else(|| unexpected(value, at, concat!("a whole number (", stringify!($type), ")")))
            }

            fn describe(schema: &mut Object) {
                schema.string("type", "integer");
                schema.raw("minimum", &<$type>::MIN.to_string());
                schema.raw("maximum", &<$type>::MAX.to_string());
            }

            fn write(&self, out: &mut String) {
                out.push_str(&self.to_string());
            }
        }
    )+ };
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64, usize);

fn number(value: &Value) -> Option<&str> {
    match value {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

macro_rules! floats {
    ($($type:ty),+) => { $(
        impl ParamType for $type {
            fn read(value: &Value, at: &str) -> Result<Self> {
                let number = number(value).and_then(|number| number.parse().ok());
                number.filter(|number: &$type| number.is_finite()).ok_or_else(|| unexpected(value, at, "a number"))
            }

            fn describe(schema: &mut Object) {
                schema.string("type", "number");
            }

            fn write(&self, out: &mut String) {
                out.push_str(&format!("{self:?}"));
            }
        }
    )+ };
}

floats!(f32, f64);

impl<T: ParamType> ParamType for Option<T> {
    fn read(value: &Value, at: &str) -> Result<Self> {
        if *value == Value::Null { Ok(None) } else { T::read(value, at).map(Some) }
    }

    /// As of its type: none is said by leaving it out.
    fn describe(schema: &mut Object) {
        T::describe(schema);
    }

    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<T: ParamType> ParamType for Vec<T> {
    fn read(value: &Value, at: &str) -> Result<Self> {
        let Value::Array(items) = value else { return Err(unexpected(value, at, "a list")) };
        items.iter().enumerate().map(|(index, item)| T::read(item, &format!("{at}[{index}]"))).collect()
    }

    fn describe(schema: &mut Object) {
        let mut items = Object::new();
        T::describe(&mut items);
        schema.string("type", "array");
        schema.raw("items", &items.finish());
    }

    fn write(&self, out: &mut String) {
        list(self, out, T::write);
    }
}

impl<T: Params> ParamType for T {
    fn read(value: &Value, at: &str) -> Result<Self> {
        let Value::Object(object) = value else { return Err(unexpected(value, at, "an object")) };
        T::read(object, &format!("{at}."))
    }

    fn describe(schema: &mut Object) {
        T::describe(schema);
    }

    fn write(&self, out: &mut String) {
        let mut object = Object::new();
        T::write(self, &mut object);
        out.push_str(&object.finish());
    }
}

impl ParamType for Value {
    fn read(value: &Value, _: &str) -> Result<Self> {
        Ok(value.clone())
    }

    fn describe(_: &mut Object) {}

    fn write(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}
