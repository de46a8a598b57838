//! How long reading, rules and the whole check take, at one, four and sixteen times the text of a visit.
//!
//! `cargo bench --bench check`; `-- --test` only sees that they run.

use std::hint::black_box;

use bingli::data::DataFolder;
use bingli::record::{json, time::default_zone};
use bingli::report::{Options, Sheets, check};
use bingli::rules::{Phase, Rulebook, Subject};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod common;
use common::{grown, text_length};

fn benches(criterion: &mut Criterion) {
    let folder = DataFolder::embedded();
    let rulebook = Rulebook::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
    let sheets = Sheets::load(&folder).unwrap_or_else(|problems| panic!("{problems:?}"));
    let sheet = sheets.sheet("default").expect("it ships");
    let now = jiff::civil::date(2026, 11, 24).at(0, 0, 0, 0);
    // One core: what a single request costs.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");

    criterion.bench_function("start/rulebook and lexicon", |bencher| bencher.iter(|| Rulebook::load(black_box(&folder)).is_ok()));
    criterion.bench_function("start/score sheets", |bencher| bencher.iter(|| Sheets::load(black_box(&folder)).is_ok()));
    let mut group = criterion.benchmark_group("visit");
    for times in [1, 4, 16] {
        let visit = grown(times);
        let json = serde_json::to_vec_pretty(&visit).expect("a visit can be written");
        println!(
            "{times}x: {} documents, {} bytes of text, {} bytes of JSON",
            visit.documents.len(),
            text_length(&visit.documents),
            json.len()
        );
        group.throughput(Throughput::Bytes(json.len() as u64));
        group.bench_with_input(BenchmarkId::new("json", times), &json, |bencher, json| {
            bencher.iter(|| json::read(black_box(json), &default_zone()).is_ok())
        });
        group.bench_with_input(BenchmarkId::new("reading", times), &visit, |bencher, visit| {
            bencher.iter(|| rulebook.knowledge.reader.read(black_box(visit)))
        });
        let reading = rulebook.knowledge.reader.read(&visit);
        let subject = Subject::of(&visit, &reading, &rulebook.knowledge, now, Phase::Terminal);
        group.bench_with_input(BenchmarkId::new("rules", times), &subject, |bencher, subject| {
            pool.install(|| bencher.iter(|| rulebook.run(black_box(subject)).ran))
        });
        let options = Options::of(sheet, now);
        group.bench_with_input(BenchmarkId::new("whole check", times), &visit, |bencher, visit| {
            pool.install(|| bencher.iter(|| check(black_box(visit), Vec::new(), &rulebook, options)))
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
