//! Review by people: which visits are drawn ([`sampling`]) from what is known of them ([`case`]), what a reviewer says ([`answer`]), how far two
//! reviewers agree and how much the program missed ([`agreement`], [`summary`]). Pure: the store keeps it, the service asks for it.

pub mod agreement;
pub mod answer;
pub mod case;
pub mod key_case;
pub mod policy;
pub mod sampling;
pub mod summary;

pub use answer::{Answer, Denied};
pub use case::Case;
pub use policy::Policy;
pub use sampling::{Draw, Plan, draw};
