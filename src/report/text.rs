//! The report for a terminal: colour by severity, columns that fit Chinese characters.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::finding::FoundBy;
use super::{Finding, Report};
use crate::rules::{DutyState, Phase, Role, Severity, Status};

/// Writes one report as a person reads it. Colours are ANSI codes; the caller's stream strips them where there is no terminal.
pub fn render(report: &Report, width: usize) -> String {
    let mut out = String::new();
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let phase = match report.phase {
        Phase::Inline => "书写中",
        Phase::Running => "运行病历",
        Phase::Terminal => "终末病历",
    };
    let _ = writeln!(out, "{bold}住院号 {}{bold:#}  {phase}  {}", report.visit_id, report.at);
    if let Some(score) = &report.score {
        let style = grade_style(&score.grade);
        let total = score.total.map_or("不计分".to_owned(), |total| format!("{total:.1} 分"));
        let _ = writeln!(out, "评分 {style}{total}  {}级{style:#}  {dim}(评分表 {}){dim:#}", score.grade, score.sheet);
    }
    let shown: Vec<&Finding> = report.findings.iter().filter(|finding| finding.status == Status::Stable).collect();
    let preview = report.findings.len() - shown.len();
    if shown.is_empty() {
        let _ = writeln!(out, "\n未发现缺陷(已运行 {} 条规则)", report.manifest.ran);
    }
    for (number, finding) in shown.iter().enumerate() {
        write_finding(&mut out, number + 1, finding, width);
    }
    let open: Vec<_> = report.duties.iter().filter(|duty| matches!(duty.state, DutyState::Pending | DutyState::DueSoon)).collect();
    if !open.is_empty() {
        let _ = writeln!(out, "\n{bold}待完成{bold:#}");
        for duty in open {
            let _ = writeln!(out, "  {} {} 前  {dim}{}{dim:#}", pad(&duty.task, 24), duty.due, duty.state.chinese());
        }
    }
    let fixes = report.score.as_ref().map_or(0, |score| score.to_grade_a.len());
    if fixes > 0 {
        let numbers: Vec<String> = report
            .score
            .iter()
            .flat_map(|score| &score.to_grade_a)
            .filter_map(|id| shown.iter().position(|finding| finding.id == *id))
            .map(|index| (index + 1).to_string())
            .collect();
        let _ = writeln!(out, "\n{bold}达到甲级至少需改正 {fixes} 处{bold:#}: 第 {} 项", numbers.join("、"));
    }
    let manifest = &report.manifest;
    let _ = write!(
        out,
        "\n{dim}已运行 {} 条规则,不适用 {} 条,因资料缺失跳过 {} 条,未评估 {} 条",
        manifest.ran,
        manifest.not_applicable,
        manifest.skipped.len(),
        manifest.not_evaluated.len()
    );
    if preview > 0 {
        let _ = write!(out, ";试运行规则另有 {preview} 处提示(不计分)");
    }
    let model = match &manifest.model {
        Some(model) => format!("语言模型 {} {}", model.name, model.version),
        None => "未用语言模型".to_owned(),
    };
    let _ = writeln!(out, "。bingli {},{model}{dim:#}", manifest.version);
    for failed in &manifest.not_evaluated {
        let _ = writeln!(out, "  未评估 {}: {}", failed.rule, failed.error);
    }
    for note in &report.notes {
        let _ = writeln!(out, "  {dim}输入 {note}{dim:#}");
    }
    out
}

fn write_finding(out: &mut String, number: usize, finding: &Finding, width: usize) {
    let style = severity_style(finding.severity);
    let dim = Style::new().dimmed();
    let veto = if finding.veto { " 单项否决" } else { "" };
    let points = if finding.points > 0.0 { format!(" −{}", finding.points) } else { String::new() };
    let _ = writeln!(
        out,
        "\n{number:>3}. {style}{}{style:#} {} {dim}{}{dim:#}{style}{points}{veto}{style:#}",
        severity_name(finding.severity),
        finding.title,
        finding.defect
    );
    for line in wrap(&finding.message, width.saturating_sub(6)) {
        let _ = writeln!(out, "     {line}");
    }
    for quotation in &finding.evidence {
        let mark = match quotation.role {
            Role::This => "✗",
            Role::Against => "≠",
            Role::Context => "·",
        };
        let place = match &quotation.section {
            Some(section) => format!("{} {section}", quotation.title),
            None => quotation.title.clone(),
        };
        let quote = quotation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = quote.chars().take(60).collect();
        let rest = if quote.chars().count() > 60 { "…" } else { "" };
        let _ = writeln!(out, "     {dim}{mark} {place}「{short}{rest}」{dim:#}");
    }
    for entry in &finding.data {
        let _ = writeln!(out, "     {dim}· {}{dim:#}", entry.label);
    }
    for line in wrap(&format!("建议 {}", finding.suggestion), width.saturating_sub(6)) {
        let _ = writeln!(out, "     {line}");
    }
    let by = match finding.found_by {
        FoundBy::Rule => "",
        FoundBy::Model => "  模型发现",
        FoundBy::Both => "  规则与模型一致",
    };
    let _ = writeln!(out, "     {dim}依据 {}{by}{dim:#}", finding.basis.join("、"));
}

/// 严重 重要 一般 提示.
pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::S1 => "严重",
        Severity::S2 => "重要",
        Severity::S3 => "一般",
        Severity::S4 => "提示",
    }
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::S1 => AnsiColor::Red.on_default().bold(),
        Severity::S2 => AnsiColor::Yellow.on_default().bold(),
        Severity::S3 => AnsiColor::Cyan.on_default(),
        Severity::S4 => Style::new(),
    }
}

fn grade_style(grade: &str) -> Style {
    match grade {
        "甲" => AnsiColor::Green.on_default().bold(),
        "乙" => AnsiColor::Yellow.on_default().bold(),
        _ => AnsiColor::Red.on_default().bold(),
    }
}

/// `text` filled with spaces to `width` columns; Chinese characters take two.
pub fn pad(text: &str, width: usize) -> String {
    let used = text.width();
    format!("{text}{}", " ".repeat(width.saturating_sub(used)))
}

/// Breaks a line so that no part is wider than `width` columns.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(20);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for character in text.chars() {
        let columns = character.to_string().width();
        if used + columns > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            line.push(character);
        }
        used += columns;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_chinese_characters_twice() {
        assert_eq!(pad("病历", 6), "病历  ");
        assert_eq!(wrap("一二三四五六七八九十十一", 20), ["一二三四五六七八九十", "十一"]);
    }
}
