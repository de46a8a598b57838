//! B: times that contradict each other.

use jiff::civil::DateTime;

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::drill::scene::Scene;
use crate::record::time::plus_minutes;
use crate::record::{DocumentKind as Kind, Instant, Order, OrderKind};

pub const PLANTERS: &[Planter] = &[
    plant("C-B01", "现病史起病时间与主诉不同", onset_in_history),
    plant("C-B01", "主诉时间单位写错", duration_in_complaint),
    plant("C-B02", "本次检查写在入院之前", event_before_admission),
    plant("C-B02", "本次治疗写在出院之后", event_after_discharge),
    plant("C-B03", "首次病程早于入院", first_course_before_admission),
    plant("C-B03", "病程日期在将来", note_in_the_future),
    plant("C-B04", "标题时间早于系统时间数日", written_days_later),
    plant("C-B04", "出院后补写住院期间病程", written_after_discharge),
    plant("C-B05", "术后天数写错", postoperative_day),
    plant("C-B05", "“昨日”与日期不符", yesterday),
    plant("C-B06", "出院记录住院天数写错", days_in_record),
    plant("C-B06", "首页住院天数写错", days_on_front_page),
    plant("C-B07", "麻醉开始晚于切皮", anesthesia_after_incision),
    plant("C-B07", "手术结束早于开始", end_before_start),
    plant("C-B07", "麻醉结束早于手术结束", anesthesia_ends_early),
    plant("C-B08", "讨论记录的死亡时间不同", death_time_in_discussion).on(Scene::Death),
    plant("C-B08", "首页死亡时间不同", death_time_on_front_page).on(Scene::Death),
    plant("C-B08", "抢救记录的死亡时间不同", death_time_in_rescue).on(Scene::Death),
    plant("C-B09", "病程引用次日才出的结果", result_of_tomorrow),
    plant("C-B09", "结果报告时间晚于引用它的病程", report_moved).also(&["C-B04"]),
    plant("C-B10", "医嘱停止晚于出院", stop_after_discharge),
    plant("C-B10", "出院后仍开医嘱", start_after_discharge),
    plant("C-B11", "术者手术时在病区查房", round_while_operating),
    plant("C-B12", "术前讨论晚于手术", discussion_after_operation).also(&["T42", "T43"]),
    plant("C-B12", "术前小结晚于手术", summary_after_operation).also(&["T41"]),
    plant("C-B12", "同意书晚于手术", consent_after_operation).also(&["C-P03", "T44"]),
];

const NUMBER: &str = r"(\d+)(小时|天|日|周|个月|月|年)";

fn longer(number: &str, unit: &str) -> Option<String> {
    let count: u32 = number.parse().ok()?;
    Some(match unit {
        "小时" => format!("{count}天"),
        "天" | "日" => format!("{}周", count + 1),
        "周" => format!("{}个月", count + 1),
        "个月" | "月" => format!("{}年", count.max(2)),
        _ => format!("{}年", count * 3 + 2),
    })
}

/// The time the history begins with, when the complaint has one duration: nothing else can be the onset.
fn onset_in_history(d: &mut Draft<'_>) -> Option<Plant> {
    let complaint = d.place(ADMISSION, &["主诉"])?;
    if compiled(NUMBER).find_iter(d.text(&complaint)).count() != 1 {
        return None;
    }
    let mut history = d.place(ADMISSION, &["现病史"])?;
    let opening = compiled(r"^\s*(患者|患儿|孕妇)?\s*(于)?(\d+)(小时|天|日|周|个月|月|年)余?前").find(d.text(&history))?.end();
    history.range.end = history.range.start + opening;
    d.edit_where(&[history], NUMBER, |found| longer(&found[1], &found[2]))
}

fn duration_in_complaint(d: &mut Draft<'_>) -> Option<Plant> {
    let complaint = d.place(ADMISSION, &["主诉"])?;
    if compiled(r"停经|孕").is_match(d.text(&complaint)) || compiled(NUMBER).find_iter(d.text(&complaint)).count() != 1 {
        return None;
    }
    d.edit(ADMISSION, &["主诉"], NUMBER, |found| longer(&found[1], &found[2]))
}

fn event_before_admission(d: &mut Draft<'_>) -> Option<Plant> {
    let date = Instant::day(plus_minutes(d.admitted()?, -d.pick(&[3, 5, 9]) * 1440).date());
    let sentences = [format!("入院后于{date}行心电图检查。"), format!("住院期间({date})复查血常规。"), format!("{date}我科床旁超声检查。")];
    let choices: Vec<&str> = sentences.iter().map(String::as_str).collect();
    d.prepend(DISCHARGE, &["诊疗经过"], &choices)
}

fn event_after_discharge(d: &mut Draft<'_>) -> Option<Plant> {
    let date = Instant::day(plus_minutes(d.discharged()?, d.pick(&[2, 4, 7]) * 1440).date());
    let sentences = [format!("{date}复查血常规正常。"), format!("住院期间于{date}行胸部X线检查。"), format!("{date}停用静脉输液。")];
    let choices: Vec<&str> = sentences.iter().map(String::as_str).collect();
    d.append(DISCHARGE, &["诊疗经过"], &choices)
}

fn first_course_before_admission(d: &mut Draft<'_>) -> Option<Plant> {
    let to = plus_minutes(d.admitted()?, -d.pick(&[90, 300, 560]));
    let index = d.document(FIRST)?;
    d.retime(index, to)
}

fn note_in_the_future(d: &mut Draft<'_>) -> Option<Plant> {
    let moment = d.visit.as_of.map(Instant::earliest).or(d.end())?;
    let notes = d.documents(COURSE);
    let index = (!notes.is_empty()).then(|| d.pick(&notes))?;
    let to = plus_minutes(moment, d.pick(&[1, 3, 30]) * 1440);
    d.retime(index, to)
}

fn rewritten(d: &mut Draft<'_>, index: usize, to: DateTime) -> Option<Plant> {
    let (at, signed) = (Instant::minute(to), Instant::minute(plus_minutes(to, 12)));
    let title = d.reading.documents[index].title.clone();
    let record = &mut d.visit.documents[index];
    record.event_at?;
    let before = record.created_at.map_or("(未记)".to_owned(), |time| time.to_string());
    record.created_at = Some(at);
    record.signed_at = record.signed_at.map(|_| signed);
    record.signatures.iter_mut().flatten().for_each(|signature| signature.at = signature.at.map(|_| signed));
    Some(Plant::new(format!("{title}·系统创建时间"), before, at.to_string()))
}

fn written_days_later(d: &mut Draft<'_>) -> Option<Plant> {
    let notes = d.documents(COURSE);
    let index = (!notes.is_empty()).then(|| d.pick(&notes))?;
    let to = plus_minutes(d.time_of(index)?.earliest(), d.rng.i64(3..6) * 1440 + 730);
    rewritten(d, index, to)
}

fn written_after_discharge(d: &mut Draft<'_>) -> Option<Plant> {
    let discharged = d.discharged()?;
    let notes: Vec<usize> = d
        .documents(COURSE)
        .into_iter()
        .filter(|index| d.time_of(*index).is_some_and(|time| time.earliest() < plus_minutes(discharged, -2 * 1440)))
        .collect();
    let index = (!notes.is_empty()).then(|| d.pick(&notes))?;
    let to = plus_minutes(discharged, d.rng.i64(60..1200));
    rewritten(d, index, to)
}

fn postoperative_day(d: &mut Draft<'_>) -> Option<Plant> {
    d.visit.operations.as_ref()?.first()?;
    d.edit(COURSE, &[], r"术后第(\d+)(天|日)", |found| {
        let day: u32 = found[1].parse().ok()?;
        Some(format!("术后第{}{}", day + 2, &found[2]))
    })
}

fn yesterday(d: &mut Draft<'_>) -> Option<Plant> {
    let admitted = d.admitted()?;
    let notes: Vec<usize> = d
        .documents(DAILY)
        .into_iter()
        .filter(|index| d.time_of(*index).is_some_and(|time| time.earliest() > plus_minutes(admitted, 4 * 1440)))
        .collect();
    let index = (!notes.is_empty()).then(|| d.pick(&notes))?;
    let date = plus_minutes(d.time_of(index)?.earliest(), -4 * 1440).date();
    let place = d.last_place(index)?;
    let sentences = [
        format!("昨日({date})复查血常规。"),
        format!("昨日({:02}-{:02})夜间睡眠好。", date.month(), date.day()),
        format!("昨日({}月{}日)已停吸氧。", date.month(), date.day()),
    ];
    let choices: Vec<&str> = sentences.iter().map(String::as_str).collect();
    d.append_at(&place, &choices)
}

fn days_in_record(d: &mut Draft<'_>) -> Option<Plant> {
    let more = d.pick(&[2, 3, 10]);
    let days = d.stay_hours()? / 24;
    d.discharged()?;
    d.edit(DISCHARGE, &[], r"(住院(?:天数)?\p{P}?\s*)(\d+)(\s*天)", |found| {
        let count: i64 = found[2].parse().ok()?;
        Some(format!("{}{}{}", &found[1], count + more, &found[3]))
    })
    .or_else(|| d.append(DISCHARGE, &["诊疗经过"], &[&format!("共住院{}天。", days + more), &format!("住院{}天。", days + more)]))
}

fn days_on_front_page(d: &mut Draft<'_>) -> Option<Plant> {
    let more = d.pick(&[2, 3, 10]);
    let page = d.visit.front_page.as_mut()?;
    let before = page.days?;
    page.days = Some(before + more);
    Some(Plant::new("病案首页·住院天数", before.to_string(), (before + more).to_string()))
}

fn anesthesia_after_incision(d: &mut Draft<'_>) -> Option<Plant> {
    let by = d.pick(&[10, 25, 40]);
    let operation = d.visit.operations.as_mut()?.first_mut()?;
    let (before, start) = (operation.anesthesia_started_at?, operation.started_at?);
    let after = moved(start, by);
    operation.anesthesia_started_at = Some(after);
    Some(Plant::new("手术·麻醉开始", before.to_string(), after.to_string()))
}

fn end_before_start(d: &mut Draft<'_>) -> Option<Plant> {
    let operation = d.visit.operations.as_mut()?.first_mut()?;
    let (before, start) = (operation.ended_at?, operation.started_at?);
    let after = moved(start, -30);
    operation.ended_at = Some(after);
    Some(Plant::new("手术·结束时间", before.to_string(), after.to_string()))
}

fn anesthesia_ends_early(d: &mut Draft<'_>) -> Option<Plant> {
    let operation = d.visit.operations.as_mut()?.first_mut()?;
    let (before, end) = (operation.anesthesia_ended_at?, operation.ended_at?);
    let after = moved(end, -25);
    operation.anesthesia_ended_at = Some(after);
    Some(Plant::new("手术·麻醉结束", before.to_string(), after.to_string()))
}

fn later_clock(d: &mut Draft<'_>, kinds: &[Kind]) -> Option<Plant> {
    let by = d.pick(&[12, 18, 40]);
    let death = d.discharged()?;
    let (clock, wrong) = (death.strftime("%H:%M").to_string(), plus_minutes(death, by).strftime("%H:%M").to_string());
    // Only the clock that is said of the death: the discussion itself may be held at the same hour of another day.
    let death = format!(r"(死亡时间\p{{P}}?\s*[\d\-年月日.]*\s*){clock}|{clock}(心电图|宣布|宣告|临床死亡|死亡)");
    d.edit(kinds, &[], &death, |found| {
        let (before, after) = (found.get(1).map_or("", |part| part.as_str()), found.get(2).map_or("", |part| part.as_str()));
        Some(format!("{before}{wrong}{after}"))
    })
}

fn death_time_in_discussion(d: &mut Draft<'_>) -> Option<Plant> {
    later_clock(d, &[Kind::DeathDiscussion])
}

fn death_time_in_rescue(d: &mut Draft<'_>) -> Option<Plant> {
    later_clock(d, &[Kind::RescueRecord])
}

fn death_time_on_front_page(d: &mut Draft<'_>) -> Option<Plant> {
    let by = d.pick(&[18, 35, -20]);
    let page = d.visit.front_page.as_mut()?;
    let before = page.death_at?;
    page.death_at = Some(moved(before, by));
    Some(Plant::new("病案首页·死亡时间", before.to_string(), moved(before, by).to_string()))
}

fn result_of_tomorrow(d: &mut Draft<'_>) -> Option<Plant> {
    let note = d.time_of(d.document(FIRST)?)?.earliest();
    let numeric = |value: &str| value.parse::<f64>().is_ok();
    // One short value of a sample still to be taken may be by chance that of an older one, unless the note says that it is of this stay.
    let labs: Vec<(String, bool)> = d
        .visit
        .labs
        .as_ref()?
        .iter()
        .filter(|lab| lab.reported_at.is_some_and(|time| time.earliest() > plus_minutes(note, 20 * 60)))
        .filter_map(|lab| {
            let (item, value, unit) = (lab.item.as_deref()?, lab.value.as_deref()?, lab.unit.as_deref()?);
            let twin = |other: &crate::record::Lab| {
                other.item.as_deref() == Some(item) && other.reported_at.is_some_and(|time| time.earliest() <= note)
            };
            let once = !d.visit.labs.iter().flatten().any(twin);
            let times = if unit.starts_with("10^") || unit.starts_with("10⁹") { "×" } else { "" };
            let gap = if item.ends_with(|last: char| last.is_ascii_alphanumeric()) { " " } else { "" };
            let digits = value.chars().filter(char::is_ascii_digit).count();
            let is_sure = digits >= 3 || lab.sampled_at.is_some_and(|time| time.latest() <= note);
            (numeric(value) && once && !item.contains('型')).then(|| (format!("{item}{gap}{value}{times}{unit}"), is_sure))
        })
        .collect();
    if labs.is_empty() {
        return None;
    }
    let (lab, is_sure) = labs[d.rng.u64(0..labs.len() as u64) as usize].clone();
    let sentences = [format!("入院后查{lab}。"), format!("辅助检查回报:{lab}。"), format!("{lab}。")];
    let choices: Vec<&str> = sentences.iter().map(String::as_str).take(if is_sure { 3 } else { 1 }).collect();
    d.append(FIRST, &["病例特点"], &choices)
}

fn report_moved(d: &mut Draft<'_>) -> Option<Plant> {
    let notes: Vec<(DateTime, String)> = d
        .documents(COURSE)
        .into_iter()
        .filter_map(|index| Some((d.time_of(index)?.earliest(), whole_text(&d.visit.documents[index]))))
        .collect();
    let rounds = d.visit.labs.as_ref()?.iter().enumerate().filter_map(|(index, lab)| {
        let (item, value, reported) = (lab.item.as_deref()?, lab.value.as_deref()?, lab.reported_at?.earliest());
        value.parse::<f64>().ok()?;
        let others = d.visit.labs.iter().flatten().filter(|other| other.item == lab.item).count();
        let cited = compiled(&format!(r"{}\p{{P}}?\s*{}", regex::escape(item), regex::escape(value)));
        let mut citing = notes.iter().filter(|(time, text)| *time >= reported && cited.is_match(text));
        let (time, _) = citing.next()?;
        (others == 1).then_some((index, *time))
    });
    let found: Vec<(usize, DateTime)> = rounds.collect();
    let (index, note) = (!found.is_empty()).then(|| d.pick(&found))?;
    let later = Instant::minute(plus_minutes(note, d.pick(&[300, 420, 900])));
    let lab = &mut d.visit.labs.as_mut()?[index];
    let before = lab.reported_at?;
    lab.reported_at = Some(later);
    let item = lab.item.clone().unwrap_or_default();
    Some(Plant::new(format!("检验·{item}报告时间"), before.to_string(), later.to_string()))
}

fn stop_after_discharge(d: &mut Draft<'_>) -> Option<Plant> {
    let late = Instant::minute(plus_minutes(d.discharged()?, d.pick(&[200, 900, 1320])));
    let orders = d.visit.orders.as_ref()?;
    let long: Vec<usize> = orders
        .iter()
        .enumerate()
        .filter(|(_, order)| order.stop.is_some() && order.kind == Some(OrderKind::Drug))
        .map(|(index, _)| index)
        .collect();
    let index = (!long.is_empty()).then(|| d.pick(&long))?;
    let order = &mut d.visit.orders.as_mut()?[index];
    let before = order.stop?;
    order.stop = Some(late);
    Some(Plant::new(format!("医嘱·{}停止", order.name.clone().unwrap_or_default()), before.to_string(), late.to_string()))
}

fn start_after_discharge(d: &mut Draft<'_>) -> Option<Plant> {
    let late = Instant::minute(plus_minutes(d.discharged()?, d.pick(&[180, 700])));
    let by = d.doctor().map(|doctor| doctor.id);
    let (name, dose) = d.pick(&[("0.9%氯化钠注射液", 250.0), ("5%葡萄糖注射液", 500.0)]);
    d.visit.orders.as_mut()?.push(Order {
        id: Some("drill-late".to_owned()),
        kind: Some(OrderKind::Drug),
        name: Some(name.to_owned()),
        dose: Some(dose),
        unit: Some("ml".to_owned()),
        route: Some("静脉滴注".to_owned()),
        frequency: Some("st".to_owned()),
        start: Some(late),
        by,
        long_term: Some(false),
        ..Order::default()
    });
    Some(Plant::new("医嘱", "(无)", format!("{name} {late}")))
}

fn round_while_operating(d: &mut Draft<'_>) -> Option<Plant> {
    let operation = d.visit.operations.as_ref()?.first()?.clone();
    let surgeon = operation.surgeon.clone()?;
    let name = d.visit.staff.iter().flatten().find(|person| person.id == surgeon)?.name.clone()?;
    let to = plus_minutes(operation.started_at?.earliest(), 20);
    let rounds: Vec<usize> = d
        .documents(ROUND)
        .into_iter()
        .filter(|index| d.visit.documents[*index].title.as_deref().is_some_and(|title| title.contains(&name)))
        .filter(|index| d.time_of(*index).is_some_and(|time| time.earliest() > to))
        .collect();
    let index = (!rounds.is_empty()).then(|| d.pick(&rounds))?;
    d.retime(index, to)
}

fn after_operation(d: &mut Draft<'_>, kind: Kind) -> Option<Plant> {
    let operation = d.visit.operations.as_ref()?.first()?;
    // Before an emergency there may be no time to write it: what is written up afterwards is allowed.
    if kind != Kind::ConsentOperation && operation.elective == Some(false) {
        return None;
    }
    let start = operation.started_at?.earliest();
    let end = operation.ended_at?.earliest();
    let index = d.document(&[kind])?;
    let old = d.time_of(index)?;
    let to = plus_minutes(end, d.pick(&[60, 240, 500]));
    // The time is printed in the text too.
    let (written, new) = (old.to_string(), Instant::minute(to).to_string());
    d.edit(&[kind], &[], &regex::escape(&written), |_| Some(new.clone()));
    d.edit(&[kind], &[], &format!(r"{} \d\d:\d\d", old.date()), |_| Some(new.clone()));
    (old.earliest() < start).then(|| d.retime(index, to)).flatten()
}

fn discussion_after_operation(d: &mut Draft<'_>) -> Option<Plant> {
    after_operation(d, Kind::PreopDiscussion)
}

fn summary_after_operation(d: &mut Draft<'_>) -> Option<Plant> {
    after_operation(d, Kind::PreopSummary)
}

fn consent_after_operation(d: &mut Draft<'_>) -> Option<Plant> {
    after_operation(d, Kind::ConsentOperation)
}
