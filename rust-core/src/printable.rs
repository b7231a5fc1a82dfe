//! What Core's records do to a terminal. They are about ids, types and failures, which are anybody's text: what would
//! command a terminal is written as `\u001b`.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
};

/// Escapes what is written. A record comes in one piece.
pub struct Escaping<W>(pub W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.0.write_all(escaped(&String::from_utf8_lossy(record)).as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A text in which nothing commands a terminal but line ends, tabs, and styles as records have them.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_command) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_command) {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        let style = style_length(rest);
        if style > 0 {
            shown.push_str(&rest[..style]);
            rest = &rest[style..];
        } else if let Some(command) = rest.chars().next() {
            let _ = write!(shown, "\\u{:04x}", u32::from(command));
            rest = &rest[command.len_utf8()..];
        }
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Whether a character is a control character, or changes the direction of the text that follows.
fn is_command(character: char) -> bool {
    let turns = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (character.is_control() && !matches!(character, '\n' | '\t'))
}

/// The length of the style that a text begins with: bold, dim, italic and the colours. Others, such as one that hides
/// what follows, are no record's.
fn style_length(text: &str) -> usize {
    let Some((codes, _)) = text.strip_prefix("\u{1b}[").and_then(|rest| rest.split_once('m')) else {
        return 0;
    };
    let is_known = |code: &str| {
        matches!(
            code,
            "0" | "1" | "2" | "3" | "31" | "32" | "33" | "34" | "35" | "36" | "37"
        )
    };
    if codes.split(';').all(is_known) {
        codes.len() + 3
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_stay_and_nothing_else_commands() {
        let styled = "\u{1b}[2m2026\u{1b}[0m \u{1b}[1;31mERROR\u{1b}[0m a\tb\n";
        assert_eq!(escaped(styled), styled);
        assert_eq!(
            escaped("id\u{1b}[2J\u{1b}]52;c;eA==\u{7}\r\u{9b}8m\u{7f}\u{202e}\u{1b}[8m é 漢"),
            "id\\u001b[2J\\u001b]52;c;eA==\\u0007\\u000d\\u009b8m\\u007f\\u202e\\u001b[8m é 漢"
        );
        assert_eq!(escaped("\u{1b}"), "\\u001b");
        assert_eq!(escaped("\u{1b}[m\u{1b}["), "\\u001b[m\\u001b[");
    }

    #[test]
    fn a_record_of_json_stays_the_same_json() {
        let record = "{\"id\":\"\u{9b}\u{202e}\"}\n";
        let shown = escaped(record);
        assert_eq!(shown, "{\"id\":\"\\u009b\\u202e\"}\n");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("is JSON");
        assert_eq!(value(&shown), value(record));
    }

    #[test]
    fn what_is_written_is_escaped() {
        let mut output = Vec::new();
        Escaping(&mut output)
            .write_all("a\u{1b}[2Jb\n".as_bytes())
            .expect("there is room");
        assert_eq!(output, b"a\\u001b[2Jb\n");
    }
}
