//! Indicators as files: CSV for any spreadsheet, XLSX with the visits and their quotes on a second sheet.

use std::io::Write;

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::table::{Entry, Row};
use super::{Standing, Truth};

const HEADINGS: [&str; 11] = ["代码", "指标", "分组", "维度", "分子", "分母", "比例", "95%下限", "95%上限", "排除", "未记录"];

/// The official code, else our own id.
pub fn code(row: &Row) -> &str {
    row.code.as_deref().unwrap_or(&row.indicator)
}

fn cells(row: &Row) -> [String; 11] {
    let number = |value: f64| format!("{value:.4}");
    let share = |value: f64| if row.figure.total == 0 { String::new() } else { number(value) };
    [
        code(row).to_owned(),
        row.name.clone(),
        row.group.clone(),
        row.of.clone().unwrap_or_default(),
        row.figure.hits.to_string(),
        row.figure.total.to_string(),
        share(row.figure.share),
        share(row.figure.low),
        share(row.figure.high),
        row.excluded.to_string(),
        row.not_documented.to_string(),
    ]
}

/// Figures as CSV in UTF-8.
pub fn csv(rows: &[Row]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    // Spreadsheets take a file for UTF-8 only with the mark.
    out.write_all("\u{feff}".as_bytes())?;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADINGS.iter().chain(&["病历"]))?;
    for row in rows {
        writer.write_record(cells(row).iter().chain(&[row.visits.join(" ")]))?;
    }
    writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
}

/// Two sheets: the figures, and the visits behind them with their facts.
pub fn xlsx(rows: &[Row], entries: &[Entry]) -> Result<Vec<u8>, XlsxError> {
    let bold = Format::new().set_bold();
    let share = Format::new().set_num_format("0.0%");
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("指标")?;
    for (column, heading) in HEADINGS.iter().chain(&["病历"]).enumerate() {
        sheet.write_string_with_format(0, column as u16, *heading, &bold)?;
    }
    for (index, row) in rows.iter().enumerate() {
        let line = index as u32 + 1;
        for (column, cell) in cells(row).iter().enumerate() {
            let column = column as u16;
            match (column, cell.parse::<f64>()) {
                (6..=8, Ok(value)) => sheet.write_number_with_format(line, column, value, &share)?,
                (4.., Ok(value)) => sheet.write_number(line, column, value)?,
                _ => sheet.write_string(line, column, cell)?,
            };
        }
        sheet.write_string(line, HEADINGS.len() as u16, row.visits.join(" "))?;
    }
    sheet.autofit();
    sheet.set_freeze_panes(1, 0)?;
    let sheet = book.add_worksheet().set_name("病历明细")?;
    for (column, heading) in ["指标", "病历", "科室", "医师", "月份", "结果", "事实", "依据"].iter().enumerate() {
        sheet.write_string_with_format(0, column as u16, *heading, &bold)?;
    }
    for (index, entry) in entries.iter().enumerate() {
        let line = index as u32 + 1;
        let facts: Vec<String> = entry.facts.iter().map(|fact| format!("{}:{}", fact.name, truth(fact.truth))).collect();
        let quotes = entry.facts.iter().flat_map(|fact| {
            fact.evidence.iter().map(|quotation| quotation.quote.as_str()).chain(fact.data.iter().map(|data| data.label.as_str()))
        });
        let quotes: Vec<&str> = quotes.take(6).collect();
        let result = entry.excluded.clone().unwrap_or_else(|| standing(entry.standing).to_owned());
        let cells = [
            entry.indicator.clone(),
            entry.visit_id.clone(),
            entry.department.clone().unwrap_or_default(),
            entry.doctor.clone().unwrap_or_default(),
            entry.month.clone().unwrap_or_default(),
            result,
            facts.join(";"),
            quotes.join(" | ").chars().take(2000).collect(),
        ];
        for (column, cell) in cells.iter().enumerate() {
            sheet.write_string(line, column as u16, cell)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    book.save_to_buffer()
}

fn truth(truth: Truth) -> &'static str {
    match truth {
        Truth::True => "是",
        Truth::False => "否",
        Truth::NotDocumented => "未记录",
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Met => "符合",
        Standing::Unmet => "不符合",
        Standing::Out => "不计入",
    }
}
