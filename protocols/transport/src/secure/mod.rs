//! A secure channel: handshake, records, rekeying.
