internal import Logging

/// The logger of this module. Libraries use only the levels `debug` and `trace`, which are not printed by default.
let logger = Logger(label: "ciso.machines")
