//! `bingli lsp`: a language server over standard input and output for records in plain text.

use std::process::ExitCode;

use anyhow::{Context, Result};
use lsp_server::Connection;

use super::House;
use crate::editor::Session;
use crate::report::sheet::DEFAULT_SHEET;

pub fn run(house: &House) -> Result<ExitCode> {
    let (connection, threads) = Connection::stdio();
    let mut session = Session::new(&house.rulebook, house.sheet(DEFAULT_SHEET)?);
    while session.exit_code().is_none() {
        // An editor that went away without a word.
        let Ok(message) = connection.receiver.recv() else { break };
        let mut answers = session.take(message, house.now());
        // While somebody types fast only the last state is judged.
        if connection.receiver.is_empty() {
            answers.extend(session.judge(house.now()));
        }
        for answer in answers {
            connection.sender.send(answer).context("the editor does not listen")?;
        }
    }
    let code = session.exit_code();
    drop(connection);
    // Without the editor's `exit` the reader would wait for its input for ever.
    if code.is_some() {
        threads.join().context("standard output")?;
    }
    Ok(ExitCode::from(code.unwrap_or(1)))
}
