//! Review by people: which visits are drawn ([`sampling`]) from what is known of them ([`case`]), what a reviewer says ([`answer`]), how far two
//! reviewers agree and how much the program missed ([`agreement`], [`summary`]), and what the program is held to where it was wrong
//! ([`regression`]), and what a changed rulebook would change ([`replay`]). Pure: the store keeps it, the service asks for it.

pub mod agreement;
pub mod answer;
pub mod case;
pub mod key_case;
pub mod policy;
pub mod regression;
pub mod replay;
pub mod sampling;
pub mod summary;

pub use answer::{Answer, Denied};
pub use case::Case;
pub use policy::Policy;
pub use regression::Regression;
pub use sampling::{Draw, Plan, draw};
