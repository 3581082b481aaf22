//! PHOLD beside peer simulators: the engine's speed, measured in one run.
