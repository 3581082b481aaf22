//! Dandelion: a stem before the fluff.
