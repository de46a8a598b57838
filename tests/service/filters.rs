//! Kept filters are a menu and no archive.

use super::reviews::token;
use super::*;

#[test]
fn fifty_filters_of_a_page_are_enough() {
    let database = sqlite();
    let li = token(&database, "li", "physician");
    let server = Server::start(&database, &["--tick", "0", "--tokens", "--no-model"]);
    let keep = |name: usize| call(&server, &format!("PUT /v1/filters/ward/{name}"), &li, Some(r#"{"query":"grade=B"}"#)).0;
    for name in 1..=50 {
        assert_eq!(keep(name), 204);
    }
    assert_eq!(keep(51), 409);
    assert_eq!(keep(50), 204, "one that is there may change");
}
