use std::marker::PhantomData;

use crate::array::Buffer;
use crate::column::primitive::{Native, numbers};
use crate::column::{Concrete, Rows, Type, validity_of};
use crate::{AnyArray, Bits, DataType};

/// Text or bytes: what a run of bytes in a column means.
pub trait Bytes: ToOwned<Owned: Clone + std::fmt::Debug + AsRef<[u8]>> + AsRef<[u8]> + 'static {
    /// The type with offsets of 32 bits.
    #[doc(hidden)]
    const SMALL: DataType;
    /// The type with offsets of 64 bits.
    #[doc(hidden)]
    const LARGE: DataType;
    /// The type with views.
    #[doc(hidden)]
    const VIEW: DataType;

    /// Room for so many bytes.
    #[doc(hidden)]
    fn with_capacity(bytes: usize) -> Self::Owned;

    /// The value whose bytes these are. They come from a column of this type.
    #[doc(hidden)]
    fn of_column(bytes: &[u8]) -> &Self;

    /// The bytes of an owned value.
    #[doc(hidden)]
    fn into_bytes(owned: Self::Owned) -> Vec<u8>;

    /// Puts the bytes of a value behind those of others.
    #[doc(hidden)]
    fn append(&self, to: &mut Self::Owned);
}

impl Bytes for str {
    const SMALL: DataType = DataType::Utf8;
    const LARGE: DataType = DataType::LargeUtf8;
    const VIEW: DataType = DataType::Utf8View;

    fn with_capacity(bytes: usize) -> String {
        String::with_capacity(bytes)
    }

    #[inline]
    fn of_column(bytes: &[u8]) -> &str {
        // SAFETY: every reader of text is of a column that the host sent or that `test` checked, and both promise UTF-8
        // in every row (contract v0.1, `data`; the host checks what comes from guests). Checking again in the guest
        // would cost a step over text a fifth of its time and could only catch a host that owns this memory anyway.
        unsafe { std::str::from_utf8_unchecked(bytes) }
    }

    fn into_bytes(owned: String) -> Vec<u8> {
        owned.into_bytes()
    }

    #[inline]
    fn append(&self, to: &mut String) {
        to.push_str(self);
    }
}

impl Bytes for [u8] {
    const SMALL: DataType = DataType::Binary;
    const LARGE: DataType = DataType::LargeBinary;
    const VIEW: DataType = DataType::BinaryView;

    fn with_capacity(bytes: usize) -> Vec<u8> {
        Vec::with_capacity(bytes)
    }

    #[inline]
    fn of_column(bytes: &[u8]) -> &[u8] {
        bytes
    }

    fn into_bytes(owned: Vec<u8>) -> Vec<u8> {
        owned
    }

    #[inline]
    fn append(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self);
    }
}

/// An offset into a buffer or a child: `i32`, or `i64` in the types called large.
pub trait Offset: Native {
    /// As an index. The columnar format has no negative ones.
    fn index(self) -> usize;

    /// From an index. Panics where it does not fit, that is beyond 2 GiB in a type that is not called large.
    fn at(index: usize) -> Self;
}

impl Offset for i32 {
    #[inline]
    fn index(self) -> usize {
        self as u32 as usize
    }

    #[inline]
    fn at(index: usize) -> Self {
        assert!(index <= i32::MAX as usize, "a column of more than 2 GiB wants a type called large");
        index as i32
    }
}

impl Offset for i64 {
    #[inline]
    fn index(self) -> usize {
        self as usize
    }

    #[inline]
    fn at(index: usize) -> Self {
        index as i64
    }
}

/// A column of text (`V` is `str`) or bytes (`V` is `[u8]`) that lie one behind the other.
#[derive(Debug)]
pub struct BytesColumn<'a, O, V: ?Sized> {
    offsets: &'a [O],
    values: &'a [u8],
    validity: Option<Bits<'a>>,
    of: PhantomData<&'a V>,
}

/// A column of `utf8`.
pub type Utf8Column<'a> = BytesColumn<'a, i32, str>;
/// A column of `large-utf8`.
pub type LargeUtf8Column<'a> = BytesColumn<'a, i64, str>;
/// A column of `binary`.
pub type BinaryColumn<'a> = BytesColumn<'a, i32, [u8]>;
/// A column of `large-binary`.
pub type LargeBinaryColumn<'a> = BytesColumn<'a, i64, [u8]>;

impl<O, V: ?Sized> Clone for BytesColumn<'_, O, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O, V: ?Sized> Copy for BytesColumn<'_, O, V> {}

impl<'a, O: Offset, V: Bytes + ?Sized> BytesColumn<'a, O, V> {
    /// Where rows begin and end in [`values`](Self::values): row `i` is `offsets[i]..offsets[i + 1]`, one more than rows.
    pub fn offsets(self) -> &'a [O] {
        self.offsets
    }

    /// All rows' bytes, one behind the other: the fast path. What a null's place holds is any value, mostly an empty one.
    pub fn values(self) -> &'a V {
        V::of_column(self.values)
    }

    fn of(array: &'a AnyArray) -> Self {
        let offsets: &[O] = numbers(array.bytes(1), array.len + 1);
        let values = &array.bytes(2)[..offsets[array.len].index()];
        Self { offsets, values, validity: validity_of(array), of: PhantomData }
    }
}

impl<'a, O: Offset, V: Bytes + ?Sized> Rows<'a> for BytesColumn<'a, O, V> {
    type Item = &'a V;

    fn len(self) -> usize {
        self.offsets.len() - 1
    }

    #[inline]
    fn validity(self) -> Option<Bits<'a>> {
        self.validity
    }

    #[inline]
    fn value(self, row: usize) -> &'a V {
        V::of_column(&self.values[self.offsets[row].index()..self.offsets[row + 1].index()])
    }
}

/// A column of text (`str`) or bytes (`[u8]`) whose rows point to where their value lies.
#[derive(Debug)]
pub struct ViewColumn<'a, V: ?Sized> {
    views: &'a [[u8; 16]],
    buffers: &'a [Buffer],
    validity: Option<Bits<'a>>,
    of: PhantomData<&'a V>,
}

impl<V: ?Sized> Clone for ViewColumn<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: ?Sized> Copy for ViewColumn<'_, V> {}

impl<'a, V: Bytes + ?Sized> ViewColumn<'a, V> {
    fn of(array: &'a AnyArray) -> Self {
        let views = bytemuck::cast_slice(&array.bytes(1)[..array.len * 16]);
        Self { views, buffers: &array.buffers[2..], validity: validity_of(array), of: PhantomData }
    }
}

impl<'a, V: Bytes + ?Sized> Rows<'a> for ViewColumn<'a, V> {
    type Item = &'a V;

    fn len(self) -> usize {
        self.views.len()
    }

    #[inline]
    fn validity(self) -> Option<Bits<'a>> {
        self.validity
    }

    #[inline]
    fn value(self, row: usize) -> &'a V {
        let view = &self.views[row];
        let [len, _, buffer, start] = bytemuck::pod_read_unaligned::<[u32; 4]>(view).map(|part| part as usize);
        V::of_column(match len <= 12 {
            true => &view[4..4 + len],
            false => &self.buffers[buffer].as_slice()[start..start + len],
        })
    }
}

/// `fixed-size-binary`.
#[derive(Debug)]
pub enum FixedSizeBinary {}

/// A column of bytes, as many in every row.
#[derive(Clone, Copy, Debug)]
pub struct FixedSizeBinaryColumn<'a> {
    values: &'a [u8],
    size: usize,
    len: usize,
    validity: Option<Bits<'a>>,
}

impl<'a> FixedSizeBinaryColumn<'a> {
    /// All rows' bytes, one behind the other.
    pub fn values(self) -> &'a [u8] {
        self.values
    }

    /// The bytes of a row.
    pub fn size(self) -> usize {
        self.size
    }
}

impl Type for FixedSizeBinary {
    type Column<'a> = FixedSizeBinaryColumn<'a>;

    fn accepts(data_type: &DataType) -> bool {
        matches!(data_type, DataType::FixedSizeBinary(_))
    }

    fn expected() -> String {
        "fixed-size-binary".to_owned()
    }

    fn view(array: &AnyArray) -> FixedSizeBinaryColumn<'_> {
        let size = array.data_type.width();
        let values = &array.bytes(1)[..array.len * size];
        FixedSizeBinaryColumn { values, size, len: array.len, validity: validity_of(array) }
    }
}

impl<'a> Rows<'a> for FixedSizeBinaryColumn<'a> {
    type Item = &'a [u8];

    fn len(self) -> usize {
        self.len
    }

    #[inline]
    fn validity(self) -> Option<Bits<'a>> {
        self.validity
    }

    #[inline]
    fn value(self, row: usize) -> &'a [u8] {
        &self.values[row * self.size..(row + 1) * self.size]
    }
}

macro_rules! marker {
    ($($(#[$doc:meta])* $marker:ident = $expected:literal, $($column:tt)::+ <'a, $($of:ty),+>;)+) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $marker {}

        impl Type for $marker {
            type Column<'a> = $($column)::+<'a, $($of),+>;

            fn accepts(data_type: &DataType) -> bool {
                matches!(data_type, DataType::$marker)
            }

            fn expected() -> String {
                $expected.to_owned()
            }

            fn view(array: &AnyArray) -> Self::Column<'_> {
                $($column)::+::of(array)
            }
        }

        impl Concrete for $marker {
            fn data_type() -> DataType {
                DataType::$marker
            }
        }
    )+ };
}

marker! {
    /// `utf8`: text, at most 2 GiB a batch.
    Utf8 = "utf8", BytesColumn<'a, i32, str>;
    /// `large-utf8`.
    LargeUtf8 = "large-utf8", BytesColumn<'a, i64, str>;
    /// `utf8-view`.
    Utf8View = "utf8-view", ViewColumn<'a, str>;
    /// `binary`: bytes, at most 2 GiB a batch.
    Binary = "binary", BytesColumn<'a, i32, [u8]>;
    /// `large-binary`.
    LargeBinary = "large-binary", BytesColumn<'a, i64, [u8]>;
    /// `binary-view`.
    BinaryView = "binary-view", ViewColumn<'a, [u8]>;
}
