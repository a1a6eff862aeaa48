//! Columns to a guest and back. The only place that knows the byte form, and the one checked conversion: whatever a guest
//! answers becomes an Arrow array here or is refused here.
//!
//! Lowering hands out slices of the host's own buffers, so the copy into the guest's memory is the only one. A buffer is
//! built anew only where a slice begins in mid-byte (bitmaps) or its offsets do not begin at 0.
//!
//! Lifting owns what wasmtime copied out (the second and last copy) and hands it to Arrow as it is, after the checks.

mod lift;
mod lower;
mod unfold;

pub(crate) use lift::{check_rows, lift_columns};
pub(crate) use lower::Lowered;
pub(crate) use unfold::unfolds_beyond;
