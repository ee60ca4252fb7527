//! History, slots and checkouts, with the real git as the judge.

mod checkout;
mod damage;
mod history;
mod inner_stores;
mod overlay;
mod random_walks;
mod rules;
mod slots;
mod support;
mod trouble;
