//! Rebuilds the crate when a file changes that is embedded in it: the rules, the language model, and what browsers are served.
fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=models");
    println!("cargo::rerun-if-changed=src/service/assets");
}
