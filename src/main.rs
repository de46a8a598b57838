//! The `bingli` binary: everything is in the library's `cli`.

use std::process::ExitCode;

/// Reading and rules ask for many small pieces; musl's own allocator, in the static build, would serve one thread at a time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bingli::cli::run()
}
