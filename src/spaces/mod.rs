//! Search spaces: architecture string to graph.
