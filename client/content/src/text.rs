//! Text, plain or in the draft's Markdown, and who is mentioned in it (MSG-4, MSG-8).

use holm_protocol::UserUri;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The media type of plain text.
pub const PLAIN: &str = "text/plain;charset=utf-8";
/// The media type of Markdown: GitHub's, without HTML and without links that are made of bare text.
pub const MARKDOWN: &str = "text/markdown;variant=GFM-MIMI";

/// A text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// As it was written.
    pub source: String,
    /// Whether it is Markdown.
    pub markdown: bool,
}

impl Text {
    /// Reads a part, where it is text in UTF-8 of a type that is known.
    pub(crate) fn read(content_type: &str, content: &[u8]) -> Option<Self> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let markdown = kind.eq_ignore_ascii_case("text/markdown");
        if !markdown && !kind.eq_ignore_ascii_case("text/plain") {
            return None;
        }
        let source = core::str::from_utf8(content).ok()?;
        Some(Self {
            source: source.into(),
            markdown,
        })
    }

    /// The text without its marks, for a line and for a search.
    pub fn plain(&self) -> String {
        match self.markdown {
            true => plain(&self.source),
            false => self.source.clone(),
        }
    }
}

/// Tables, strikethrough and task lists are the draft's only extensions.
fn parser(source: &str) -> Parser<'_> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    Parser::new_ext(source, options)
}

/// Users whom a Markdown text names by links to their URIs, each once, in order (MSG-8).
pub fn mentions(text: &Text) -> Vec<UserUri> {
    let mut users = Vec::new();
    let links = parser(&text.source).filter(|_| text.markdown);
    for event in links {
        if let Event::Start(Tag::Link { dest_url, .. }) = event
            && let Ok(user) = UserUri::parse(&dest_url)
            && !users.contains(&user)
        {
            users.push(user);
        }
    }
    users
}

/// HTML is no HTML there: it is shown as the text it is.
fn plain(source: &str) -> String {
    let mut out = String::new();
    for event in parser(source) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                out.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak | Event::Rule => out.push('\n'),
            Event::End(
                TagEnd::Paragraph
                | TagEnd::Heading(_)
                | TagEnd::Item
                | TagEnd::CodeBlock
                | TagEnd::TableRow
                | TagEnd::TableHead,
            ) => newline(&mut out),
            Event::End(TagEnd::TableCell) => out.push(' '),
            Event::TaskListMarker(done) => out.push_str(if done { "[x] " } else { "[ ] " }),
            _ => {}
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn newline(out: &mut String) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
}
