//! One case of a file: typed access to its members, and the writing of files.

use std::fmt::Write;

use serde_json::{Map, Value};

/// A case as it stands in its file.
pub(super) struct Case<'a>(&'a Value);

impl<'a> Case<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// What failures name.
    pub(super) fn name(&self) -> &str {
        self.text("name")
    }

    /// A member that is another object.
    pub(super) fn part(&self, member: &str) -> Case<'a> {
        Case(self.member(member))
    }

    /// Whether a member is there.
    pub(super) fn has(&self, member: &str) -> bool {
        self.0.get(member).is_some_and(|value| !value.is_null())
    }

    pub(super) fn value(&self, member: &str) -> &'a Value {
        self.member(member)
    }

    pub(super) fn text(&self, member: &str) -> &'a str {
        self.member(member)
            .as_str()
            .unwrap_or_else(|| panic!("{member} of {}", self.0))
    }

    pub(super) fn number(&self, member: &str) -> u64 {
        self.member(member)
            .as_u64()
            .unwrap_or_else(|| panic!("{member} of {}", self.0))
    }

    /// A number that fits a smaller type.
    pub(super) fn small<T: TryFrom<u64>>(&self, member: &str) -> T {
        T::try_from(self.number(member)).unwrap_or_else(|_| panic!("{member} of {}", self.0))
    }

    pub(super) fn flag(&self, member: &str) -> bool {
        self.member(member)
            .as_bool()
            .unwrap_or_else(|| panic!("{member} of {}", self.0))
    }

    pub(super) fn list(&self, member: &str) -> &'a [Value] {
        self.member(member)
            .as_array()
            .unwrap_or_else(|| panic!("{member} of {}", self.0))
    }

    pub(super) fn bytes(&self, member: &str) -> Vec<u8> {
        unhex(self.text(member))
    }

    /// Exactly `N` bytes.
    pub(super) fn array<const N: usize>(&self, member: &str) -> [u8; N] {
        let bytes = self.bytes(member);
        bytes
            .try_into()
            .unwrap_or_else(|_| panic!("{member} of {}", self.0))
    }

    fn member(&self, member: &str) -> &'a Value {
        self.0
            .get(member)
            .unwrap_or_else(|| panic!("{member} of {}", self.0))
    }
}

/// Bytes as lower-case hexadecimal.
pub(super) fn hex(bytes: impl AsRef<[u8]>) -> String {
    let digits = bytes.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// The bytes of lower-case hexadecimal.
pub(super) fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// A file's text: members in a fixed order, one a line, whatever map the JSON library uses.
pub(super) fn write(content: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, content, 0);
    text + "\n"
}

/// Members that stand first; the others follow by name.
const FIRST: [&str; 5] = ["description", "format", "name", "requirements", "shared"];

fn write_value(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => write_object(text, members, depth),
        Value::Array(items) if items.iter().any(|i| i.is_object() || depth < 2) => {
            let lines = items.iter().map(|item| (None, item));
            write_lines(text, ('[', ']'), lines, depth);
        }
        plain => write!(text, "{plain}").unwrap(),
    }
}

fn write_object(text: &mut String, members: &Map<String, Value>, depth: usize) {
    let mut sorted: Vec<_> = members
        .iter()
        .map(|(key, value)| (Some(key), value))
        .collect();
    let place = |key: &String| {
        FIRST
            .iter()
            .position(|first| first == key)
            .unwrap_or(FIRST.len())
    };
    sorted.sort_by_key(|(key, _)| key.map(|key| (place(key), key.clone())));
    write_lines(text, ('{', '}'), sorted.into_iter(), depth);
}

fn write_lines<'a>(
    text: &mut String,
    (open, close): (char, char),
    lines: impl Iterator<Item = (Option<&'a String>, &'a Value)>,
    depth: usize,
) {
    text.push(open);
    for (index, (key, value)) in lines.enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        if let Some(key) = key {
            write!(text, "{}: ", Value::from(key.as_str())).unwrap();
        }
        write_value(text, value, depth + 1);
    }
    write!(text, "\n{}{close}", "  ".repeat(depth)).unwrap();
}
