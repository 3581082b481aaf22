//! Joining: seeds, what they answer, and whom to believe.
