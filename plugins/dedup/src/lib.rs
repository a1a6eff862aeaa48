//! Duplicate rows: exact, near by text, near by vectors.
