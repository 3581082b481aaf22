//! Forward error correction: groups of data datagrams with Reed–Solomon parity.
