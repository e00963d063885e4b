//! Training-free proxies.
