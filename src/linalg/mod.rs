//! Dense linear algebra in f64, of matrices as large as a mini-batch or a layer's channels.

mod correlation;
mod determinant;
mod double_double;
mod spectrum;

pub use correlation::{correlations, symmetric_eigenvalues};
pub use determinant::{LogDet, rbf_log_det_naive, rbf_log_det_stable, slogdet};
pub use spectrum::{eigenvalues, largest_singular_value};
