//! The cardea binary.
fn main() {}
