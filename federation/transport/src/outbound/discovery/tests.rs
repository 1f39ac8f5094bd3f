//! Finding servers against a DNS of the test (DISC-1 to DISC-8).
