//! [`Tokens`]: text as the model's words, each with its place in the text; long texts in overlapping windows.

use std::ops::Range;

use tokenizers::Tokenizer;

use super::ModelError;

/// Tells the model that what follows is text to be compared with other text.
const PREFIX: &str = "query: ";
/// Tokens that neighbouring windows share.
const OVERLAP: usize = 128;

pub struct Tokens {
    tokenizer: Tokenizer,
    /// Longest sequence of the model.
    most: usize,
}

/// One sequence for the encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub ids: Vec<u32>,
    /// Bytes of the text that each token stands for; empty for the prefix and the ends.
    pub spans: Vec<Range<usize>>,
    /// The tokens whose states this window gives: none of them is in two windows.
    pub own: Range<usize>,
}

impl Tokens {
    pub fn read(json: &[u8], most: usize, vocabulary: usize) -> Result<Self, ModelError> {
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(|error| ModelError(format!("tokenizer.json: {error}")))?;
        tokenizer.with_truncation(None).map_err(|error| ModelError(format!("tokenizer.json: {error}")))?;
        tokenizer.with_padding(None);
        if tokenizer.get_vocab_size(true) > vocabulary {
            return Err(ModelError(format!("tokenizer.json has {} tokens, config.json says {vocabulary}", tokenizer.get_vocab_size(true))));
        }
        Ok(Self { tokenizer, most })
    }

    /// The text in windows that the model can hold.
    pub fn windows(&self, text: &str) -> Result<Vec<Window>, ModelError> {
        let encoding = self
            .tokenizer
            .encode(format!("{PREFIX}{text}"), true)
            .map_err(|error| ModelError(format!("the tokenizer refused a text: {error}")))?;
        let ids = encoding.get_ids();
        let span = |(start, end): &(usize, usize)| start.saturating_sub(PREFIX.len())..end.saturating_sub(PREFIX.len());
        let spans: Vec<Range<usize>> = encoding.get_offsets().iter().map(span).collect();
        if ids.len() <= self.most {
            return Ok(vec![Window { ids: ids.to_vec(), own: 0..ids.len(), spans }]);
        }
        // The first and last token, and the prefix, stand in every window.
        let head = 1 + spans[1..].iter().take_while(|span| span.is_empty()).count();
        let tail = ids.len() - 1;
        let room = self.most - head - 1;
        let overlap = OVERLAP.min(room / 4);
        let mut windows = Vec::new();
        let mut start = head;
        loop {
            let end = (start + room).min(tail);
            let pick = |range: Range<usize>| (0..head).chain(range).chain(tail..tail + 1);
            let first = if start == head { 0 } else { head + overlap / 2 };
            let last = if end == tail { head + (end - start) + 1 } else { head + (end - start) - (overlap - overlap / 2) };
            windows.push(Window {
                ids: pick(start..end).map(|index| ids[index]).collect(),
                spans: pick(start..end).map(|index| spans[index].clone()).collect(),
                own: first..last,
            });
            if end == tail {
                return Ok(windows);
            }
            start = end - overlap;
        }
    }
}
