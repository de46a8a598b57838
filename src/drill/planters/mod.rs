//! The planters by family of the catalogue.

pub mod consent;
pub mod contradiction;
pub mod copy;
pub mod course;
pub mod diagnosis;
pub mod discharge;
pub mod drugs;
pub mod exam;
pub mod history;
pub mod identity;
pub mod language;
pub mod limits;
pub mod operation;
pub mod silent;
pub mod site;
pub mod time;
pub mod transfusion;
