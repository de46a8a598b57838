//! Requests that read and leave a line in the audit trail, many at once: none is refused because another wrote in between.

use super::reviews::{give_out, token};
use super::*;

#[test]
fn readers_whose_deeds_are_recorded_do_not_refuse_each_other() {
    for (name, database) in databases() {
        let (sun, his) = (token(&database, "sun", "reviewer"), token(&database, "his", "emr"));
        let server = Server::start(&database, &["--tokens", "--tick", "0", "--clock", "2026-03-12T12:00"]);
        give_out(&server, &his, &sun);
        std::thread::scope(|threads| {
            for thread in 0..8 {
                let (server, sun) = (&server, &sun);
                threads.spawn(move || {
                    for turn in 0..25 {
                        let request = if (thread + turn) % 2 == 0 { "GET /v1/visits/CLI-2" } else { "GET /v1/reviews/2026-S0001-001-1" };
                        let (status, answer) = call(server, request, sun, None);
                        assert_eq!(status, 200, "{name}: {request}: {answer}");
                    }
                });
            }
        });
    }
}
