//! A protocol with planted faults: proof that the alarms ring.
