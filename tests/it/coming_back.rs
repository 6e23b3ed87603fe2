//! What a person sees who comes back after a lost connection: what was missed, and that it is new.
