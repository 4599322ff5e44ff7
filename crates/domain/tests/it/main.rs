//! Tests of the domain from outside: tables and properties.

mod release;
