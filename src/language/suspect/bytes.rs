//! Whole numbers of seven bits a byte, written and read back with everything checked.

use super::super::ModelError;

/// Appends a number, low bits first; every byte but the last has its highest bit set.
pub fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Reads a file from front to back.
pub struct Reader<'a> {
    name: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// The name is for messages.
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        Self { name, bytes, at: 0 }
    }

    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Bytes that are not read yet.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// So many bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], ModelError> {
        let taken = self.bytes[self.at..].get(..length);
        let taken = taken.ok_or_else(|| ModelError(format!("{}: ends after {} of its bytes", self.name, self.bytes.len())))?;
        self.at += length;
        Ok(taken)
    }

    /// Two bytes, little-endian.
    pub fn u16(&mut self) -> Result<u16, ModelError> {
        self.take(2).map(|two| u16::from_le_bytes([two[0], two[1]]))
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self) -> Result<u32, ModelError> {
        self.take(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
    }

    /// A number as [`put_varint`] writes it.
    pub fn varint(&mut self) -> Result<u64, ModelError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                break;
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ModelError(format!("{}: no number at byte {}", self.name, self.at)))
    }

    /// A number that fits 16 bits.
    pub fn varint16(&mut self) -> Result<u16, ModelError> {
        let value = self.varint()?;
        u16::try_from(value).map_err(|_| ModelError(format!("{}: {value} before byte {} is no character", self.name, self.at)))
    }
}
