//! The encoder in 8 bits and the plain f32 reference, one core each: `cargo bench --bench encoder`. With candle and onnxruntime: `encoder.py`.

use std::hint::black_box;

use bingli::language::int8::{Int8Encoder, Processor};
use bingli::language::packed::Packed;
use bingli::language::reference::Reference;
use bingli::language::{Config, Encoder, ModelFolder};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn benches(criterion: &mut Criterion) {
    let folder = ModelFolder::embedded();
    let config = Config::parse(&folder.config).expect("it ships");
    let packed = Packed::read(&config, &folder.weights).expect("it ships");
    let mut encoders: Vec<(String, Box<dyn Encoder>)> = vec![("f32 reference".to_owned(), Box::new(Reference::new(packed.restore())))];
    for processor in Processor::all() {
        encoders.push((format!("8 bit {processor}"), Box::new(Int8Encoder::on(processor, packed.clone()))));
    }
    let mut group = criterion.benchmark_group("encoder");
    group.sample_size(10);
    for length in [32usize, 128, 512] {
        let ids: Vec<u32> = (0..length).map(|index| (index * 7919 % 13_000) as u32).collect();
        group.throughput(Throughput::Elements(length as u64));
        for (name, encoder) in &encoders {
            group.bench_with_input(BenchmarkId::new(name, length), &ids, |bencher, ids| bencher.iter(|| encoder.states(black_box(ids))));
        }
    }
    group.finish();
}

criterion_group!(encoder, benches);
criterion_main!(encoder);
