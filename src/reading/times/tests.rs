use jiff::civil::datetime;
use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Vec<(&str, TimeValue)> {
    times(text).iter().map(|time| (&text[time.span.range()], time.value)).collect()
}

fn only(text: &str) -> (&str, TimeValue) {
    let found = read(text);
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    found[0]
}

/// The only length in `text`: its words and its ends in the unit it is written in.
fn length(text: &str) -> (&str, f64, f64) {
    match only(text) {
        (words, TimeValue::Duration(length) | TimeValue::Ago { length, .. }) => {
            let unit = lengths::minutes_of(length.unit);
            let round = |minutes: f64| (minutes / unit * 1_000.0).round() / 1_000.0;
            (words, round(length.min_minutes), round(length.max_minutes))
        }
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn lengths_are_intervals() {
    for (text, words, low, high) in [
        ("咳嗽3天,加重", "3天", 2.5, 3.5),
        ("腹痛2周", "2周", 1.5, 2.5),
        ("头晕3日", "3日", 2.5, 3.5),
        ("咳嗽2星期", "2星期", 1.5, 2.5),
        ("胸痛2小时", "2小时", 1.5, 2.5),
        ("胸痛2h", "2h", 1.5, 2.5),
        ("晕厥5 min", "5 min", 4.5, 5.5),
        ("抽搐30秒", "30秒", 29.5, 30.5),
        ("乏力3 个月", "3 个月", 2.5, 3.5),
        ("腹胀1.5年", "1.5年", 1.0, 2.0),
        ("头晕约3天", "3天", 2.0, 4.0),
        ("近3年", "3年", 2.0, 4.0),
        ("3天左右", "3天左右", 2.0, 4.0),
        ("3天许", "3天许", 2.0, 4.0),
        ("3-5天", "3-5天", 2.5, 5.5),
        ("3~5年", "3~5年", 2.5, 5.5),
        ("3、4天", "3、4天", 2.5, 4.5),
        ("3至5个月", "3至5个月", 2.5, 5.5),
        ("3+年", "3+年", 3.0, 4.0),
        ("3年+", "3年+", 3.0, 4.0),
        ("3余年", "3余年", 3.0, 4.0),
        ("3年余", "3年余", 3.0, 4.0),
        ("2个月余", "2个月余", 2.0, 3.0),
        ("2个多月", "2个多月", 2.0, 3.0),
        ("2月多", "2月多", 2.0, 3.0),
        ("10余年", "10余年", 10.0, 19.0),
        ("10来天", "10来天", 10.0, 19.0),
        ("十余年", "十余年", 10.0, 19.0),
        ("二十多天", "二十多天", 20.0, 29.0),
        ("十几天", "十几天", 10.0, 19.0),
        ("两周", "两周", 1.5, 2.5),
        ("二十天", "二十天", 19.5, 20.5),
        ("二十一天", "二十一天", 20.5, 21.5),
        ("一百二十天", "一百二十天", 119.5, 120.5),
        ("两三天", "两三天", 1.5, 3.5),
        ("三五天", "三五天", 2.5, 5.5),
        ("三四十年", "三四十年", 29.5, 40.5),
        ("半年", "半年", 0.333, 0.667),
        ("半小时", "半小时", 0.333, 0.667),
        ("半个月", "半个月", 0.333, 0.667),
        ("半个多月", "半个多月", 0.5, 1.0),
        ("半年余", "半年余", 0.5, 1.0),
        ("一周半", "一周半", 1.25, 1.75),
        ("1年半", "1年半", 1.25, 1.75),
        ("1个半月", "1个半月", 1.25, 1.75),
        ("高血压史COPD10年", "10年", 9.5, 10.5),
        ("3天大便未解", "3天", 2.5, 3.5),
        ("3天多饮", "3天", 2.5, 3.5),
        ("3天半卧位", "3天", 2.5, 3.5),
    ] {
        assert_eq!(length(text), (words, low, high), "{text}");
    }
}

#[test]
fn lengths_of_two_units_are_sums() {
    fn minutes(text: &str) -> (&str, f64, f64) {
        match only(text) {
            (words, TimeValue::Duration(length)) => (words, length.min_minutes, length.max_minutes),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(minutes("手术2小时30分钟"), ("2小时30分钟", 149.5, 150.5));
    assert_eq!(minutes("手术2h30min"), ("2h30min", 149.5, 150.5));
    assert_eq!(minutes("历时1小时5分。"), ("1小时5分", 64.5, 65.5));
    let (words, low, high) = minutes("病程2年零3个月");
    assert_eq!((words, (low / 43_830.0 * 10.0).round(), (high / 43_830.0 * 10.0).round()), ("2年零3个月", 265.0, 275.0));
    let day = 1_440.0;
    for (text, words) in
        [("孕39+2周", "39+2周"), ("停经39周+2天", "39周+2天"), ("宫内孕39周+2", "39周+2"), ("孕39W+2", "39W+2"), ("孕39周2天", "39周2天")]
    {
        assert_eq!(minutes(text), (words, 274.5 * day, 275.5 * day), "{text}");
    }
    assert_eq!(length("停经39周"), ("39周", 38.5, 40.0));
    assert_eq!(length("孕39周"), ("39周", 38.5, 40.0));
}

#[test]
fn vague_lengths_say_so() {
    for text in ["腹胀多日", "反复数年", "头痛几天", "乏力数月", "咳嗽数十年", "多年前", "数小时前", "好几个月"]
    {
        assert!(
            matches!(
                only(text).1,
                TimeValue::Duration(Length { vague: true, .. }) | TimeValue::Ago { length: Length { vague: true, .. }, .. }
            ),
            "{text}"
        );
    }
}

#[test]
fn times_ago_name_what_they_count_from() {
    for (text, words, reference) in [
        ("3天前受凉", "3天前", Reference::Unstated),
        ("3+天前受凉", "3+天前", Reference::Unstated),
        ("10余年以前", "10余年以前", Reference::Unstated),
        ("患者于入院前1周", "入院前1周", Reference::Admission),
        ("入院1周前", "入院1周前", Reference::Admission),
        ("入院前3天余", "入院前3天余", Reference::Admission),
        ("术前3天停用", "术前3天", Reference::Operation),
        ("发病前2天", "发病前2天", Reference::Onset),
        ("出院前1日", "出院前1日", Reference::Discharge),
        ("产前2周", "产前2周", Reference::Delivery),
    ] {
        let (found, value) = only(text);
        assert!(
            found == words && matches!(value, TimeValue::Ago { reference: said, .. } if said == reference),
            "{text}: {found} {value:?}"
        );
    }
    // Two years of the calendar are no two thousand years.
    assert!(!read("1979—2011年在印染厂工作").iter().any(|(_, value)| matches!(value, TimeValue::Duration(_))));
    assert!(matches!(read("3天前列腺增生")[0], ("3天", TimeValue::Duration(_))));
}

#[test]
fn days_after_events() {
    use Reference::{Admission, Delivery, Operation, Treatment, Unstated};
    for (text, words, reference, day) in [
        ("术后第3天,", "术后第3天", Operation, 3),
        ("今为术后3天", "术后3天", Operation, 3),
        ("术后第1日", "术后第1日", Operation, 1),
        ("术后第三天", "术后第三天", Operation, 3),
        ("PCI术后第十二天", "术后第十二天", Operation, 12),
        ("POD3", "POD3", Operation, 3),
        ("POD 3", "POD 3", Operation, 3),
        ("入院第2天", "入院第2天", Admission, 2),
        ("入院后第2天", "入院后第2天", Admission, 2),
        ("住院第5日", "住院第5日", Admission, 5),
        ("化疗第1天", "化疗第1天", Treatment, 1),
        ("产后2天", "产后2天", Delivery, 2),
        ("入院当日", "入院当日", Admission, 1),
        ("手术当天", "手术当天", Operation, 0),
        ("第3天", "第3天", Unstated, 3),
    ] {
        assert_eq!(only(text), (words, TimeValue::DayOf { reference, day }), "{text}");
    }
    for text in ["术后3天内", "入院3天", "入院后3天", "术后10余天", "术后3月", "术后1-2天"] {
        assert!(matches!(only(text).1, TimeValue::Duration(_)), "{text}");
    }
}

#[test]
fn relative_days() {
    for (text, words, days) in [
        ("今日查房", "今日", 0),
        ("今晨体温", "今晨", 0),
        ("昨日", "昨日", -1),
        ("昨夜", "昨夜", -1),
        ("昨晚睡眠可", "昨晚", -1),
        ("患者前天", "前天", -2),
        ("次日复查", "次日", 1),
        ("明晨空腹", "明晨", 1),
        ("拟后天手术", "后天", 2),
    ] {
        assert_eq!(only(text), (words, TimeValue::RelativeDay { days }), "{text}");
    }
    for text in ["目前日常活动", "术前日间", "后天性心脏病", "说明日期", "每次日间", "当日", "明显", "前额", "今为求进一步诊治", "次数"]
    {
        assert_eq!(read(text), [], "{text}");
    }
}

#[test]
fn dates() {
    type Parts = (Option<i16>, Option<u8>, Option<u8>, Option<u8>, Option<u8>);
    let day = (Some(2026), Some(3), Some(2), None, None);
    let minute = (Some(2026), Some(3), Some(2), Some(14), Some(30));
    let cases: [(&str, &str, Parts); 30] = [
        ("2026-03-02;14:30入院", "2026-03-02;14:30", minute),
        ("2026-03-02日收入", "2026-03-02日", day),
        ("于2026年3月2日入院", "2026年3月2日", day),
        ("2026年03月02日", "2026年03月02日", day),
        ("2026/3/2我院CT", "2026/3/2", day),
        ("2026.03.02查", "2026.03.02", day),
        ("2026-03-02", "2026-03-02", day),
        ("CT2026-03-02示", "2026-03-02", day),
        ("2026年3月2日14时30分", "2026年3月2日14时30分", minute),
        ("2026-03-02 14:30", "2026-03-02 14:30", minute),
        ("2026-03-02T14:30:00+08:00。", "2026-03-02T14:30:00+08:00", minute),
        ("2026-03-02T14:30Z", "2026-03-02T14:30Z", minute),
        ("2026年3月2日下午2点半", "2026年3月2日下午2点半", minute),
        ("3月2日复查", "3月2日", (None, Some(3), Some(2), None, None)),
        ("3月2号14:30", "3月2号14:30", (None, Some(3), Some(2), Some(14), Some(30))),
        ("3月2-5日", "3月2-5日", (None, Some(3), None, None, None)),
        ("03-02 14:30 查房", "03-02 14:30", (None, Some(3), Some(2), Some(14), Some(30))),
        ("于03-02行CT", "03-02", (None, Some(3), Some(2), None, None)),
        ("3-13晚接触后发热", "3-13", (None, Some(3), Some(13), None, None)),
        ("抗感染,03-05拔除导管", "03-05", (None, Some(3), Some(5), None, None)),
        ("患者06-01受凉后咳嗽", "06-01", (None, Some(6), Some(1), None, None)),
        ("3/14起咳嗽", "3/14", (None, Some(3), Some(14), None, None)),
        ("(03-02)血常规", "03-02", (None, Some(3), Some(2), None, None)),
        ("2019年行手术", "2019年", (Some(2019), None, None, None, None)),
        ("2019年5月", "2019年5月", (Some(2019), Some(5), None, None, None)),
        ("2019-05外院", "2019-05", (Some(2019), Some(5), None, None, None)),
        ("今年3月", "3月", (None, Some(3), None, None, None)),
        ("3月份", "3月份", (None, Some(3), None, None, None)),
        ("于3日行手术", "3日", (None, None, Some(3), None, None)),
        ("2026年3月2日 14时", "2026年3月2日 14时", (Some(2026), Some(3), Some(2), Some(14), Some(0))),
    ];
    for (text, words, parts) in cases {
        let (found, TimeValue::Date(date)) = only(text) else { panic!("{text}: {:?}", only(text)) };
        assert_eq!((found, (date.year, date.month, date.day, date.hour, date.minute)), (words, parts), "{text}");
    }
    let stay = read("3月2日至5日");
    assert!(matches!(stay[1], ("5日", TimeValue::Date(CalendarDate { month: Some(3), day: Some(5), .. }))), "{stay:?}");
    assert_eq!(read("去年3月"), []);
}

#[test]
fn clock_times() {
    for (text, words, hour, minute) in [
        ("14:30到达", "14:30", 14, 30),
        ("14:30:05", "14:30:05", 14, 30),
        ("14时30分", "14时30分", 14, 30),
        ("下午3点", "下午3点", 15, 0),
        ("下午三点半", "下午三点半", 15, 30),
        ("凌晨2时", "凌晨2时", 2, 0),
        ("晚上8点10分", "晚上8点10分", 20, 10),
        ("于8点入睡", "8点", 8, 0),
        ("中午12点", "中午12点", 12, 0),
        ("8:00送入", "8:00", 8, 0),
    ] {
        assert_eq!(only(text), (words, TimeValue::Clock { hour, minute }), "{text}");
    }
    assert_eq!(read("昨晚10点"), [("昨晚", TimeValue::RelativeDay { days: -1 }), ("10点", TimeValue::Clock { hour: 22, minute: 0 })]);
    assert_eq!(read("今晨08:00").len(), 2);
    assert_eq!(read("9:00-10:30").len(), 2);
}

#[test]
fn what_only_looks_like_a_time() {
    for text in [
        "BP 120/80mmHg",
        "血压120/80",
        "67岁",
        "3月龄",
        "3个月大",
        "q8h",
        "q12h",
        "bid",
        "3次/日",
        "2片/日",
        "1日2次",
        "一日三餐",
        "每日1次",
        "每3天换药",
        "每8小时",
        "肌力5/6级",
        "1-2cm",
        "GCS 15分",
        "周围血管",
        "3点钟位",
        "9点方向",
        "1:10000",
        "抗体滴度1:32",
        "ANA 1:80",
        "WBC 5.3",
        "术前日常",
        "余无异常",
        "多发结节",
        "数目",
        "第3周期",
        "第3周",
        "24小时尿蛋白0.5g",
        "24h动态心电图",
        "餐后2小时血糖",
        "5g/24h",
        "20mm/1h",
        "60ml/min",
        "T12椎体",
        "L4/5",
        "10-12次",
        "2000-3000ml",
        "半卧位",
        "上半年级",
        "十二指肠",
        "三叉神经",
        "两肺",
        "一般",
        "百分比",
        "以下3点:",
        "10.5",
        "5年生存率",
        "70年代",
        "99999999天",
        "天天",
    ] {
        assert_eq!(read(text), [], "{text}");
    }
}

#[test]
fn resolved_against_the_document() {
    let mut anchors = Anchors::at(datetime(2026, 1, 5, 9, 30, 0, 0));
    anchors.admission = Some(datetime(2026, 1, 1, 10, 0, 0, 0));
    anchors.operation_end = Some(datetime(2026, 1, 2, 16, 0, 0, 0));
    let days = |text: &str| only(text).1.resolve(&anchors).map(|(from, to)| (from.date().to_string(), to.date().to_string()));
    let one = |date: &str| Some((date.to_owned(), date.to_owned()));
    assert_eq!(days("昨日"), one("2026-01-04"));
    assert_eq!(days("入院第2天"), one("2026-01-02"));
    assert_eq!(days("术后第3天"), one("2026-01-05"));
    assert_eq!(days("12月30日"), one("2025-12-30"));
    assert_eq!(days("于3日行手术"), one("2026-01-03"));
    assert_eq!(days("2019年"), Some(("2019-01-01".to_owned(), "2019-12-31".to_owned())));
    assert_eq!(days("2月30日"), None);
    assert_eq!(days("化疗第1天"), None);
    assert_eq!(days("咳嗽3天"), None);
    assert_eq!(only("14:30").1.resolve(&anchors), Some((datetime(2026, 1, 5, 14, 30, 0, 0), datetime(2026, 1, 5, 14, 30, 0, 0))));
    assert_eq!(only("入院前2小时").1.resolve(&anchors), Some((datetime(2026, 1, 1, 7, 30, 0, 0), datetime(2026, 1, 1, 8, 30, 0, 0))));
    assert_eq!(only("99999年前").1.resolve(&anchors), None);
}

#[test]
fn lengths_compare_as_intervals() {
    let length = |text: &str| match only(text).1 {
        TimeValue::Duration(length) => length,
        other => panic!("{other:?}"),
    };
    assert!(length("1周").overlaps(length("7天")));
    assert!(length("10余年").overlaps(length("12年")));
    assert!(!length("3天").overlaps(length("3周")));
}

proptest! {
    #[test]
    fn spans_are_ordered_and_whole(text in "[0-9一二十百半数多余年月日天周小时分秒个前后术第昨今当于:./+~、 岁hTPODq上下午点-]{0,40}") {
        let anchors = Anchors::at(datetime(2026, 3, 2, 9, 30, 0, 0));
        let mut last = 0;
        for time in times(&text) {
            prop_assert!(time.span.start >= last);
            prop_assert!(text.get(time.span.range()).is_some_and(|part| !part.is_empty()));
            if let TimeValue::Duration(length) | TimeValue::Ago { length, .. } = time.value {
                prop_assert!(0.0 <= length.min_minutes && length.min_minutes <= length.max_minutes);
            }
            if let Some((from, to)) = time.value.resolve(&anchors) {
                prop_assert!(from <= to);
            }
            last = time.span.end;
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = times(&text);
    }
}
