//! T: what was done too late or not at all. A document that other codes also want (a discussion, a consent) counts for these too.

use jiff::civil::DateTime;

use crate::drill::draft::*;
use crate::drill::plant::{Planter, plant};
use crate::drill::scene::Scene;
use crate::record::time::plus_minutes;
use crate::record::{DocumentKind as Kind, Instant, OrderKind, Title};

pub const PLANTERS: &[Planter] = &[
    plant("T01", "入院记录晚于24小时", |d| {
        let limit = plus_minutes(d.admitted()?, 24 * 60);
        d.late(&[Kind::AdmissionNote], limit)
    }),
    plant("T01", "缺入院记录", |d| d.drop_documents(&[Kind::AdmissionNote])),
    plant("T02", "再次入院记录晚于24小时", |d| {
        let limit = plus_minutes(d.admitted()?, 24 * 60);
        d.late(&[Kind::ReadmissionNote], limit)
    })
    .also(&["T01"]),
    plant("T05", "首次病程晚于8小时", |d| {
        let limit = plus_minutes(d.admitted()?, 8 * 60);
        d.late(FIRST, limit)
    }),
    plant("T05", "缺首次病程", |d| d.drop_documents(FIRST)),
    plant("T06", "主治首次查房晚于48小时", late_first_round).also(&["C-K07", "T12"]),
    plant("T12", "一周只有一次副高查房", few_rounds).also(&["C-K07", "T15", "T14"]),
    plant("T13", "病危日无病程", critical_without_notes).on(Scene::Critical),
    plant("T14", "病重两日无病程", serious_gap),
    plant("T15", "病情稳定三日以上无病程", gap).also(&["T12", "C-K07", "T14"]),
    plant("T18", "交班记录晚于接班", |d| {
        let takeover = d.time_of(d.document(&[Kind::Takeover])?)?.earliest();
        d.late(&[Kind::Handover], takeover)
    })
    .on(Scene::Handover),
    plant("T19", "接班记录晚于24小时", |d| {
        let handover = d.time_of(d.document(&[Kind::Handover])?)?.earliest();
        d.late(&[Kind::Takeover], plus_minutes(handover, 24 * 60))
    })
    .on(Scene::Handover),
    plant("T20", "转出记录晚于转科", |d| {
        let at = d.visit.transfers.as_ref()?.last()?.at?.earliest();
        // In an emergency it may be written afterwards.
        d.document(&[Kind::RescueRecord]).is_none().then_some(())?;
        let record = d.documents(&[Kind::TransferOut]).pop()?;
        let to = plus_minutes(at, d.rng.i64(90..900));
        d.retime(record, to)
    })
    .on(Scene::Transfer),
    plant("T20", "缺转出记录", |d| transfer_lacks(d, Kind::TransferOut)).on(Scene::Transfer),
    plant("T21", "转入记录晚于24小时", |d| {
        let at = d.visit.transfers.as_ref()?.last()?.at?.earliest();
        let record = d.documents(&[Kind::TransferIn]).pop()?;
        let to = plus_minutes(at, 24 * 60 + d.rng.i64(90..900));
        d.retime(record, to)
    })
    .on(Scene::Transfer),
    plant("T21", "缺转入记录", |d| transfer_lacks(d, Kind::TransferIn)).on(Scene::Transfer),
    plant("T25", "缺有创操作记录", |d| d.drop_documents(&[Kind::InvasiveProcedure])).on(Scene::Procedure),
    plant("T25", "有创操作记录过晚", |d| {
        // The record of the puncture, whose order stands where it did.
        let record = d.documents(&[Kind::InvasiveProcedure]).pop()?;
        let to = plus_minutes(d.time_of(record)?.earliest(), 26 * 60 + d.rng.i64(90..900));
        d.retime(record, to)
    })
    .on(Scene::Procedure),
    plant("T26", "普通会诊无会诊记录", |d| {
        d.visit.consults.as_mut()?.last_mut()?.arrived_at = None;
        d.drop_documents(&[Kind::ConsultOpinion])
    })
    .on(Scene::Consult)
    .also(&["C-Q02"]),
    plant("T33", "抢救记录晚于6小时", |d| {
        let end = d.visit.rescues.as_ref()?.last()?.ended_at?.earliest();
        d.late(&[Kind::RescueRecord], plus_minutes(end, 6 * 60))
    })
    .on(Scene::Rescue),
    plant("T33", "缺抢救记录", |d| d.drop_documents(&[Kind::RescueRecord])).on(Scene::Rescue),
    plant("T35", "病重无通知书", |d| {
        d.visit.conditions.as_ref()?.first()?;
        d.drop_documents(&[Kind::CriticalNotice])
    })
    .also(&["C-P06"]),
    plant("T37", "危急值次日才告知医师", |d| {
        let row = d.visit.critical_values.as_mut()?.last_mut()?;
        let before = row.doctor_told_at?;
        let next_day = moved(before, 27 * 60);
        row.doctor_told_at = Some(next_day);
        row.handled_at = row.handled_at.map(|at| moved(at, 27 * 60));
        Some(Plant::new("危急值·告知医师", before.to_string(), next_day.to_string()))
    })
    .on(Scene::CriticalValue)
    .also(&["T38"]),
    plant("T40", "出院记录晚于24小时", |d| {
        let limit = plus_minutes(d.discharged()?, 24 * 60);
        d.late(DISCHARGE, limit)
    }),
    plant("T40", "缺出院记录", |d| {
        d.discharged()?;
        d.drop_documents(DISCHARGE)
    }),
    plant("T41", "缺术前小结", |d| operative(d, Kind::PreopSummary)),
    plant("T42", "缺术前讨论", |d| operative(d, Kind::PreopDiscussion)).also(&["C-N10"]),
    plant("T43", "手术医嘱早于术前讨论", order_before_discussion),
    plant("T44", "缺手术同意书", |d| operative(d, Kind::ConsentOperation)).also(&["C-P01"]),
    plant("T45", "缺麻醉术前访视", |d| operative(d, Kind::AnesthesiaPrevisit)),
    plant("T46", "缺手术安全核查", |d| operative(d, Kind::SafetyChecklist).filter(|_| !d.is_local_anesthesia())).also(&["C-N11"]),
    plant("T47", "缺手术清点记录", |d| operative(d, Kind::CountRecord).filter(|_| !d.is_local_anesthesia())),
    plant("T48", "手术记录晚于24小时", |d| {
        let end = d.visit.operations.as_ref()?.first()?.ended_at?.earliest();
        d.late(&[Kind::OperationRecord], plus_minutes(end, 24 * 60))
    }),
    plant("T48", "缺手术记录", |d| operative(d, Kind::OperationRecord)),
    plant("T49", "术后首次病程过晚", |d| {
        let end = d.visit.operations.as_ref()?.first()?.ended_at?.earliest();
        d.late(&[Kind::PostopCourse], plus_minutes(end, 12 * 60))
    }),
    plant("T49", "缺术后首次病程", |d| operative(d, Kind::PostopCourse)),
    plant("T54", "病理报告病程未提", pathology_unmentioned).also(&["C-N08"]),
    plant("T60", "死亡记录晚于24小时", |d| {
        let died = d.discharged()?;
        d.late(&[Kind::DeathRecord], plus_minutes(died, 24 * 60))
    })
    .on(Scene::Death),
    plant("T60", "缺死亡记录", |d| d.drop_documents(&[Kind::DeathRecord])).on(Scene::Death),
    plant("T61", "死亡讨论晚于一周", |d| {
        let died = d.discharged()?;
        d.late(&[Kind::DeathDiscussion], plus_minutes(died, 7 * 1440))
    })
    .on(Scene::Death),
    plant("T61", "缺死亡讨论", |d| d.drop_documents(&[Kind::DeathDiscussion])).on(Scene::Death),
    plant("T63", "首页晚于24小时", |d| {
        let limit = plus_minutes(d.discharged()?, 30 * 60);
        let page = d.visit.front_page.as_mut()?;
        let before = page.completed_at.replace(Instant::minute(limit))?;
        Some(Plant::new("病案首页·完成时间", before.to_string(), Instant::minute(limit).to_string()))
    }),
    plant("T64", "归档晚于2个工作日", |d| {
        // Past the longest holidays, which are no working days.
        let late = plus_minutes(d.discharged()?, 14 * 1440 + 300);
        if late > d.visit.as_of?.earliest() {
            d.visit.as_of = Some(Instant::minute(plus_minutes(late, 1440)));
        }
        let discharge = d.visit.discharge.as_mut()?;
        let before = discharge.archived_at.replace(Instant::minute(late))?;
        Some(Plant::new("归档时间", before.to_string(), Instant::minute(late).to_string()))
    }),
];

/// The last transfer without one of its records.
fn transfer_lacks(d: &mut Draft<'_>, kind: Kind) -> Option<Plant> {
    let at = d.visit.transfers.as_ref()?.last()?.at?.earliest();
    d.is_overdue(at, 24).then_some(())?;
    d.drop_documents(&[kind])
}

fn operative(d: &mut Draft<'_>, kind: Kind) -> Option<Plant> {
    d.visit.operations.as_ref()?.first()?;
    d.drop_documents(&[kind])
}

/// Notes of the course by time.
fn notes(d: &Draft<'_>) -> Vec<(usize, DateTime)> {
    let mut notes: Vec<(usize, DateTime)> =
        d.documents(ANY_COURSE).into_iter().filter_map(|index| Some((index, d.time_of(index)?.earliest()))).collect();
    notes.sort_by_key(|(_, time)| *time);
    notes
}

/// Ids and names of the seniors who have both.
pub(super) fn seniors(d: &Draft<'_>) -> Vec<(String, String)> {
    let seniors = d.visit.staff.iter().flatten().filter(|person| person.title.is_some_and(Title::is_senior));
    seniors.filter_map(|person| Some((person.id.clone(), person.name.clone()?))).collect()
}

/// Every senior's round of the first two days goes to the fifty-fifth hour.
fn late_first_round(d: &mut Draft<'_>) -> Option<Plant> {
    let admitted = d.admitted()?;
    let end = d.end()?;
    let seniors = seniors(d);
    let limit = plus_minutes(admitted, 48 * 60);
    let mut moved_to = plus_minutes(admitted, 55 * 60);
    if plus_minutes(moved_to, 600) > end
        || d.visit.operations.iter().flatten().any(|operation| operation.started_at.is_some_and(|time| time.earliest() < moved_to))
    {
        return None;
    }
    let early: Vec<usize> =
        d.documents(ROUND).into_iter().filter(|index| d.time_of(*index).is_some_and(|time| time.earliest() < limit)).collect();
    let mut first = None;
    for index in &early {
        let plant = d.retime(*index, moved_to)?;
        first = first.or(Some(plant));
        moved_to = plus_minutes(moved_to, 45);
    }
    // Seniors who are said to have come by in other notes of these days.
    for index in d.documents(&[Kind::DailyCourse, Kind::FirstCourse, Kind::PostopCourse, Kind::CriticalValueRecord]) {
        if d.time_of(index).is_some_and(|time| time.earliest() < limit) {
            let document = &mut d.visit.documents[index];
            let texts = document.sections.iter_mut().flatten().map(|section| &mut section.text).chain(document.text.as_mut());
            for text in texts {
                for (_, name) in &seniors {
                    *text = compiled(&format!(r"[^。\n]*{name}[^。\n]*。?")).replace_all(text, "").into_owned();
                }
            }
            // Nor have they signed what they were not there for.
            let is_senior = |id: &String| seniors.iter().any(|(senior, _)| senior == id);
            document.author = document.author.take().filter(|author| !is_senior(author));
            document.signatures.iter_mut().for_each(|list| list.retain(|signature| !signature.staff.as_ref().is_some_and(is_senior)));
        }
    }
    first
}

fn few_rounds(d: &mut Draft<'_>) -> Option<Plant> {
    d.has_whole_week().filter(|whole| *whole)?;
    let chiefs: Vec<String> = d
        .visit
        .staff
        .iter()
        .flatten()
        .filter(|person| person.title.is_some_and(|title| title >= Title::AssociateChief))
        .filter_map(|person| person.name.clone())
        .collect();
    let rounds: Vec<usize> = d
        .documents(ROUND)
        .into_iter()
        .filter(|index| {
            d.visit.documents[*index].title.as_deref().is_some_and(|title| chiefs.iter().any(|name| title.contains(name.as_str())))
        })
        .skip(1)
        .collect();
    d.remove(&rounds)
}

fn critical_without_notes(d: &mut Draft<'_>) -> Option<Plant> {
    let condition = d.visit.conditions.as_mut()?.last_mut()?;
    let from = condition.from?.earliest();
    let to = plus_minutes(from, 70 * 60);
    condition.to = Some(Instant::minute(to));
    if to > d.end()? {
        return None;
    }
    for order in
        d.visit.orders.iter_mut().flatten().filter(|order| order.name.as_deref().is_some_and(|name| name == "病危" || name == "特级护理"))
    {
        order.stop = Some(Instant::minute(to));
    }
    let day = plus_minutes(from, 1440).date();
    let gone: Vec<usize> = d
        .documents(&[
            Kind::DailyCourse,
            Kind::WardRound,
            Kind::PostopCourse,
            Kind::CriticalValueRecord,
            Kind::RescueRecord,
            Kind::StageSummary,
        ])
        .into_iter()
        .filter(|index| d.time_of(*index).is_some_and(|time| time.date() == day))
        .collect();
    d.remove(&gone).or_else(|| Some(Plant::new("病程记录", "(无)", format!("病危期间{day}无病程"))))
}

fn serious_gap(d: &mut Draft<'_>) -> Option<Plant> {
    let condition =
        d.visit.conditions.as_ref()?.iter().find(|condition| condition.level == Some(crate::record::ConditionLevel::Serious))?;
    let from = condition.from?.earliest();
    let to = condition.to.map(Instant::earliest).or(d.end())?;
    let (start, stop) = (plus_minutes(from, 6 * 60), to);
    if stop.duration_since(start).as_hours() < 50 {
        return None;
    }
    if told_besides(d, start, stop) {
        return None;
    }
    let gone: Vec<usize> = notes(d).into_iter().filter(|(_, time)| *time > start && *time < stop).map(|(index, _)| index).collect();
    d.remove(&gone)
}

/// Whether a record that is part of the course besides its notes lies in the gap.
fn told_besides(d: &Draft<'_>, from: DateTime, to: DateTime) -> bool {
    const RECORDS: &[Kind] =
        &[Kind::RescueRecord, Kind::TransferOut, Kind::TransferIn, Kind::Handover, Kind::Takeover, Kind::DifficultCaseDiscussion];
    d.documents(RECORDS).into_iter().filter_map(|index| d.time_of(index)).any(|time| time.earliest() > from && time.earliest() < to)
}

/// The middle of a long stay without a note.
fn gap(d: &mut Draft<'_>) -> Option<Plant> {
    let (admitted, end) = (d.admitted()?, d.end()?);
    let from = plus_minutes(admitted, 2 * 1440);
    let to = plus_minutes(from, 4 * 1440 + 300);
    let busy =
        d.visit.operations.iter().flatten().any(|operation| {
            operation.started_at.is_some_and(|time| time.earliest() > plus_minutes(admitted, 1440) && time.earliest() < to)
        });
    let serious =
        d.visit.conditions.iter().flatten().any(|condition| condition.to.is_none_or(|until| until.earliest() > plus_minutes(from, 600)));
    if to > plus_minutes(end, -8 * 60) || busy && serious || told_besides(d, from, to) {
        return None;
    }
    let gone: Vec<usize> = notes(d).into_iter().filter(|(_, time)| *time > from && *time < to).map(|(index, _)| index).collect();
    d.remove(&gone)
}

fn order_before_discussion(d: &mut Draft<'_>) -> Option<Plant> {
    let discussion = d.time_of(d.document(&[Kind::PreopDiscussion])?)?;
    let order = d.visit.orders.as_mut()?.iter_mut().find(|order| {
        // Of the operation: a skin test, a traction or the bowel's preparation are ordered before the discussion.
        let named = order.name.as_deref().is_some_and(|name| name.contains('术') && !compiled("术前|术后|穿刺|皮试|牵引").is_match(name));
        order.kind == Some(OrderKind::Procedure) && order.start.is_some() && named
    })?;
    let before = order.start.replace(moved(discussion, -200))?;
    Some(Plant::new(format!("医嘱·{}", order.name.clone()?), before.to_string(), moved(discussion, -200).to_string()))
}

fn pathology_unmentioned(d: &mut Draft<'_>) -> Option<Plant> {
    // What came after the discharge is for the outpatient clinic.
    let reported = d.visit.pathology.as_ref()?.first()?.reported_at?.earliest();
    (reported < d.end()? && d.is_overdue(reported, 72)).then_some(())?;
    let kinds = &[Kind::DailyCourse, Kind::WardRound, Kind::DischargeRecord, Kind::PostopCourse, Kind::StageSummary, Kind::FirstCourse];
    d.drop_sentences(kinds, &[], "病理|活检|免疫组化|冰冻|镜检|细胞学|涂片|流式|切片|骨髓")
}
