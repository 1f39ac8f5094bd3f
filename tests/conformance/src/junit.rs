//! Results as JUnit XML, which every build server reads.

use std::fmt::Write;

use crate::case::Outcome;
use crate::report::Sum;
use crate::runner::Finished;

/// The document.
pub fn document(finished: &[Finished]) -> String {
    let sum = Sum::of(finished);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuite name=\"holm-conformance\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">",
        finished.len(),
        sum.failed,
        sum.skipped
    );
    for one in finished {
        element(&mut xml, one);
    }
    xml.push_str("</testsuite>\n");
    xml
}

fn element(xml: &mut String, one: &Finished) {
    let case = &one.case;
    let (id, role) = (escape(&case.id), case.role.name());
    let time = format!("{}.{:03}", one.took_ms / 1_000, one.took_ms % 1_000);
    let _ = writeln!(
        xml,
        "  <testcase classname=\"{role}\" name=\"{id}\" time=\"{time}\">"
    );
    let cited = case.requirements.iter().map(|id| ("requirement", id));
    let cited = cited.chain(case.attacks.iter().map(|id| ("attack", id)));
    xml.push_str("    <properties>\n");
    for (name, id) in cited {
        let _ = writeln!(
            xml,
            "      <property name=\"{name}\" value=\"{}\"/>",
            escape(id)
        );
    }
    xml.push_str("    </properties>\n");
    let _ = match &one.outcome {
        Outcome::Pass => Ok(()),
        Outcome::Fail(why) => {
            let (title, why) = (escape(&case.title), escape(why));
            writeln!(xml, "    <failure message=\"{title}\">{why}</failure>")
        }
        Outcome::Skip(why) => writeln!(xml, "    <skipped message=\"{}\"/>", escape(why)),
    };
    xml.push_str("  </testcase>\n");
}

/// Text for attributes and content; control characters, which XML has none for, become spaces.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_a_server_answers_cannot_break_the_document() {
        assert_eq!(escape("a<b>&\"\u{1b}["), "a&lt;b&gt;&amp;&quot; [");
    }
}
