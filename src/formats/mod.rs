//! File formats that more than one module reads.
