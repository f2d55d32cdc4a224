extension Duration {
    /// Whole milliseconds, rounded down.
    package var milliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }

    /// The duration in milliseconds for poll(2), rounded up.
    package var millisecondsForPoll: Int32 {
        let (seconds, attoseconds) = components
        let exact = seconds.multipliedReportingOverflow(by: 1000).partialValue + attoseconds / 1_000_000_000_000_000
        return Int32(clamping: max(0, exact) + 1)
    }
}
