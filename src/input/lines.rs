//! [`NumberedLines`]: NDJSON in constant memory. A line over the limit is told and skipped, and the next one is read.

use std::io::{self, BufRead, Read};

use super::open::MAX_VISIT_BYTES;

/// One line that is not blank.
#[derive(Debug, PartialEq, Eq)]
pub struct NumberedLine {
    /// From 1; blank lines count.
    pub number: usize,
    /// Without the end of line; `None` where it is longer than [`MAX_VISIT_BYTES`].
    pub bytes: Option<Vec<u8>>,
}

/// The lines of an input. After an error there are no more.
pub struct NumberedLines<R> {
    input: R,
    number: usize,
    limit: usize,
    failed: bool,
}

impl<R: BufRead> NumberedLines<R> {
    pub fn new(input: R) -> Self {
        Self { input, number: 0, limit: MAX_VISIT_BYTES, failed: false }
    }

    /// The next line, also a blank one; `None` at the end.
    fn read(&mut self) -> io::Result<Option<Option<Vec<u8>>>> {
        let mut line = Vec::new();
        // One more for the end of line.
        let most = self.limit as u64 + 1;
        if (&mut self.input).take(most).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.pop_if(|last| *last == b'\n').is_none() && line.len() > self.limit {
            self.skip_line()?;
            return Ok(Some(None));
        }
        Ok(Some(Some(line)))
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |at| at + 1);
            self.input.consume(used);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

impl<R: BufRead> Iterator for NumberedLines<R> {
    type Item = io::Result<NumberedLine>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            self.number += 1;
            match self.read() {
                Ok(None) => return None,
                Ok(Some(Some(bytes))) if bytes.iter().all(u8::is_ascii_whitespace) => {}
                Ok(Some(bytes)) => return Some(Ok(NumberedLine { number: self.number, bytes })),
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &[u8], limit: usize, buffer: usize) -> Vec<NumberedLine> {
        let input = io::BufReader::with_capacity(buffer, text);
        let lines = NumberedLines { limit, ..NumberedLines::new(input) };
        lines.collect::<io::Result<_>>().expect("bytes in memory can be read")
    }

    proptest! {
        #[test]
        fn every_line_comes_once_with_its_number(text in "[ab\n ]{0,40}", limit in 1_usize..6, buffer in 1_usize..8) {
            let wanted: Vec<NumberedLine> = text
                .split('\n')
                .enumerate()
                .filter(|(_, line)| line.len() > limit || !line.trim().is_empty())
                .map(|(index, line)| NumberedLine { number: index + 1, bytes: (line.len() <= limit).then(|| line.as_bytes().to_vec()) })
                .collect();
            prop_assert_eq!(lines(text.as_bytes(), limit, buffer), wanted);
        }
    }

    #[test]
    fn an_input_that_breaks_off_says_so_once() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let mut lines = NumberedLines::new(io::BufReader::new(b"{}\n".chain(Broken)));
        assert!(lines.next().expect("a line").is_ok());
        assert!(lines.next().expect("the error").is_err());
        assert!(lines.next().is_none());
    }
}
