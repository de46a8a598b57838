//! How long it takes to index earlier visits and to ask for copies of one passage.
//!
//! `cargo bench --bench copies`; `-- --test` only sees that they run.

use std::hint::black_box;

use bingli::data::DataFolder;
use bingli::record::{Document, DocumentKind, Patient, Section, Visit};
use bingli::rules::Knowledge;
use bingli::rules::copy::index::{CopyIndex, Topic};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const LETTERS: usize = 200;

/// A discussion that no other number makes.
fn discussion(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::new();
    for at in 0..LETTERS {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.extend(char::from_u32(0x4e00 + (state % 2_000) as u32));
        if at % 20 == 19 {
            text.push('。');
        }
    }
    text
}

fn visits(count: u64) -> Vec<Visit> {
    let visit = |number: u64| {
        let section = Section { name: "拟诊讨论".to_owned(), text: discussion(number) };
        let document =
            Document { id: "d".to_owned(), kind: Some(DocumentKind::FirstCourse), sections: Some(vec![section]), ..Document::default() };
        let patient = Patient { patient_id: Some(format!("P{number}")), ..Patient::default() };
        Visit { visit_id: format!("V{number}"), patient, documents: vec![document], ..Visit::default() }
    };
    (0..count).map(visit).collect()
}

fn benches(criterion: &mut Criterion) {
    let knowledge = Knowledge::load(&DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut group = criterion.benchmark_group("copies");
    group.sample_size(10);
    let many = visits(20_000);
    group.bench_function("read and index 20,000", |bencher| bencher.iter(|| CopyIndex::of(black_box(&many), &knowledge).len()));
    for count in [2_000, 20_000] {
        let index = CopyIndex::of(&visits(count), &knowledge);
        println!("{count} passages of {LETTERS} letters: {} bytes, {} a passage", index.bytes(), index.bytes() as u64 / count);
        let (known, unknown) = (discussion(count / 2), discussion(count + 1));
        for (name, text, wanted) in [("hit", &known, 1), ("miss", &unknown, 0)] {
            assert_eq!(index.similar(Topic::Discussion, text, 0.95, |_| true).len(), wanted);
            group.bench_with_input(BenchmarkId::new(format!("query {name}"), count), text, |bencher, text| {
                bencher.iter(|| index.similar(Topic::Discussion, black_box(text), 0.95, |_| true).len())
            });
        }
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
