//! Unpacks zstd streams of any number of frames; the decoder of `ruzstd` knows one.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// A reader of the unpacked bytes.
pub struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Frames<R> {
    pub fn new(source: R) -> Self {
        Self { source, decoder: FrameDecoder::new(), in_frame: false }
    }

    /// Begins the next frame; false at the end of the stream.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut (&mut self.source).take(u64::from(length)), &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(broken(&error)),
            }
        }
        Ok(false)
    }
}

fn broken(error: &FrameDecoderError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("zstd: {error}"))
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const CHUNK: usize = 1 << 17;
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame {
                if !self.next_frame()? {
                    return Ok(0);
                }
                self.in_frame = true;
            }
            if !self.decoder.is_finished() && self.decoder.can_collect() == 0 {
                self.decoder.decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBytes(CHUNK)).map_err(|error| broken(&error))?;
            }
            let count = self.decoder.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            self.in_frame = !self.decoder.is_finished();
        }
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn unpack(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        Frames::new(bytes).read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn every_frame_is_read_and_skippable_ones_are_skipped() {
        let frame = |text: &str| compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let bytes = [frame("主诉:"), skippable.to_vec(), frame(""), frame(&"咳嗽3天。".repeat(50_000))].concat();
        assert_eq!(unpack(&bytes).expect("it is whole"), format!("主诉:{}", "咳嗽3天。".repeat(50_000)));
        assert_eq!(unpack(b"").expect("nothing is nothing"), "");
    }

    #[test]
    fn a_stream_that_is_cut_off_or_foreign_is_an_error() {
        let bytes = compress_to_vec("咳嗽3天。".repeat(100).as_bytes(), CompressionLevel::Fastest);
        assert!(unpack(&bytes[..bytes.len() - 3]).is_err());
        assert!(unpack(b"{\"visit_id\":1}").is_err());
    }
}
