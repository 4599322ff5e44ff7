//! A simulated world of films and shows, for tests, benchmarks and the demonstration.
//!
//! Depends on the domain alone and shares no code with any adapter: what the two have in common is
//! only the wire.

pub mod world;
