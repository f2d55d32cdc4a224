import Core
import Foundation
import Testing

/// The conversion of errors of all origins.
@Suite struct FailureTests {
    private struct Unforeseen: Error {}

    private struct Classified: ClassifiedError, CustomStringConvertible {
        var category: ErrorCategory
        var description: String { "the thing does not work" }
    }

    @Test(arguments: ErrorCategory.allCases)
    func aClassifiedErrorKeepsItsCategoryAndItsWords(category: ErrorCategory) {
        let failure = Failure(describing: Classified(category: category))
        #expect(failure.category == category)
        #expect(failure.description == "error: the thing does not work")
    }

    @Test func unexpectedErrorsAreBugs() {
        #expect(Failure(describing: Unforeseen()).category == .bug)
    }

    /// Foundation's errors have the operating system's message, with the file's name.
    @Test func errorsOfFilesHaveTheSystemsReason() throws {
        for path in ["/nonexistent/ciso/a", "/dev/null/a", "/etc"] {
            do {
                _ = try String(contentsOfFile: path, encoding: .utf8)
                Issue.record("\(path) can be read")
            } catch {
                let failure = Failure(describing: error)
                #expect(failure.category == .unavailable)
                #expect(failure.description.contains("'\(path)'"), "\(failure)")
                #expect(!failure.description.contains("couldn"), "\(failure)")
            }
        }
        #expect(systemReason(of: POSIXError(.ENOSPC)) == "No space left on device")
        #expect(systemReason(of: CocoaError(.fileWriteOutOfSpace)) == "No space left on device")
        #expect(systemReason(of: CocoaError(.fileReadNoPermission)) == "Permission denied")
        #expect(systemReason(of: Unforeseen()) == nil)
    }

    @Test func aStoredDocumentThatCannotBeDecodedIsNotTheUsersMistake() {
        let error = #expect(throws: DecodingError.self) { try JSONDecoder().decode([Int].self, from: Data("{}".utf8)) }
        #expect(error.map { Failure(describing: $0).category } == .unavailable)
    }
}
