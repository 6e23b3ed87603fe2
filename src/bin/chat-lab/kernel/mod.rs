//! What the kernel tells of any program, through `/proc`: where its threads wait, and how full its sockets are. Nothing is installed in the program, and nothing is stopped.

pub mod calls;
mod diag;
pub mod effort;
pub mod family;
pub mod process;
pub mod sentence;
pub mod sockets;
pub mod threads;
