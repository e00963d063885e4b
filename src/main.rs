//! The `untrained` command.

use std::process::ExitCode;

/// Every layer's activations are fresh buffers; the system allocator returns their pages each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    untrained::cli::main()
}
