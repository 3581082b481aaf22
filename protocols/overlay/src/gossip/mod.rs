//! Dissemination to all: flood, inventory, epidemics, mesh.
