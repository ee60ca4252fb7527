//! History to findings: which commit broke, fixed or flaked which test. Pure.
