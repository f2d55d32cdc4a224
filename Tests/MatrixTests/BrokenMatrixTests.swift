import Core
import Foundation
import Matrix
import Testing

/// Deliberately broken files, each with the exact message for the user.
@Suite struct BrokenMatrixTests {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Broken")

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    @Test func thereAreBrokenFiles() {
        #expect(Self.names.count >= 25)
    }

    @Test(arguments: names)
    func isRefusedWithTheseWords(name: String) throws {
        let file = Self.directory.appending(path: "\(name).yaml")
        let expected = try String(contentsOf: Self.directory.appending(path: "\(name).expected"), encoding: .utf8)
        let failure = #expect(throws: Failure.self) { try MatrixFile(path: file.path) }
        #expect(failure?.category == .input)
        let words = (failure?.description ?? "").replacingOccurrences(of: Self.directory.path + "/", with: "")
        if ProcessInfo.processInfo.environment["CISO_RECORD"] == "1" {
            try (words + "\n").write(
                to: Self.directory.appending(path: "\(name).expected"), atomically: true, encoding: .utf8)
        }
        #expect(words + "\n" == expected)
    }
}
