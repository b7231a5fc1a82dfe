//! Nothing but a home for the tests of this package; see `tests/`.
