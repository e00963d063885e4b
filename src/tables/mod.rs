//! Ground truth: tabular benchmarks that map an architecture to its trained accuracy. They never build networks.
