//! `bingli serve --config FILE`: the flags of `serve` in a TOML file. Flags beat the environment, which beats the file.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{ArgAction, Command};
use toml::de::{DeTable, DeValue};

use crate::problem::line_of;

/// Flags that say what to do rather than how to serve.
const NOT_SETTINGS: [&str; 5] = ["help", "version", "config", "print_unit", "print_containerfile"];

/// The command line with the file's values as its defaults.
pub fn with_defaults(command: Command, subcommand: &str, path: &Path) -> Result<Command> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    defaults(command, subcommand, &text).with_context(|| path.display().to_string())
}

fn defaults(mut command: Command, subcommand: &str, text: &str) -> Result<Command> {
    let table = DeTable::parse(text)?;
    for (key, value) in table.get_ref() {
        let line = line_of(text, key.span().start);
        let id = key.get_ref().replace('-', "_");
        let find = |command: &Command| command.get_arguments().find(|arg| arg.get_id() == id.as_str()).cloned();
        let own = command.find_subcommand(subcommand).and_then(find);
        let is_own = own.is_some();
        let arg = own.or_else(|| find(&command)).filter(|_| !NOT_SETTINGS.contains(&id.as_str()));
        let Some(arg) = arg else { bail!("line {line}: there is no setting `{}`", key.get_ref()) };
        let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
        let value = match value.get_ref() {
            DeValue::Boolean(value) if is_switch => value.to_string(),
            DeValue::String(value) if !is_switch => value.to_string(),
            DeValue::Integer(value) if !is_switch => value.to_string(),
            DeValue::Float(value) if !is_switch => value.to_string(),
            _ => bail!("line {line}: `{}` takes {}", key.get_ref(), if is_switch { "true or false" } else { "a text or a number" }),
        };
        // clap keeps defaults for as long as the program runs; this is read once.
        let value: &'static str = Box::leak(value.into_boxed_str());
        command = if is_own {
            command.mut_subcommand(subcommand, |inner| inner.mut_arg(&id, |arg| arg.default_value(value)))
        } else {
            command.mut_arg(&id, |arg| arg.default_value(value))
        };
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", defaults(super::super::Cli::command(), "serve", text).expect_err("it is refused"))
    }

    #[test]
    fn the_file_gives_way_to_flags_and_fills_the_rest() {
        let text = "listen = \"127.0.0.1:1\"\ntokens = true\nwaiting = 7\ntick = 2.5\nzone = \"+09:00\"\n";
        let command = defaults(super::super::Cli::command(), "serve", text).expect("settings");
        let matches = command.get_matches_from(["bingli", "serve", "--waiting", "9"]);
        let serve = matches.subcommand_matches("serve").expect("serve");
        assert_eq!(serve.get_one::<std::net::SocketAddr>("listen").map(ToString::to_string).as_deref(), Some("127.0.0.1:1"));
        assert_eq!((serve.get_flag("tokens"), serve.get_one::<usize>("waiting")), (true, Some(&9)));
        assert_eq!((serve.get_one::<f64>("tick"), serve.get_one::<String>("zone").map(String::as_str)), (Some(&2.5), Some("+09:00")));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        assert_eq!(error("tokens = true\n\nlisten_on = \"x\"\n"), "line 3: there is no setting `listen_on`");
        assert_eq!(error("config = \"other.toml\""), "line 1: there is no setting `config`");
        assert_eq!(error("tokens = \"yes\""), "line 1: `tokens` takes true or false");
        assert!(error("tokens = \n").contains("line 1"));
    }
}
