//! Dissemination to all – flood, inventory, epidemics, mesh – and the anonymity of its sources.
