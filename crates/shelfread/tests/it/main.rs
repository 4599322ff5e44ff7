//! The real binary, as a person or a script runs it: on real folders, on simulated servers, and
//! killed in the middle.

mod cli;
mod desk;
mod folders;
mod killed;
mod servers;
