//! A visit gives the same report whether it comes in the native format, as CDA documents or as a FHIR bundle.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bingli::data::DataFolder;
use bingli::record::note::{Level, Note};
use bingli::record::time::default_zone;
use bingli::record::{DiagnosisKind, Disposition, DocumentKind, LabFlag, OrderKind, Title, Visit};
use bingli::report::{Options, Report, Sheets, check};
use bingli::rules::Rulebook;
use serde_json::{Value, json};

struct House {
    rulebook: Rulebook,
    sheets: Sheets,
}

impl House {
    fn new() -> Self {
        let folder = DataFolder::embedded();
        let rulebook = Rulebook::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
        Self { rulebook, sheets: Sheets::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}")) }
    }

    /// The visits of a file or of the CDA documents in a folder.
    fn visits(&self, path: &str) -> Vec<(Visit, Vec<Note>)> {
        let zone = default_zone();
        let opener = self.rulebook.knowledge.opener(&zone);
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let opened = opener.path(&place, path).expect("it opens");
        opened.map(|opened| opened.result.unwrap_or_else(|error| panic!("{path}: {error}"))).collect()
    }

    fn visit(&self, name: &str, bytes: &[u8]) -> (Visit, Vec<Note>) {
        let zone = default_zone();
        self.rulebook.knowledge.opener(&zone).visit(name, bytes).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn report(&self, visit: &Visit) -> Report {
        let sheet = self.sheets.sheet("default").expect("it ships");
        // CDA has no moment of the snapshot.
        let at = Some(jiff::civil::date(2026, 3, 12).at(12, 0, 0, 0));
        check(visit, Vec::new(), &self.rulebook, Options { at, ..Options::of(sheet, jiff::civil::date(2026, 11, 24).at(0, 0, 0, 0)) })
    }
}

#[test]
fn every_format_of_a_visit_gives_the_same_report() {
    let house = House::new();
    let of_folder = house.visits("tests/visits/cda");
    assert_eq!(of_folder.iter().map(|(visit, _)| visit.visit_id.as_str()).collect::<Vec<_>>(), ["CLI-1", "CLI-2"]);
    for (index, name) in ["clean", "defect"].into_iter().enumerate() {
        let native = house.visits(&format!("tests/visits/{name}.json")).remove(0).0;
        let expected = house.report(&native);
        assert_eq!(expected.findings.is_empty(), name == "clean");
        let fhir = house.visits(&format!("tests/visits/fhir/{name}.json")).remove(0);
        for (format, (visit, notes)) in [("CDA", of_folder[index].clone()), ("FHIR", fhir)] {
            assert_eq!(notes, [], "{format} {name}");
            assert_eq!(visit.documents, native.documents, "{format} {name}");
            let report = house.report(&visit);
            assert_eq!(report.findings, expected.findings, "{format} {name}");
            assert_eq!(report.score, expected.score, "{format} {name}");
            assert_eq!(report.duties, expected.duties, "{format} {name}");
        }
    }
}

fn sample(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it is there")
}

/// The sample without its prologue, edited.
fn cda(from: &str, to: &str) -> String {
    let text = sample("tests/visits/cda/defect-d1.xml").replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "");
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn texts(notes: &[Note]) -> String {
    notes.iter().map(|note| format!("{note}\n")).collect()
}

#[test]
fn documents_of_one_file_are_one_visit_and_another_visit_is_named() {
    let house = House::new();
    let both = format!("<documents>{}{}</documents>", cda("extension=\"d1\"", "extension=\"d0\""), cda("入院记录", "入院记录"));
    let (visit, notes) = house.visit("both.xml", both.as_bytes());
    assert_eq!((visit.visit_id.as_str(), visit.documents.len(), notes), ("CLI-2", 2, Vec::new()));
    let other = format!("<documents>{}{}</documents>", cda("CLI-2", "CLI-2"), cda("CLI-2", "CLI-3"));
    let (visit, notes) = house.visit("body.json", other.as_bytes());
    assert_eq!((visit.documents.len(), notes.len(), notes[0].level), (1, 1, Level::Error));
    assert!(notes[0].text.contains("CLI-3"));
}

#[test]
fn versions_doubles_and_other_patients_are_noted() {
    let house = House::new();
    let version = |id: &str, number: &str| {
        cda("<setId/>\n  <versionNumber/>", &format!("<setId extension=\"S\"/><versionNumber value=\"{number}\"/>"))
            .replace("extension=\"d1\"", &format!("extension=\"{id}\""))
    };
    let file = format!("<documents>{}{}</documents>", version("new", "2"), version("old", "1"));
    let (visit, notes) = house.visit("x.xml", file.as_bytes());
    assert_eq!(visit.documents.iter().map(|document| document.id.as_str()).collect::<Vec<_>>(), ["new"]);
    assert!(texts(&notes).contains("`old` 有更新的版本"), "{notes:?}");
    let file = format!("<documents>{}{}</documents>", cda("钱某某", "钱某某"), cda("钱某某", "孙某某"));
    let notes = texts(&house.visit("x.xml", file.as_bytes()).1);
    assert!(notes.contains("文书编号 `d1` 重复") && notes.contains("姓名或性别"), "{notes}");
}

#[test]
fn signatures_diagnoses_and_discharge_of_cda_are_read() {
    let signer = |kind: &str, id: &str, title: &str, time: &str| {
        format!(
            "<{kind}><time value=\"{time}\"/><signatureCode/><assignedEntity><id root=\"2.16.156.10011.1.4\" extension=\"{id}\"/><code displayName=\"{title}\"/><assignedPerson><name>李某某</name></assignedPerson></assignedEntity></{kind}>"
        )
    };
    let text = cda(
        "<componentOf>",
        &format!(
            "{}{}<componentOf>",
            signer("authenticator", "D1", "住院医师", "202603021130"),
            signer("legalAuthenticator", "D2", "主任医师", "/")
        ),
    );
    let text = text.replace("<low value=\"20260302090000\"/>", "<low value=\"20260302090000\"/><high value=\"20260310100000+0800\"/>");
    let text = text.replace("<location>", "<dischargeDispositionCode code=\"4\"/><location>");
    let text = text.replace(
        "    </structuredBody>",
        "<component><section><code code=\"11535-2\"/><title>出院诊断</title><text/><entry><observation><code displayName=\"出院诊断-主要诊断\"/><value code=\"J18.900\" displayName=\"肺炎\" codeSystem=\"2.16.156.10011.2.3.3.11\"/></observation></entry></section></component></structuredBody>",
    );
    let house = House::new();
    let (visit, notes) = house.visit("x.xml", text.as_bytes());
    assert_eq!(notes, []);
    let document = &visit.documents[0];
    let signatures = document.signatures.as_deref().expect("it is signed");
    // Whoever is named without a time has not signed.
    assert_eq!((signatures.len(), signatures[0].staff.as_deref()), (1, Some("D1")));
    assert_eq!(document.signed_at.map(|at| at.to_string()).as_deref(), Some("2026-03-02 11:30"));
    let titles: Vec<_> = visit.staff.as_deref().expect("staff").iter().map(|person| person.title).collect();
    assert_eq!(titles, [Some(Title::Resident), Some(Title::Chief)]);
    let discharge = visit.discharge.as_ref().expect("discharged");
    assert_eq!(discharge.disposition, Some(Disposition::AgainstAdvice));
    assert_eq!(discharge.discharged_at.map(|at| at.to_string()).as_deref(), Some("2026-03-10 10:00"));
    let diagnosis = &visit.diagnoses.as_deref().expect("diagnoses")[0];
    assert_eq!((diagnosis.kind, diagnosis.icd10.as_deref()), (Some(DiagnosisKind::Discharge), Some("J18.900")));
    assert_eq!(document.sections.as_deref().and_then(|sections| sections.last()).map(|section| section.text.as_str()), Some("肺炎"));
}

#[test]
fn a_broken_or_odd_cda_file_is_read_as_far_as_it_goes() {
    let house = House::new();
    let text = cda("CLI-2", "CLI-2");
    let cut = text.find("<title>体格检查").expect("it has the section");
    let (visit, notes) = house.visit("x.xml", &text.as_bytes()[..cut]);
    let names: Vec<&str> = visit.documents[0].sections.iter().flatten().map(|section| section.name.as_str()).collect();
    assert_eq!((names[..2].to_vec(), visit.patient.age_text.as_deref()), (vec!["主诉", "现病史"], Some("67岁")));
    assert!(notes.iter().any(|note| note.level == Level::Error && note.line.is_some()), "{notes:?}");
    // No author's time: when a machine made the file is not when somebody wrote.
    let (visit, notes) = house.visit("x.xml", cda("<time value=\"20260302100000\"/>", "<time value=\"/\"/>").as_bytes());
    assert!(visit.documents[0].event_at.is_none() && texts(&notes).contains("effectiveTime"));
    let (gb, _, _) = encoding_rs::GB18030.encode(&text);
    let declared = [b"<?xml version=\"1.0\" encoding=\"GBK\"?>".as_slice(), &gb].concat();
    assert_eq!(house.visit("x.xml", &declared).1, []);
    let wide: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(house.visit("body.json", &wide).0.documents.len(), 1);
    let zone = default_zone();
    let hostile = format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{text}");
    assert!(house.rulebook.knowledge.opener(&zone).visit("x.xml", hostile.as_bytes()).is_err());
}

fn bundle(resources: Vec<Value>) -> Vec<u8> {
    let mut bundle: Value = serde_json::from_str(&sample("tests/visits/fhir/defect.json")).expect("JSON");
    let entries = bundle["entry"].as_array_mut().expect("entries");
    entries.extend(resources.into_iter().map(|resource| json!({ "resource": resource })));
    bundle.to_string().into_bytes()
}

#[test]
fn results_orders_and_people_of_a_bundle_are_read() {
    let house = House::new();
    let lab = |id: &str, value: Value| {
        let mut lab = json!({ "resourceType": "Observation", "id": id, "status": "final", "code": { "text": "血钾" }, "issued": "2026-03-02T11:00:00+08:00",
            "category": [{ "coding": [{ "code": "laboratory" }] }], "interpretation": [{ "coding": [{ "code": "HH" }] }], "referenceRange": [{ "low": { "value": 3.5 }, "high": { "value": 5.3 } }] });
        lab.as_object_mut().expect("an object").extend(value.as_object().expect("an object").clone());
        lab
    };
    let vital = |code: &str, value: f64, unit: &str| {
        json!({ "resourceType": "Observation", "status": "final", "category": [{ "coding": [{ "code": "vital-signs" }] }], "code": { "coding": [{ "code": code }] },
            "effectiveDateTime": "2026-03-02T10:00:00+08:00", "valueQuantity": { "value": value, "code": unit } })
    };
    let (visit, notes) = house.visit("x.json", &bundle(vec![
        json!({ "resourceType": "Practitioner", "id": "D1", "name": [{ "text": "李某某" }], "qualification": [{ "code": { "text": "副主任医师" } }] }),
        lab("l1", json!({ "valueQuantity": { "value": 6.8, "unit": "mmol/L", "comparator": ">" } })),
        lab("l2", json!({ "valueString": "阴性(-)", "encounter": { "reference": "Encounter/other" } })),
        json!({ "resourceType": "DiagnosticReport", "category": [{ "coding": [{ "code": "LAB" }] }], "code": { "text": "电解质" }, "result": [{ "reference": "Observation/l1" }] }),
        json!({ "resourceType": "DiagnosticReport", "id": "x1", "category": [{ "text": "CT", "coding": [{ "code": "RAD" }] }], "code": { "text": "胸部" }, "conclusion": "右下肺炎症。" }),
        vital("8310-5", 38.9, "Cel"), vital("8867-4", 96.0, "/min"), vital("29463-7", 130.0, "[lb_av]"),
        json!({ "resourceType": "MedicationRequest", "id": "m1", "status": "active", "medicationCodeableConcept": { "text": "头孢曲松" }, "authoredOn": "2026-03-02T10:30:00+08:00", "requester": { "reference": "Practitioner/D1" },
            "courseOfTherapyType": { "text": "长期" }, "dosageInstruction": [{ "route": { "text": "静脉滴注" }, "doseAndRate": [{ "doseQuantity": { "value": 2, "unit": "g" } }] }] }),
        json!({ "resourceType": "MedicationRequest", "id": "m2", "status": "cancelled", "medicationCodeableConcept": { "text": "作废" } }),
        json!({ "resourceType": "ServiceRequest", "id": "s1", "category": [{ "text": "会诊" }], "code": { "text": "心内科会诊" } }),
        json!({ "resourceType": "Procedure", "id": "o1", "status": "completed", "category": { "text": "手术" }, "code": { "text": "胸腔镜手术" }, "performer": [{ "actor": { "reference": "Practitioner/D1" } }] }),
        json!({ "resourceType": "Procedure", "id": "o2", "status": "completed", "code": { "text": "吸痰" } }),
        json!({ "resourceType": "Condition", "category": [{ "text": "入院诊断" }], "code": { "text": "肺炎", "coding": [{ "system": "http://hl7.org/fhir/sid/icd-10", "code": "J18.900" }] } }),
        // 病程记录 and a line of text, packed.
        json!({ "resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": "55eF56iL6K6w5b2VCuaCo+iAheWSs+WXveWHj+i9u+OAgg==" }),
        json!({ "resourceType": "DocumentReference", "id": "r1", "type": { "text": "出院记录" }, "content": [{ "attachment": { "url": "Binary/b2" } }] }),
        json!({ "resourceType": "Binary", "id": "b2", "contentType": "text/plain", "data": "5Ye66Zmi6K+K5pat77ya6IK654KO" }),
        json!({ "resourceType": "Encounter", "id": "other", "class": { "code": "AMB" } }),
        json!({ "resourceType": "Coverage" }),
    ]));
    let labs = visit.labs.as_deref().expect("labs");
    assert_eq!((labs.len(), labs[0].value.as_deref(), labs[0].panel.as_deref()), (1, Some(">6.8"), Some("电解质")));
    assert_eq!((labs[0].flag, labs[0].range.as_deref()), (Some(LabFlag::CriticalHigh), Some("3.5-5.3")));
    let vitals = visit.vitals.as_deref().expect("vitals");
    assert_eq!((vitals.len(), vitals[0].temperature, vitals[0].pulse, vitals[0].weight_kg), (1, Some(38.9), Some(96.0), None));
    let orders = visit.orders.as_deref().expect("orders");
    assert_eq!((orders.len(), orders[0].dose, orders[0].long_term, orders[1].kind), (2, Some(2.0), Some(true), Some(OrderKind::Consult)));
    assert_eq!(
        (orders[0].by.as_deref(), visit.staff.as_deref().map(|staff| staff[0].title)),
        (Some("D1"), Some(Some(Title::AssociateChief)))
    );
    let operations = visit.operations.as_deref().expect("operations");
    assert_eq!((operations.len(), operations[0].surgeon.as_deref()), (1, Some("D1")));
    assert_eq!(visit.exams.as_deref().map(|exams| exams[0].impression.as_deref()), Some(Some("右下肺炎症。")));
    assert_eq!(
        visit.diagnoses.as_deref().map(|found| (found[0].kind, found[0].icd10.as_deref())),
        Some((Some(DiagnosisKind::Admission), Some("J18.900")))
    );
    let more: Vec<_> =
        visit.documents[2..].iter().map(|document| (document.id.as_str(), document.kind, document.text.as_deref())).collect();
    assert_eq!(
        more,
        [
            ("r1", Some(DocumentKind::DischargeRecord), Some("出院诊断：肺炎")),
            ("b1", Some(DocumentKind::DailyCourse), Some("病程记录\n患者咳嗽减轻。"))
        ]
    );
    let said = texts(&notes);
    for words in ["[lb_av]", "cancelled", "类别不是手术", "Coverage"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(notes.iter().all(|note| note.path.starts_with("/entry/")), "{said}");
}

#[test]
fn another_patient_in_a_bundle_is_named_and_left_out() {
    let house = House::new();
    let (visit, notes) = house.visit("x.json", &bundle(vec![
        json!({ "resourceType": "Patient", "id": "p2", "name": [{ "text": "孙某某" }] }),
        json!({ "resourceType": "Composition", "id": "foreign", "subject": { "reference": "Patient/p2" }, "title": "出院记录", "type": {} }),
    ]));
    assert_eq!((visit.patient.name.as_deref(), visit.documents.len()), (Some("钱某某"), 2));
    assert!(notes.iter().any(|note| note.level == Level::Error && note.path == "/entry/4/resource"), "{notes:?}");
}

fn bingli(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bingli")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("the binary runs")
}

#[test]
fn the_command_line_takes_folders_and_files_of_every_format() {
    let ids = |path: &str| -> Vec<String> {
        let output = bingli(&["check", path, "--format", "ndjson", "--at", "2026-03-12T12:00"]);
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["visit_id"].as_str().unwrap_or("").to_owned()).collect()
    };
    assert_eq!(ids("tests/visits/cda"), ["CLI-1", "CLI-2"]);
    assert_eq!(ids("tests/visits/cda/defect-d2.xml"), ["CLI-2"]);
    assert_eq!(ids("tests/visits/fhir"), ["CLI-1", "CLI-2"]);
}

#[test]
fn a_bad_document_of_a_folder_is_named_and_the_others_are_read() {
    let folder: PathBuf = std::env::temp_dir().join(format!("bingli-cda-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("a.xml"), cda("CLI-2", "CLI-2")).expect("written");
    std::fs::write(folder.join("b.xml"), "<html/>").expect("written");
    let output = bingli(&["check", &folder.to_string_lossy(), "--format", "ndjson"]);
    std::fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("b.xml: 不是 CDA"), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
}
