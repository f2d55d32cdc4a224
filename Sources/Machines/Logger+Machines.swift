internal import Logging

/// The trace of this module. Libraries use the levels `debug` and `trace` only, which nothing prints unless a program asks.
let logger = Logger(label: "ciso.machines")
