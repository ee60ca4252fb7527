//! History, slots and checkouts, with the real git as the judge.

mod checkout;
mod damage;
mod support;
