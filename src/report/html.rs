//! The report as one self-contained page: the record on the left with the evidence marked, the findings on the right. Prints well; loads nothing.

use askama::Template;

use super::finding::Quotation;
use super::text::severity_name;
use super::{Finding, Report};
use crate::record::Visit;
use crate::rules::{Role, Status};

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>病历质控报告 {{ report.visit_id }}</title>
<style>
:root { --ink:#1c2430; --soft:#5c6675; --line:#d8dde5; --paper:#fff; --ground:#f4f6f9; --s1:#b3261e; --s2:#9a5b00; --s3:#1f5fa8; --s4:#5c6675; --mark:#fff1b8; --against:#d6ecff; }
@media (prefers-color-scheme: dark) { :root { --ink:#e6e9ee; --soft:#a3adba; --line:#3a4350; --paper:#1b2028; --ground:#12161c; --s1:#ff8a80; --s2:#ffc266; --s3:#8cbcff; --s4:#a3adba; --mark:#5a4a00; --against:#0d3a5c; } }
* { box-sizing: border-box; }
body { margin:0; background:var(--ground); color:var(--ink); font:16px/1.7 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",sans-serif; }
header { padding:1rem 1.5rem; background:var(--paper); border-bottom:1px solid var(--line); }
h1 { font-size:1.25rem; margin:0; } h2 { font-size:1.05rem; margin:0 0 .25rem; } h3 { font-size:.95rem; color:var(--soft); margin:.75rem 0 0; }
.summary { color:var(--soft); } .grade { font-weight:700; color:var(--ink); }
main { display:grid; grid-template-columns:minmax(0,3fr) minmax(20rem,2fr); gap:1rem; padding:1rem 1.5rem; align-items:start; }
article, .finding { background:var(--paper); border:1px solid var(--line); border-radius:.5rem; padding:.9rem 1.1rem; margin:0 0 .8rem; overflow-wrap:anywhere; }
article p { margin:.15rem 0; white-space:pre-wrap; }
mark { background:var(--mark); color:inherit; border-bottom:2px solid var(--s2); } mark.against { background:var(--against); border-bottom-color:var(--s3); } mark:target { outline:3px solid var(--s1); }
.finding { border-left:4px solid var(--s4); } .finding.S1 { border-left-color:var(--s1); } .finding.S2 { border-left-color:var(--s2); } .finding.S3 { border-left-color:var(--s3); }
.level { font-weight:700; } .S1 .level { color:var(--s1); } .S2 .level { color:var(--s2); } .S3 .level { color:var(--s3); }
.finding p { margin:.25rem 0; } .small { font-size:.85rem; color:var(--soft); } a { color:var(--s3); }
aside { position:sticky; top:1rem; max-height:calc(100vh - 2rem); overflow:auto; }
@media (max-width: 900px) { main { grid-template-columns:1fr; } aside { position:static; max-height:none; order:-1; } }
.watermark { position:fixed; inset:0; width:100%; height:100%; pointer-events:none; opacity:.11; font:15px sans-serif; fill:currentColor; print-color-adjust:exact; }
@media print { aside { position:static; max-height:none; overflow:visible; } body { background:#fff; } }
</style>
</head>
<body>
<header>
<h1>病历质控报告 · 住院号 {{ report.visit_id }}</h1>
<div class="summary">{{ at }}{% if let Some(score) = report.score %} · <span class="grade">{% if let Some(total) = score.total %}{{ total }} 分 {% endif %}{{ score.grade }}级</span>(评分表 {{ score.sheet }}){% endif %} · 已运行 {{ report.manifest.ran }} 条规则,因资料缺失跳过 {{ report.manifest.skipped.len() }} 条,未评估 {{ report.manifest.not_evaluated.len() }} 条</div>
</header>
<main>
<section aria-label="病历">
{% for document in documents %}<article id="{{ document.id }}"><h2>{{ document.title }}</h2>{% if !document.time.is_empty() %}<div class="small">{{ document.time }}</div>{% endif %}
{% for section in document.sections %}{% if !section.name.is_empty() %}<h3>{{ section.name }}</h3>{% endif %}<p>{% for piece in section.pieces %}{% if piece.anchor.is_empty() %}{{ piece.text }}{% else %}<mark id="{{ piece.anchor }}"{% if piece.against %} class="against"{% endif %} title="{{ piece.title }}">{{ piece.text }}</mark>{% endif %}{% endfor %}</p>
{% endfor %}</article>
{% endfor %}</section>
<aside aria-label="发现的问题">
{% if findings.is_empty() %}<div class="finding"><p>已检查,未发现缺陷。</p></div>{% endif %}
{% for finding in findings %}<div class="finding {{ finding.class }}"><p><span class="level">{{ finding.level }}</span> <strong>{{ finding.title }}</strong> <span class="small">{{ finding.code }}{% if !finding.points.is_empty() %} · {{ finding.points }}{% endif %}</span></p>
<p>{{ finding.message }}</p>
{% for place in finding.places %}<p class="small"><a href="#{{ place.anchor }}">{{ place.label }}</a></p>{% endfor %}{% for label in finding.data %}<p class="small">{{ label }}</p>{% endfor %}
<p>建议:{{ finding.suggestion }}</p><p class="small">依据 {{ finding.basis }}</p></div>
{% endfor %}</aside>
</main>
{% if !watermark.is_empty() %}<svg class="watermark" aria-hidden="true"><defs><pattern id="watermark" width="300" height="150" patternUnits="userSpaceOnUse" patternTransform="rotate(-20)"><text x="10" y="80">{{ watermark }}</text></pattern></defs><rect width="100%" height="100%" fill="url(#watermark)"/></svg>
{% endif %}</body>
</html>
"##
)]
struct Page<'a> {
    report: &'a Report,
    /// Who reads it, and when; empty: no such words.
    watermark: &'a str,
    at: String,
    documents: Vec<DocumentView>,
    findings: Vec<FindingView>,
}

struct DocumentView {
    id: String,
    title: String,
    time: String,
    sections: Vec<SectionView>,
}

struct SectionView {
    name: String,
    pieces: Vec<Piece>,
}

struct Piece {
    text: String,
    anchor: String,
    against: bool,
    title: String,
}

struct FindingView {
    class: String,
    level: &'static str,
    title: String,
    code: String,
    points: String,
    message: String,
    places: Vec<PlaceView>,
    data: Vec<String>,
    suggestion: String,
    basis: String,
}

struct PlaceView {
    anchor: String,
    label: String,
}

/// The page of one visit. `watermark`: who reads it and when, faintly over all of it; empty: nothing.
pub fn render(report: &Report, visit: &Visit, watermark: &str) -> Result<String, askama::Error> {
    let shown: Vec<&Finding> = report.findings.iter().filter(|finding| finding.status == Status::Stable).collect();
    let mut marks: Vec<(&Quotation, String, String)> = Vec::new();
    for (number, finding) in shown.iter().enumerate() {
        for (index, quotation) in finding.evidence.iter().enumerate() {
            marks.push((quotation, format!("f{number}e{index}"), finding.title.clone()));
        }
    }
    let mut placed = vec![false; marks.len()];
    let documents = visit.documents.iter().map(|document| {
        let mut section = |name: Option<&str>, text: &str| SectionView {
            name: name.unwrap_or("").to_owned(),
            pieces: pieces(text, &document.id, name, &marks, &mut placed),
        };
        let sections = match &document.sections {
            Some(list) => list.iter().map(|part| section(Some(&part.name), &part.text)).collect(),
            None => vec![section(None, document.text.as_deref().unwrap_or(""))],
        };
        DocumentView {
            id: document.id.clone(),
            title: document.title.clone().unwrap_or_else(|| document.kind.map_or("文书", |kind| kind.chinese()).to_owned()),
            time: document.event_at.map(|at| at.to_string()).unwrap_or_default(),
            sections,
        }
    });
    let findings = shown.iter().enumerate().map(|(number, finding)| FindingView {
        class: format!("{:?}", finding.severity),
        level: severity_name(finding.severity),
        title: finding.title.clone(),
        code: finding.defect.clone(),
        points: if finding.veto {
            "单项否决".to_owned()
        } else if finding.points > 0.0 {
            format!("−{} 分", finding.points)
        } else {
            String::new()
        },
        message: finding.message.clone(),
        places: finding
            .evidence
            .iter()
            .enumerate()
            .map(|(index, quotation)| PlaceView { anchor: format!("f{number}e{index}"), label: place_label(quotation) })
            .collect(),
        data: finding.data.iter().map(|entry| entry.label.clone()).collect(),
        suggestion: finding.suggestion.clone(),
        basis: finding.basis.join("、"),
    });
    Page { report, watermark, at: report.at.to_string(), documents: documents.collect(), findings: findings.collect() }.render()
}

fn place_label(quotation: &Quotation) -> String {
    let short: String = quotation.quote.chars().take(30).collect();
    let rest = if quotation.quote.chars().count() > 30 { "…" } else { "" };
    match &quotation.section {
        Some(section) => format!("{} {section}「{short}{rest}」", quotation.title),
        None => format!("{}「{short}{rest}」", quotation.title),
    }
}

/// Cuts a section's text at the marks; where two overlap the first one keeps the words, and the other's anchor stands empty before them.
/// A mark is placed once, in the first section of its name that has its words in its place: a document may have two sections of one name.
fn pieces(text: &str, document: &str, section: Option<&str>, marks: &[(&Quotation, String, String)], placed: &mut [bool]) -> Vec<Piece> {
    let characters: Vec<char> = text.chars().collect();
    let stands = |quotation: &Quotation| {
        let words = characters.get(quotation.start..quotation.end);
        words.is_some_and(|words| words.iter().copied().eq(quotation.quote.chars()))
    };
    let mut here: Vec<&(&Quotation, String, String)> = Vec::new();
    for (mark, placed) in marks.iter().zip(placed) {
        let quotation = mark.0;
        if !*placed && quotation.document == document && quotation.section.as_deref() == section && stands(quotation) {
            *placed = true;
            here.push(mark);
        }
    }
    here.sort_by_key(|(quotation, _, _)| (quotation.start, quotation.end));
    let plain = |from: usize, to: usize| Piece {
        text: characters[from..to].iter().collect(),
        anchor: String::new(),
        against: false,
        title: String::new(),
    };
    let mut pieces = Vec::new();
    let mut at = 0;
    for (quotation, anchor, title) in here {
        let (start, end) = (quotation.start.max(at).min(characters.len()), quotation.end.max(at).min(characters.len()));
        if start > at {
            pieces.push(plain(at, start));
        }
        let words: String = characters[start..end].iter().collect();
        pieces.push(Piece { text: words, anchor: anchor.clone(), against: quotation.role == Role::Against, title: title.clone() });
        at = end;
    }
    if at < characters.len() {
        pieces.push(plain(at, characters.len()));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotation(section: &str, quote: &str, start: usize) -> Quotation {
        Quotation {
            document: "d".to_owned(),
            title: "日常病程记录".to_owned(),
            section: Some(section.to_owned()),
            quote: quote.to_owned(),
            role: Role::This,
            start,
            end: start + quote.chars().count(),
            start_utf16: start,
            end_utf16: start + quote.encode_utf16().count(),
        }
    }

    fn words(pieces: &[Piece]) -> Vec<(&str, &str)> {
        pieces.iter().map(|piece| (piece.anchor.as_str(), piece.text.as_str())).collect()
    }

    #[test]
    fn marks_cut_the_text_and_lose_none_of_it() {
        let (first, second) = (quotation("查体", "𠮷体温82℃", 1), quotation("查体", "82℃，脉", 4));
        let marks = [(&first, "f0e0".to_owned(), String::new()), (&second, "f1e0".to_owned(), String::new())];
        let cut = pieces("　𠮷体温82℃，脉搏80次", "d", Some("查体"), &marks, &mut [false; 2]);
        assert_eq!(words(&cut), [("", "　"), ("f0e0", "𠮷体温82℃"), ("f1e0", "，脉"), ("", "搏80次")]);
    }

    #[test]
    fn of_two_sections_with_one_name_the_right_one_is_marked() {
        let mark = quotation("查体", "体温82℃", 0);
        let marks = [(&mark, "f0e0".to_owned(), String::new())];
        let mut placed = [false];
        assert_eq!(words(&pieces("体温36℃。", "d", Some("查体"), &marks, &mut placed)), [("", "体温36℃。")]);
        assert_eq!(words(&pieces("体温82℃。", "d", Some("查体"), &marks, &mut placed)), [("f0e0", "体温82℃"), ("", "。")]);
        assert_eq!(words(&pieces("体温82℃。", "d", Some("查体"), &marks, &mut placed)), [("", "体温82℃。")]);
    }
}
