//! Tests of whole pipelines; see `tests/`.
