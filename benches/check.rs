//! How long reading, rules and the whole check take, at one, four and sixteen times the text of a visit.
//!
//! `cargo bench --bench check`; `-- --test` only sees that they run.

use std::hint::black_box;

use bingli::data::DataFolder;
use bingli::record::{Visit, json, time::default_zone};
use bingli::report::{Options, Sheets, check};
use bingli::rules::{Phase, Rulebook, Subject};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const VISIT: &str = include_str!("../corpora/train/gastroenterology-clean.json");

/// The visit with its documents `times` over, under new ids.
fn grown(times: usize) -> Visit {
    let (visit, _) = json::read(VISIT.as_bytes(), &default_zone()).expect("the corpus is right");
    let mut grown = visit.clone();
    for copy in 1..times {
        for document in &visit.documents {
            let mut document = document.clone();
            document.id = format!("{}-{copy}", document.id);
            grown.documents.push(document);
        }
    }
    grown
}

fn benches(criterion: &mut Criterion) {
    let folder = DataFolder::embedded();
    let rulebook = Rulebook::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
    let sheets = Sheets::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
    let sheet = sheets.sheet("default").expect("it ships");
    let now = jiff::civil::date(2026, 11, 24).at(0, 0, 0, 0);
    // One core: what a single request costs.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");

    criterion.bench_function("load rulebook and lexicon", |bencher| bencher.iter(|| Rulebook::load(black_box(&folder)).is_ok()));
    let mut group = criterion.benchmark_group("visit");
    group.throughput(Throughput::Bytes(VISIT.len() as u64));
    group.bench_function("read json", |bencher| bencher.iter(|| json::read(black_box(VISIT.as_bytes()), &default_zone()).is_ok()));
    for times in [1, 4, 16] {
        let visit = grown(times);
        group.throughput(Throughput::Bytes((VISIT.len() * times) as u64));
        group.bench_with_input(BenchmarkId::new("reading", times), &visit, |bencher, visit| {
            bencher.iter(|| rulebook.knowledge.reader.read(black_box(visit)))
        });
        let reading = rulebook.knowledge.reader.read(&visit);
        let subject = Subject { visit: &visit, reading: &reading, knowledge: &rulebook.knowledge, at: now, phase: Phase::Terminal };
        group.bench_with_input(BenchmarkId::new("rules", times), &subject, |bencher, subject| {
            pool.install(|| bencher.iter(|| rulebook.run(black_box(subject)).ran))
        });
        let options = Options { sheet, phase: None, at: None, now };
        group.bench_with_input(BenchmarkId::new("whole check", times), &visit, |bencher, visit| {
            pool.install(|| bencher.iter(|| check(black_box(visit), Vec::new(), &rulebook, options)))
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
