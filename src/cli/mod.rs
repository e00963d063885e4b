//! Command line: one file per sub-command.
