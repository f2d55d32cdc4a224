/// Something that a test waited for did not happen in time.
package struct NotInTime: Error, CustomStringConvertible {
    package let description: String
}

/// Waits for an effect of other tasks or processes for which there is no signal.
///
/// - Parameter limit: Only bounds a test that has failed already; no test may depend on it.
/// - Throws: `NotInTime`; what `condition` throws.
package func waitUntil(
    _ what: String, within limit: Duration = .seconds(900),
    isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NotInTime(description: "not within \(limit): \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}
