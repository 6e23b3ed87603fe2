//! The lab: drives a chat server over real sockets and says what it cost; knows nothing of our own server but its wire, and to fill it, its store.
//!
//! One process with one epoll loop plays every client, so that it disturbs the server,
//! which shares its processors, as little as it can. The same loop speaks our JSON and
//! line dialects and IRC, so that other servers are measured by the same means.
//! Everything is counted: what is lost, doubled or out of order is a figure of its own,
//! and what a server refuses is shown with the server's own words.

pub mod aim;
pub mod archive;
pub mod churn;
pub mod crowd;
pub mod dialect;
pub mod dice;
pub mod echo;
pub mod fanout;
pub mod figures;
pub mod gate;
pub mod histogram;
pub mod hostile;
pub mod idle;
pub mod ledger;
pub mod marker;
pub mod member;
pub mod order;
pub mod process;
pub mod report;
pub mod server;
pub mod soak;
pub mod suite;
pub mod talker;
pub mod target;
pub mod verdict;
pub mod wild;
