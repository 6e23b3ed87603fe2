//! The checker, as a person runs it. Knows no rule.

/// Servers that no rule was written for.
mod strangers;
