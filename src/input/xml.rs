//! XML as a small tree, for documents that come from outside: no DTD, no entities but the five of XML and characters by number, limits of depth and
//! size. Of a broken file everything before the break is there.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::record::note::Note;

/// Deeper elements end the reading: no record is so deep.
const MAX_DEPTH: usize = 100;
const MAX_ELEMENTS: usize = 1_000_000;
/// More attributes of one element are left out.
const MAX_ATTRIBUTES: usize = 64;

/// An element; names without their prefix.
#[derive(Debug, Default)]
pub struct Node {
    pub name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Child>,
    /// From 1.
    pub line: usize,
}

#[derive(Debug)]
enum Child {
    Node(Node),
    Text(String),
}

/// A file with a DTD is refused: nothing that a hospital sends needs one, and attacks do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("第{line}行:含有 DTD(<!DOCTYPE>),出于安全不读取")]
pub struct HasDtd {
    pub line: usize,
}

/// What line breaks in running text are: kept as an EMR writes them, or no more than white space as in HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaks {
    Kept,
    Folded,
}

impl Node {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.children.iter().filter_map(|child| match child {
            Child::Node(node) => Some(node),
            Child::Text(_) => None,
        })
    }

    pub fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Node> {
        self.nodes().filter(move |node| node.name == name)
    }

    /// The first element at the end of a path of names: `recordTarget/patientRole`.
    pub fn at(&self, path: &str) -> Option<&Node> {
        path.split('/').try_fold(self, |node, name| node.nodes().find(|child| child.name == name))
    }

    /// Itself and everything below that has this name, outermost first, not looking into one that was found.
    pub fn find<'n>(&'n self, name: &str, found: &mut Vec<&'n Node>) {
        if self.name == name {
            found.push(self);
            return;
        }
        self.nodes().for_each(|node| node.find(name, found));
    }

    /// Text of this element and of all below it, without what was struck out.
    pub fn text(&self, breaks: Breaks) -> String {
        let mut narrative = Narrative { text: String::new(), breaks };
        narrative.add(self);
        let lines: Vec<&str> = narrative.text.lines().map(str::trim).collect();
        let mut text = String::with_capacity(narrative.text.len());
        // Blank lines inside a text stay one blank line; those around it go.
        for (index, line) in lines.iter().enumerate() {
            if !line.is_empty() || !text.is_empty() && !lines[index - 1].is_empty() {
                text.push_str(line);
                text.push('\n');
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

struct Narrative {
    text: String,
    breaks: Breaks,
}

impl Narrative {
    fn add(&mut self, node: &Node) {
        let name = node.name.as_str();
        let is_struck = node.attribute("revised") == Some("delete") || matches!(name, "del" | "s" | "script" | "style");
        if is_struck {
            return;
        }
        if name == "br" {
            self.text.push('\n');
            return;
        }
        let is_block = matches!(
            name,
            "paragraph"
                | "p"
                | "div"
                | "list"
                | "ul"
                | "ol"
                | "item"
                | "li"
                | "table"
                | "tr"
                | "caption"
                | "h1"
                | "h2"
                | "h3"
                | "h4"
                | "pre"
        );
        if is_block {
            self.end_line();
        }
        for child in &node.children {
            match child {
                Child::Node(node) => self.add(node),
                Child::Text(text) => self.add_text(text),
            }
        }
        match name {
            "td" | "th" => self.text.push(' '),
            _ if is_block => self.end_line(),
            _ => {}
        }
    }

    fn add_text(&mut self, text: &str) {
        let is_indentation = text.contains('\n') && text.trim().is_empty();
        if is_indentation {
            return;
        }
        if self.breaks == Breaks::Kept {
            self.text.push_str(text);
            return;
        }
        // Chinese has no spaces: where a line of HTML is broken between two of its characters, there is nothing.
        let mut lines = text.split('\n').peekable();
        let mut index = 0;
        while let Some(line) = lines.next() {
            let line = if index == 0 { line } else { line.trim_start() };
            let line = if lines.peek().is_none() { line } else { line.trim_end() };
            let is_between_words = self.text.chars().next_back().is_some_and(|last| last.is_ascii_graphic())
                && line.chars().next().is_some_and(|first| first.is_ascii_graphic());
            if index > 0 && is_between_words {
                self.text.push(' ');
            }
            self.text.push_str(line);
            index += 1;
        }
    }

    fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

/// Reads a text as XML. The node that is returned has no name and holds the top elements.
pub fn read(text: &str) -> Result<(Node, Vec<Note>), HasDtd> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut tree = Tree { open: vec![Node { line: 1, ..Node::default() }], notes: Vec::new() };
    let (mut line, mut counted, mut elements) = (1, 0, 0);
    loop {
        let event = reader.read_event();
        let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len()).min(text.len());
        let begins_at = line;
        line += text.as_bytes().get(counted..at).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count());
        counted = at.max(counted);
        match event {
            Ok(Event::Start(start)) => {
                elements += 1;
                if tree.open.len() > MAX_DEPTH || elements > MAX_ELEMENTS {
                    tree.notes.push(Note::error(
                        "",
                        Some(begins_at),
                        format!("嵌套超过{MAX_DEPTH}层或元素超过{MAX_ELEMENTS}个,此后未读取"),
                    ));
                    break;
                }
                let node = tree.node(&start, begins_at);
                tree.open.push(node);
            }
            Ok(Event::Empty(start)) => {
                elements += 1;
                let node = tree.node(&start, begins_at);
                tree.put(Child::Node(node));
            }
            Ok(Event::End(_)) => tree.close(),
            Ok(Event::Text(piece)) => tree.put_text(&piece.xml10_content()),
            Ok(Event::CData(piece)) => tree.put_text(&piece.xml10_content()),
            Ok(Event::GeneralRef(reference)) => match character(&reference) {
                Some(character) => tree.put_text(character.encode_utf8(&mut [0; 4])),
                None => {
                    tree.put_text("\u{fffd}");
                    tree.note(begins_at, "含有未定义的实体,已用 � 代替");
                }
            },
            Ok(Event::DocType(_)) => return Err(HasDtd { line: begins_at }),
            Ok(Event::Eof) => {
                if tree.open.len() > 1 {
                    tree.notes.push(Note::error("", Some(line), "XML 不完整,已读取此前的内容"));
                }
                break;
            }
            Ok(Event::Decl(_) | Event::PI(_) | Event::Comment(_)) => {}
            Err(error) => {
                tree.notes.push(Note::error("", Some(line), format!("XML 有误,此后未读取: {error}")));
                break;
            }
        }
    }
    while tree.open.len() > 1 {
        tree.close();
    }
    Ok((tree.open.pop().unwrap_or_default(), tree.notes))
}

struct Tree {
    /// From the nameless root to the element being read.
    open: Vec<Node>,
    notes: Vec<Note>,
}

impl Tree {
    fn node(&mut self, start: &BytesStart<'_>, line: usize) -> Node {
        let mut node = Node { name: start.local_name().as_ref().to_owned(), line, ..Node::default() };
        // A check for equal names compares each with each: an attacker's thousand attributes are cut off before it would matter.
        for attribute in start.attributes().with_checks(false).take(MAX_ATTRIBUTES) {
            let Ok(attribute) = attribute else {
                self.note(line, "属性写法有误,已忽略");
                break;
            };
            let value = match quick_xml::escape::unescape(&attribute.value) {
                Ok(value) => value.into_owned(),
                Err(_) => {
                    self.note(line, "属性含有未定义的实体");
                    attribute.value.clone().into_owned()
                }
            };
            node.attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
        }
        node
    }

    fn put(&mut self, child: Child) {
        if let Some(node) = self.open.last_mut() {
            node.children.push(child);
        }
    }

    fn put_text(&mut self, text: &str) {
        let Some(node) = self.open.last_mut() else { return };
        match node.children.last_mut() {
            Some(Child::Text(before)) => before.push_str(text),
            _ => node.children.push(Child::Text(text.to_owned())),
        }
    }

    fn close(&mut self) {
        if self.open.len() > 1
            && let Some(node) = self.open.pop()
        {
            self.put(Child::Node(node));
        }
    }

    fn note(&mut self, line: usize, text: &str) {
        const MOST: usize = 100;
        if self.notes.len() < MOST {
            self.notes.push(Note::error("", Some(line), text));
        }
    }
}

/// What `&…;` stands for; &nbsp; too, since narratives come from HTML editors.
fn character(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Some(character);
    }
    match reference.xml10_content().as_ref() {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(xml: &str, breaks: Breaks) -> String {
        let (root, notes) = read(xml).expect("it has no DTD");
        assert_eq!(notes, [], "{xml}");
        root.text(breaks)
    }

    #[test]
    fn narratives_become_lines() {
        let xml = "<text>\n  <paragraph>咳嗽&lt;3天，<content>咳<b>黄</b>痰</content><content revised=\"delete\">发热</content></paragraph>\n  <list><item>一</item><item>二</item></list>\n  <table><tr><td>血钾</td><td>3.5</td></tr></table>甲<br/>乙&#20057;\n</text>";
        assert_eq!(text_of(xml, Breaks::Kept), "咳嗽<3天，咳黄痰\n一\n二\n血钾 3.5\n甲\n乙乙");
        assert_eq!(text_of("<text>第一行\n  第二行</text>", Breaks::Kept), "第一行\n第二行");
        assert_eq!(text_of("<div>受凉\n  后咳嗽 CT\n scan</div>", Breaks::Folded), "受凉后咳嗽 CT scan");
    }

    #[test]
    fn a_dtd_is_refused_and_no_entity_is_opened() {
        let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]><a>&b;&c;</a>";
        assert_eq!(read(bomb).map(|_| ()), Err(HasDtd { line: 2 }));
        let (root, notes) = read("<a>x&b;y</a>").expect("no DTD");
        assert_eq!((root.text(Breaks::Kept).as_str(), notes.len()), ("x\u{fffd}y", 1));
    }

    #[test]
    fn what_stands_before_a_break_is_read_and_the_line_is_named() {
        for xml in ["<a>\n<b>甲</b>\n<c>乙", "<a>\n<b>甲</b>\n<c>乙</d></a>"] {
            let (root, notes) = read(xml).expect("no DTD");
            assert_eq!(root.at("a/b").map(|node| node.text(Breaks::Kept)).as_deref(), Some("甲"), "{xml}");
            assert_eq!(notes.iter().map(|note| note.line).collect::<Vec<_>>(), [Some(3)], "{xml}");
        }
    }

    #[test]
    fn depth_and_attributes_are_limited() {
        let deep = "<a>".repeat(100_000);
        let (_, notes) = read(&deep).expect("no DTD");
        assert!(notes[0].text.contains("嵌套"), "{notes:?}");
        let attributes: String = (0..50_000).map(|number| format!(" a{number}=\"1\"")).collect();
        let began = std::time::Instant::now();
        let (root, _) = read(&format!("<x{attributes}/>")).expect("no DTD");
        assert_eq!(root.at("x").and_then(|node| node.attribute("a63")), Some("1"));
        assert!(root.at("x").and_then(|node| node.attribute("a64")).is_none() && began.elapsed().as_secs() < 5);
    }
}
