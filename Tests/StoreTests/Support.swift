import Store
import TestSupport
import Testing

/// Demands that stock git finds nothing wrong; a HEAD without commits is no fault.
func expectClean(_ path: String) throws {
    let complaints = try git("fsck", "--strict", "--full", "--no-dangling", at: path, isJoined: true)
        .split(separator: "\n")
    #expect(complaints.filter { !$0.hasPrefix("notice: HEAD points to an unborn branch") } == [])
}

/// A folder that is gone when `body` ends.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = try TemporaryDirectory()
    return try body(folder.path)
}

/// A folder that is gone when `body` ends.
func withAsyncFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = try TemporaryDirectory()
    return try await body(folder.path)
}

/// The branch that most tests write to.
let main = try! Branch("main")
