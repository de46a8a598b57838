//! Rebuilds the crate when a data file changes, since `rules/` is embedded in it.
fn main() {
    println!("cargo::rerun-if-changed=rules");
}
