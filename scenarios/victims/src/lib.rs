//! ZV Chain's victimised-user model on a simulated overlay, and what eclipsed users actually confirm.
