//! The commented configuration file that `holm config` prints.
//!
//! Keys, order and comments come from the source of [`super::sections`], values from the
//! configuration at hand. A key without a value is printed as a comment with its example, so
//! that the file can be taken as it is and parses back to the same configuration.

use std::fmt::Write;

use super::Config;

/// The source whose doc comments are the file's comments.
const SOURCE: &str = include_str!("sections.rs");

/// The file for `config`.
pub(super) fn render(config: &Config) -> String {
    let values = toml::Table::try_from(config).unwrap_or_else(|e| unreachable!("plain data: {e}"));
    let mut out = String::from(HEADING);
    for key in keys_of("Config") {
        match section_of(&key) {
            Some(section) => render_section(&mut out, &key, section, &values),
            None => render_key(&mut out, &key, &values),
        }
    }
    out
}

/// What is read from the source of one field.
struct Key {
    name: String,
    kind: String,
    comment: Vec<String>,
    example: String,
}

/// The fields of `pub struct NAME` in [`SOURCE`], in their order.
fn keys_of(name: &str) -> Vec<Key> {
    let start = format!("pub struct {name} {{");
    let body = SOURCE.lines().skip_while(|line| *line != start).skip(1);
    let (mut keys, mut comment, mut example) = (Vec::new(), Vec::new(), String::new());
    for line in body.take_while(|line| *line != "}").map(str::trim) {
        if let Some(text) = line.strip_prefix("/// Example: ") {
            text.clone_into(&mut example);
        } else if let Some(text) = line.strip_prefix("/// ") {
            comment.push(text.to_owned());
        } else if let Some((name, kind)) = field(line) {
            keys.push(Key {
                name: name.to_owned(),
                kind: kind.to_owned(),
                comment: std::mem::take(&mut comment),
                example: std::mem::take(&mut example),
            });
        }
    }
    keys
}

fn field(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("pub ")?
        .strip_suffix(',')?
        .split_once(": ")
}

/// The fields of the section a key stands for, where it stands for one.
fn section_of(key: &Key) -> Option<Vec<Key>> {
    let fields = keys_of(&key.kind);
    (!fields.is_empty()).then_some(fields)
}

fn render_section(out: &mut String, key: &Key, fields: Vec<Key>, values: &toml::Table) {
    render_comment(out, &key.comment);
    let _ = writeln!(out, "[{}]", key.name);
    let empty = toml::Table::new();
    let values = values.get(&key.name).and_then(toml::Value::as_table);
    for field in fields {
        render_key(out, &field, values.unwrap_or(&empty));
    }
}

fn render_key(out: &mut String, key: &Key, values: &toml::Table) {
    render_comment(out, &key.comment);
    let _ = match values.get(&key.name) {
        Some(value) => writeln!(out, "{} = {value}", key.name),
        None => writeln!(out, "#{} = {}", key.name, key.example),
    };
}

fn render_comment(out: &mut String, comment: &[String]) {
    out.push('\n');
    for line in comment {
        let _ = writeln!(out, "# {line}");
    }
}

/// What stands above everything.
const HEADING: &str = "\
# Configuration of a Holm server. Every value shown is the default; a line that begins with #
# and a key shows an example. Start the server with `holm serve --config FILE`.
# The environment overrides the file: HOLM_SECTION__KEY, as in HOLM_SERVER__DOMAIN or HOLM_DATA.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn the_printed_example_parses_back_to_the_defaults() {
        assert_eq!(
            parse(&render(&Config::default())).unwrap(),
            Config::default()
        );
    }

    #[test]
    fn every_key_is_explained() {
        for key in keys_of("Config") {
            assert!(!key.comment.is_empty(), "{}", key.name);
            for field in section_of(&key).unwrap_or_default() {
                assert!(!field.comment.is_empty(), "{}.{}", key.name, field.name);
            }
        }
    }

    #[test]
    fn the_examples_are_valid_values() {
        let text = render(&Config::default());
        let lines = text.lines().map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => rest,
            _ => line,
        });
        let config = parse(&lines.collect::<Vec<_>>().join("\n")).unwrap();
        assert_eq!(config.server.domain.unwrap().as_str(), "islet.example");
        assert!(config.tls.cert.is_some() && config.tls.key.is_some());
    }

    #[test]
    fn a_domain_that_is_set_is_printed() {
        let mut config = Config::default();
        config.server.domain = Some("skerry.test".parse().unwrap());
        assert!(render(&config).contains("\ndomain = \"skerry.test\"\n"));
        assert_eq!(parse(&render(&config)).unwrap(), config);
    }
}
