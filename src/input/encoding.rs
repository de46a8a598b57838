//! Bytes as text: UTF-8, UTF-16 with a mark, or GB18030 (which holds GBK and GB2312).

use encoding_rs::{Encoding, GB18030};

use crate::record::note::Note;

/// Bytes as text. What could not be decoded is replaced by `�` and noted.
pub fn decode(bytes: &[u8]) -> (String, Vec<Note>) {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        let (text, _, damaged) = encoding.decode(bytes);
        let notes = if damaged { vec![damage(bytes, encoding.name())] } else { Vec::new() };
        return (text.into_owned(), notes);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (text.to_owned(), Vec::new());
    }
    if is_damaged_utf8(bytes) {
        return (String::from_utf8_lossy(bytes).into_owned(), vec![damage(bytes, "UTF-8")]);
    }
    let (text, damaged) = GB18030.decode_without_bom_handling(bytes);
    let mut notes = vec![Note::warning("", None, "按 GB18030 编码读取")];
    if damaged {
        notes.push(Note::error("", None, "含有既非 UTF-8 也非 GB18030 的字节,已用 � 代替"));
    }
    (text.into_owned(), notes)
}

/// XML as text: as [`decode`], but what is not UTF-8 and declares its encoding is read so without a remark.
pub fn decode_xml(bytes: &[u8]) -> (String, Vec<Note>) {
    const PROLOGUE: usize = 200;
    let (text, notes) = decode(bytes);
    if std::str::from_utf8(bytes).is_ok() || Encoding::for_bom(bytes).is_some() {
        return (text, notes);
    }
    let prologue = String::from_utf8_lossy(&bytes[..bytes.len().min(PROLOGUE)]);
    let declared = prologue.split_once("encoding=").and_then(|(_, rest)| {
        let quote = rest.chars().next()?;
        Encoding::for_label(rest[quote.len_utf8()..].split(quote).next()?.as_bytes())
    });
    match declared.and_then(|encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes)) {
        Some(text) => (text.into_owned(), Vec::new()),
        None => (text, notes),
    }
}

/// The text of bytes that are GB18030 throughout, where they are not UTF-8 with a few broken bytes.
pub fn whole_gb18030(bytes: &[u8]) -> Option<String> {
    if is_damaged_utf8(bytes) {
        return None;
    }
    GB18030.decode_without_bom_handling_and_without_replacement(bytes).map(|text| text.into_owned())
}

/// True for UTF-8 text with broken places. Text in GB18030 has hardly any three bytes in a row that are a character in UTF-8.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    const CHARACTERS_A_BREAK: usize = 4;
    let (mut characters, mut breaks) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        characters += chunk.valid().bytes().filter(|byte| *byte >= 0xe0).count();
        breaks += usize::from(!chunk.invalid().is_empty());
    }
    breaks > 0 && characters >= breaks * CHARACTERS_A_BREAK
}

fn damage(bytes: &[u8], encoding: &str) -> Note {
    let valid = std::str::from_utf8(bytes).err().map_or(0, |error| error.valid_up_to());
    let line = 1 + bytes[..valid].iter().filter(|byte| **byte == b'\n').count();
    match encoding {
        "UTF-8" => Note::error("", Some(line), format!("字节 {valid} 处不是 UTF-8,已用 � 代替")),
        _ => Note::error("", None, format!("含有不是 {encoding} 的字节,已用 � 代替")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::note::Level;

    #[test]
    fn every_encoding_of_a_hospital_is_read() {
        let text = "主诉：咳嗽3天。\r\n现病史：患者3天前受凉。";
        let marked = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        let wide: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), &marked, &wide] {
            assert_eq!(decode(bytes), (text.to_owned(), Vec::new()));
        }
        let (gb, _, _) = GB18030.encode(text);
        let (read, notes) = decode(&gb);
        assert_eq!((read.as_str(), notes.len(), notes[0].level), (text, 1, Level::Warning));
    }

    #[test]
    fn broken_utf8_is_not_taken_for_gb18030() {
        let mut bytes = "主诉：咳嗽3天。\n现病史：患者3天前受凉。".as_bytes().to_vec();
        bytes[4] = 0xff;
        let (text, notes) = decode(&bytes);
        assert!(text.contains("咳嗽3天") && text.contains('\u{fffd}'));
        assert!(notes[0].level == Level::Error && notes[0].text.contains("字节 3 "), "{notes:?}");
        assert_eq!(whole_gb18030(&bytes), None);
    }
}
