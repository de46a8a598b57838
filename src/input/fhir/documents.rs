//! Compositions, document references and their attachments as documents.

use base64::Engine as _;
use serde_json::Value;

use super::BundleReader;
use super::values::{concept, list, text_at, words};
use crate::input::encoding;
use crate::input::mapping::section_name;
use crate::input::xml::{self, Breaks};
use crate::record::{Document, Section, Signature};

/// Sections in sections, no deeper.
const MAX_DEPTH: usize = 20;

impl BundleReader<'_> {
    pub(super) fn composition(&mut self, value: &Value, path: &str) {
        let mut sections = Vec::new();
        let mut nameless = 0;
        for (index, section) in list(value, "section").enumerate() {
            self.section(section, &format!("{path}/section/{index}"), 0, &mut sections, &mut nameless);
        }
        let mut text = None;
        // One section that has no name is a document in flat text.
        if sections.len() == 1 && nameless == 1 {
            text = sections.pop().map(|section| section.text);
        } else if sections.is_empty() {
            text = text_at(value, "/text/div").and_then(|div| self.narrative(div, &format!("{path}/text/div")));
        }
        let signatures = self.attesters(value, path);
        let document = Document {
            event_at: self.time(value, "/date", path),
            signed_at: signatures.iter().filter_map(|signature| signature.at).max_by_key(|at| at.latest()),
            signatures: (!signatures.is_empty()).then_some(signatures),
            draft: (text_at(value, "/status") == Some("preliminary")).then_some(true),
            sections: (!sections.is_empty()).then_some(sections),
            text,
            ..self.headed(value, text_at(value, "/title"), path)
        };
        self.visit.documents.push(document);
    }

    pub(super) fn document_reference(&mut self, value: &Value, path: &str) {
        let mut texts = Vec::new();
        for (index, content) in list(value, "content").enumerate() {
            let Some(attachment) = content.get("attachment") else { continue };
            let place = format!("{path}/content/{index}/attachment");
            let target = attachment.get("url").and_then(|url| self.refer(Some(&serde_json::json!({ "reference": url }))));
            let held = match target {
                Some(index) if self.resources[index].kind == "Binary" => {
                    self.attached.insert(index);
                    self.resources[index].value
                }
                _ => attachment,
            };
            texts.extend(self.attachment(held, &place));
        }
        let title = list(value, "content").find_map(|content| text_at(content, "/attachment/title"));
        let document = Document {
            event_at: self.time(value, "/date", path),
            draft: (text_at(value, "/docStatus") == Some("preliminary")).then_some(true),
            text: (!texts.is_empty()).then(|| texts.join("\n")),
            ..self.headed(value, text_at(value, "/description").or(title), path)
        };
        self.visit.documents.push(document);
    }

    /// Texts that no document reference names are documents of their own.
    pub(super) fn loose_binaries(&mut self) {
        for index in 0..self.resources.len() {
            if self.resources[index].kind != "Binary" || self.attached.contains(&index) {
                continue;
            }
            let (value, path) = (self.resources[index].value, self.resources[index].path.clone());
            let Some(text) = self.attachment(value, &path) else { continue };
            // A title on the first line says what it is.
            let kind = text.lines().next().and_then(|first| self.tables.table.kind_of_title(first));
            let id = text_at(value, "/id").map_or_else(|| format!("binary-{index}"), str::to_owned);
            self.visit.documents.push(Document { id, kind, text: Some(text), ..Document::default() });
        }
    }

    /// Documents with the id of an earlier one are left out.
    pub(super) fn repeated_documents(&mut self) {
        let mut seen = std::collections::HashSet::new();
        let mut repeated = Vec::new();
        self.visit.documents.retain(|document| {
            let is_new = seen.insert(document.id.clone());
            if !is_new {
                repeated.push(document.id.clone());
            }
            is_new
        });
        for id in repeated {
            self.error("", format!("文书编号 `{id}` 重复,后一份未读取"));
        }
    }

    /// Id, kind, title and author.
    fn headed(&mut self, value: &Value, title: Option<&str>, path: &str) -> Document {
        let kind_code = value.get("type");
        let title = title.or_else(|| kind_code.and_then(concept));
        let by_code = self.tables.mapping.document.first(kind_code.into_iter().flat_map(words));
        let kind = by_code.or_else(|| title.and_then(|title| self.tables.table.kind_of_title(title)));
        if kind.is_none() {
            self.note(path, format!("不认识文书类型 `{}`", title.unwrap_or("")));
        }
        let id = text_at(value, "/id").map_or_else(|| format!("fhir-{}", self.visit.documents.len() + 1), str::to_owned);
        let author = list(value, "author").find_map(|author| self.person(Some(author)));
        Document { id, kind, title: title.map(str::to_owned), author, ..Document::default() }
    }

    /// Those who signed; a personal attestation is none.
    fn attesters(&mut self, value: &Value, path: &str) -> Vec<Signature> {
        let mut signatures = Vec::new();
        for (index, attester) in list(value, "attester").enumerate() {
            let at = self.time(attester, "/time", &format!("{path}/attester/{index}"));
            let staff = self.person(attester.get("party"));
            let is_signature =
                attester.get("mode").is_some_and(|mode| words(mode).any(|mode| matches!(mode, "legal" | "professional" | "official")));
            if staff.is_some() && is_signature {
                signatures.push(Signature { staff, at });
            }
        }
        signatures
    }

    fn section(&mut self, value: &Value, path: &str, depth: usize, sections: &mut Vec<Section>, nameless: &mut usize) {
        if depth > MAX_DEPTH {
            self.error(path, "段落嵌套过深,未读取");
            return;
        }
        let code = value.get("code").into_iter().flat_map(words);
        let name = section_name(self.tables.table, self.tables.mapping, text_at(value, "/title"), code);
        let text = text_at(value, "/text/div").and_then(|div| self.narrative(div, &format!("{path}/text/div")));
        let has_inner = list(value, "section").len() > 0;
        if text.is_some() || name.is_some() && !has_inner {
            *nameless += usize::from(name.is_none());
            let name = name.unwrap_or_else(|| "正文".to_owned());
            sections.push(Section { name, text: text.unwrap_or_default() });
        }
        for (index, inner) in list(value, "section").enumerate() {
            self.section(inner, &format!("{path}/section/{index}"), depth + 1, sections, nameless);
        }
    }

    /// XHTML as text.
    pub(super) fn narrative(&mut self, div: &str, path: &str) -> Option<String> {
        match xml::read(div) {
            Ok((node, notes)) => {
                for note in notes {
                    self.error(path, note.text);
                }
                let text = node.text(Breaks::Folded);
                (!self.tables.mapping.is_empty(&text)).then_some(text)
            }
            Err(error) => {
                self.error(path, error.to_string());
                None
            }
        }
    }

    /// The text of an attachment or a binary.
    fn attachment(&mut self, value: &Value, path: &str) -> Option<String> {
        let media = text_at(value, "/contentType").unwrap_or("text/plain").to_ascii_lowercase();
        let Some(data) = text_at(value, "/data") else {
            self.note(path, "附件没有内容(data),未读取");
            return None;
        };
        if !media.starts_with("text/") && !media.contains("xhtml") {
            self.note(path, format!("附件为 {media},不是文本,未读取"));
            return None;
        }
        let packed: String = data.split_whitespace().collect();
        let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(packed) else {
            self.error(&format!("{path}/data"), "附件不是 base64,未读取");
            return None;
        };
        let (text, notes) = encoding::decode(&bytes);
        for note in notes {
            self.note(path, note.text);
        }
        if media.contains("html") { self.narrative(&text, path) } else { Some(text) }
    }
}
