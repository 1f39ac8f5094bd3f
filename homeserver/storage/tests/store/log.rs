//! The log store's contract (LOG-2, LOG-9), on the reference model and on SQLite.

pub(crate) mod chain;
mod contract;
mod many;
mod model;
mod steps;

use holm_storage::{Drive, Memory};
use proptest::prelude::{ProptestConfig, proptest};

use crate::subject::{Folder, Subject, block_on, in_place};

/// Runs one story on a new store of each kind.
fn on_all(story: &impl AsyncFn(&mut dyn Subject)) {
    block_on(async {
        story(&mut Memory::default()).await;
        story(&mut Folder::new(Drive::Await).await).await;
        story(&mut Folder::new(in_place()).await).await;
    });
}

#[test]
fn an_append_continues_the_head_it_saw() {
    on_all(&contract::an_append_continues_the_head_it_saw);
}

#[test]
fn sums_by_server_are_those_of_what_was_appended() {
    on_all(&contract::sums_by_server_are_those_of_what_was_appended);
}

#[test]
fn a_stale_head_writes_nothing() {
    on_all(&contract::a_stale_head_writes_nothing);
}

#[test]
fn an_overtaken_owner_writes_nothing() {
    on_all(&contract::an_overtaken_owner_writes_nothing);
}

#[test]
fn a_repeated_key_refuses_the_whole_append() {
    on_all(&contract::a_repeated_key_refuses_the_whole_append);
}

#[test]
fn malformed_appends_write_nothing() {
    on_all(&contract::malformed_appends_write_nothing);
}

#[test]
fn appends_of_one_batch_follow_each_other() {
    on_all(&contract::appends_of_one_batch_follow_each_other);
}

#[test]
fn a_read_keeps_to_its_bounds_and_gives_one_entry_at_least() {
    on_all(&contract::a_read_keeps_to_its_bounds_and_gives_one_entry_at_least);
}

#[test]
fn a_copy_that_reaches_as_far_is_kept() {
    on_all(&contract::a_copy_that_reaches_as_far_is_kept);
}

#[test]
fn a_read_does_not_cross_the_beginning_of_a_later_copy() {
    on_all(&contract::a_read_does_not_cross_the_beginning_of_a_later_copy);
}

#[test]
fn what_a_joiner_needs_comes_with_its_entry() {
    on_all(&contract::what_a_joiner_needs_comes_with_its_entry);
}

#[test]
fn a_large_append_is_stored_whole() {
    on_all(&contract::a_large_append_is_stored_whole);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// LOG-2, LOG-9: any sequence of calls answers as the model says.
    #[test]
    fn memory_does_what_the_model_says(steps in steps::any()) {
        block_on(model::check(&mut Memory::default(), &steps));
    }

    /// LOG-2, LOG-9: any sequence of calls answers as the model says, over reopening too.
    #[test]
    fn sqlite_does_what_the_model_says(steps in steps::any()) {
        block_on(async {
            model::check(&mut Folder::new(Drive::Await).await, &steps).await;
        });
    }

    /// LOG-2, LOG-9: driven in place, without connections that only read.
    #[test]
    fn sqlite_in_place_does_what_the_model_says(steps in steps::any()) {
        block_on(async {
            model::check(&mut Folder::new(in_place()).await, &steps).await;
        });
    }
}
