//! Observations, reports, orders and procedures.

use serde_json::Value;

use super::BundleReader;
use super::values::{code_in, concept, list, printed, text_at, words};
use crate::input::mapping::{ReportKind, Vital, has};
use crate::record::{Exam, Instant, Lab, Operation, Order, OrderKind, Pathology, Vitals};

impl BundleReader<'_> {
    /// Which laboratory report an observation stands in.
    pub(super) fn panels(&mut self) {
        for index in 0..self.resources.len() {
            let value = self.resources[index].value;
            if self.resources[index].kind != "DiagnosticReport" || self.is_foreign(index) {
                continue;
            }
            if self.report_kind(value) == Some(ReportKind::Lab)
                && let Some(name) = value.get("code").and_then(concept)
            {
                let results: Vec<usize> = list(value, "result").filter_map(|result| self.refer(Some(result))).collect();
                self.panel_of.extend(results.into_iter().map(|found| (self.resources[found].path.clone(), name.to_owned())));
            }
        }
    }

    fn report_kind(&self, value: &Value) -> Option<ReportKind> {
        self.tables.mapping.report.first(list(value, "category").flat_map(words))
    }

    pub(super) fn observation(&mut self, value: &Value, path: &str) {
        let mapping = self.tables.mapping;
        let category = || list(value, "category").flat_map(words);
        if has(&mapping.fhir.vital_signs, category()) {
            self.vital_signs(value, path);
        } else if has(&mapping.fhir.laboratory, category()) || self.panel_of.contains_key(path) {
            self.lab(value, path);
        } else {
            self.note(path, "既不是检验结果也不是生命体征,未读取");
        }
    }

    fn lab(&mut self, value: &Value, path: &str) {
        let range = list(value, "referenceRange").next();
        let limits = || {
            let limit = |pointer: &str| range?.pointer(pointer).and_then(printed);
            match (limit("/low/value"), limit("/high/value")) {
                (Some(low), Some(high)) => Some(format!("{low}-{high}")),
                (Some(low), None) => Some(format!("≥{low}")),
                (None, Some(high)) => Some(format!("≤{high}")),
                (None, None) => None,
            }
        };
        let quantity = value.get("valueQuantity");
        let unit = quantity.and_then(|quantity| text_at(quantity, "/unit").or_else(|| text_at(quantity, "/code")));
        let number = quantity.and_then(|quantity| {
            Some(format!("{}{}", text_at(quantity, "/comparator").unwrap_or(""), quantity.get("value").and_then(printed)?))
        });
        let said = || value.get("valueString").or_else(|| value.get("valueInteger")).and_then(printed);
        let coded = || value.get("valueCodeableConcept").and_then(concept).map(str::to_owned);
        let lab = Lab {
            id: text_at(value, "/id").map(str::to_owned),
            panel: self.panel_of.get(path).cloned(),
            item: value.get("code").and_then(concept).map(str::to_owned),
            value: number.or_else(said).or_else(coded),
            unit: unit.map(str::to_owned),
            range: range.and_then(|range| text_at(range, "/text")).map(str::to_owned).or_else(limits),
            flag: self.tables.mapping.flag.first(list(value, "interpretation").flat_map(words)),
            sampled_at: self.effective(value, path),
            reported_at: self.time(value, "/issued", path),
            specimen: value.get("specimen").and_then(|specimen| text_at(specimen, "/display")).map(str::to_owned),
        };
        self.visit.labs.get_or_insert_default().push(lab);
    }

    fn effective(&mut self, value: &Value, path: &str) -> Option<Instant> {
        let pointer = if value.get("effectivePeriod").is_some() { "/effectivePeriod/start" } else { "/effectiveDateTime" };
        self.time(value, pointer, path)
    }

    /// One row of the temperature chart for each moment.
    fn vital_signs(&mut self, value: &Value, path: &str) {
        let at = self.effective(value, path);
        let mut taken = Vec::new();
        for part in std::iter::once(value).chain(list(value, "component")) {
            let Some(quantity) = part.get("valueQuantity") else { continue };
            let Some(vital) = self.tables.mapping.vital.first(part.get("code").into_iter().flat_map(words)) else { continue };
            let Some(number) = quantity.get("value").and_then(Value::as_f64) else { continue };
            let units = [text_at(quantity, "/code"), text_at(quantity, "/unit")];
            if units.into_iter().flatten().any(|unit| self.tables.mapping.has_unit(vital, unit)) {
                taken.push((vital, number));
            } else {
                self.note(path, format!("生命体征的单位 `{}` 未知,未读取", units[1].or(units[0]).unwrap_or("")));
            }
        }
        if taken.is_empty() {
            return;
        }
        let rows = self.visit.vitals.get_or_insert_default();
        let same = rows.iter().position(|row| row.at == at && at.is_some());
        let row = match same {
            Some(index) => &mut rows[index],
            None => {
                rows.push(Vitals { at, ..Vitals::default() });
                let last = rows.len() - 1;
                &mut rows[last]
            }
        };
        for (vital, number) in taken {
            let slot = match vital {
                Vital::Temperature => &mut row.temperature,
                Vital::Pulse => &mut row.pulse,
                Vital::Respiration => &mut row.respiration,
                Vital::Systolic => &mut row.systolic,
                Vital::Diastolic => &mut row.diastolic,
                Vital::Spo2 => &mut row.spo2,
                Vital::WeightKg => &mut row.weight_kg,
                Vital::HeightCm => &mut row.height_cm,
            };
            *slot = Some(number);
        }
    }

    pub(super) fn diagnostic_report(&mut self, value: &Value, path: &str) {
        let id = text_at(value, "/id").map(str::to_owned);
        let conclusion = text_at(value, "/conclusion").map(str::to_owned);
        let reported_at = self.time(value, "/issued", path);
        match self.report_kind(value) {
            Some(ReportKind::Exam) => {
                let category = list(value, "category").find_map(concept).map(str::to_owned);
                let findings = text_at(value, "/text/div").and_then(|div| self.narrative(div, &format!("{path}/text/div")));
                let exam = Exam {
                    id,
                    modality: category,
                    site: value.get("code").and_then(concept).map(str::to_owned),
                    findings,
                    impression: conclusion,
                    critical: None,
                    performed_at: self.effective(value, path),
                    reported_at,
                };
                self.visit.exams.get_or_insert_default().push(exam);
            }
            Some(ReportKind::Pathology) => {
                let specimen = list(value, "specimen").find_map(|specimen| text_at(specimen, "/display")).map(str::to_owned);
                let report = Pathology { id, specimen, diagnosis: conclusion, reported_at };
                self.visit.pathology.get_or_insert_default().push(report);
            }
            // Its results are the observations.
            Some(ReportKind::Lab) => {}
            None => self.note(path, "报告没有已知的类别(检验、检查、病理),未读取"),
        }
    }

    pub(super) fn medication_request(&mut self, value: &Value, path: &str) {
        let referred = |reference: Option<&Value>| self.refer(reference).map(|index| self.resources[index].value);
        let own = value.get("medicationCodeableConcept").and_then(concept);
        let name = own
            .or_else(|| referred(value.get("medicationReference"))?.get("code").and_then(concept))
            .or_else(|| text_at(value, "/medicationReference/display"));
        let dosage = list(value, "dosageInstruction").next();
        let quantity = dosage.and_then(|dosage| dosage.pointer("/doseAndRate/0/doseQuantity"));
        let place = format!("{path}/dosageInstruction/0");
        let order = Order {
            id: text_at(value, "/id").map(str::to_owned),
            kind: Some(OrderKind::Drug),
            name: name.map(str::to_owned),
            dose: quantity.and_then(|quantity| quantity.get("value")).and_then(Value::as_f64),
            unit: quantity.and_then(|quantity| text_at(quantity, "/unit").or_else(|| text_at(quantity, "/code"))).map(str::to_owned),
            route: dosage.and_then(|dosage| dosage.get("route")).and_then(concept).map(str::to_owned),
            frequency: dosage.and_then(|dosage| dosage.pointer("/timing/code")).and_then(concept).map(str::to_owned),
            start: dosage
                .and_then(|dosage| self.time(dosage, "/timing/repeat/boundsPeriod/start", &place))
                .or_else(|| self.time(value, "/authoredOn", path)),
            stop: dosage.and_then(|dosage| self.time(dosage, "/timing/repeat/boundsPeriod/end", &place)),
            by: self.person(value.get("requester")),
            long_term: self.tables.mapping.long_term.first(value.get("courseOfTherapyType").into_iter().flat_map(words)),
            ..Order::default()
        };
        self.visit.orders.get_or_insert_default().push(order);
    }

    pub(super) fn service_request(&mut self, value: &Value, path: &str) {
        let kind = self.tables.mapping.order.first(list(value, "category").flat_map(words));
        if kind.is_none() {
            self.note(path, "医嘱没有已知的类别,按其他读取");
        }
        let has_period = value.get("occurrencePeriod").is_some();
        let start = if has_period { "/occurrencePeriod/start" } else { "/occurrenceDateTime" };
        let order = Order {
            id: text_at(value, "/id").map(str::to_owned),
            kind: kind.or(Some(OrderKind::Other)),
            name: value.get("code").and_then(concept).map(str::to_owned),
            start: self.time(value, start, path).or_else(|| self.time(value, "/authoredOn", path)),
            stop: self.time(value, "/occurrencePeriod/end", path),
            by: self.person(value.get("requester")),
            ..Order::default()
        };
        self.visit.orders.get_or_insert_default().push(order);
    }

    pub(super) fn procedure(&mut self, value: &Value, path: &str) {
        let mapping = self.tables.mapping;
        if !has(&mapping.fhir.operation, value.get("category").into_iter().flat_map(words)) {
            self.note(path, "类别不是手术,未读取");
            return;
        }
        let is_surgeon = |performer: &&Value| {
            performer.get("function").into_iter().flat_map(words).any(|word| matches!(word, "304292004" | "术者" | "主刀" | "手术医师"))
        };
        let performers = list(value, "performer");
        let surgeon = performers.clone().find(is_surgeon).or(if performers.len() == 1 { performers.clone().next() } else { None });
        let assistants: Vec<String> = if surgeon.is_some() {
            let others =
                performers.filter(|performer| performer.get("function").into_iter().flat_map(words).any(|word| word.contains("助")));
            others.filter_map(|performer| self.person(performer.get("actor"))).collect()
        } else {
            Vec::new()
        };
        let code = value.get("code");
        let operation = Operation {
            id: text_at(value, "/id").map(str::to_owned),
            name: code.and_then(concept).map(str::to_owned),
            icd9cm3: code.and_then(|code| code_in(code, &mapping.fhir.icd9cm3)).map(str::to_owned),
            started_at: self.time(value, "/performedPeriod/start", path).or_else(|| self.time(value, "/performedDateTime", path)),
            ended_at: self.time(value, "/performedPeriod/end", path),
            surgeon: surgeon.and_then(|performer| self.person(performer.get("actor"))),
            assistants: (!assistants.is_empty()).then_some(assistants),
            ..Operation::default()
        };
        self.visit.operations.get_or_insert_default().push(operation);
    }
}
