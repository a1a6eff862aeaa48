//! The values that a model's file has in front of its weights.

/// A value of the kinds that we need.
pub(super) enum Value {
    U32(u32),
    F32(f32),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<i32>),
}

// The format's numbers for its types.
const U32: u32 = 4;
const I32: u32 = 5;
const F32: u32 = 6;
const BOOL: u32 = 7;
const TEXT: u32 = 8;
const LIST: u32 = 9;

impl Value {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::U32(value) => put(out, U32, &value.to_le_bytes()),
            Self::F32(value) => put(out, F32, &value.to_le_bytes()),
            Self::Bool(value) => put(out, BOOL, &[u8::from(*value)]),
            Self::Text(value) => {
                put(out, TEXT, &[]);
                put_string(out, value);
            }
            Self::Texts(values) => {
                put_list(out, TEXT, values.len());
                values.iter().for_each(|value| put_string(out, value));
            }
            Self::Numbers(values) => {
                put_list(out, I32, values.len());
                values.iter().for_each(|value| out.extend(value.to_le_bytes()));
            }
        }
    }
}

/// A length and its bytes.
pub(super) fn put_string(out: &mut Vec<u8>, value: &str) {
    out.extend((value.len() as u64).to_le_bytes());
    out.extend(value.as_bytes());
}

fn put(out: &mut Vec<u8>, kind: u32, bytes: &[u8]) {
    out.extend(kind.to_le_bytes());
    out.extend(bytes);
}

fn put_list(out: &mut Vec<u8>, kind: u32, len: usize) {
    put(out, LIST, &kind.to_le_bytes());
    out.extend((len as u64).to_le_bytes());
}
