//! The checks, one file each.

mod constants;
mod dependencies;
mod directions;
mod documents;
mod machine_paths;
mod problems_table;
mod requirements;
mod shape;
mod status;
mod versions;

pub use requirements::table;

use crate::{Finding, Tree};

/// A check: the tree in, what is wrong out.
pub type Check = fn(&Tree) -> Vec<Finding>;

/// Every check, in the order they are told.
pub const ALL: &[Check] = &[
    directions::check,
    shape::check,
    requirements::check,
    documents::check,
    constants::check,
    problems_table::check,
    versions::check,
    dependencies::check,
    machine_paths::check,
    status::check,
];
