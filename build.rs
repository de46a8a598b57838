//! Rebuilds the crate when a data file changes, since `rules/` and `models/` are embedded in it.
fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=models");
}
