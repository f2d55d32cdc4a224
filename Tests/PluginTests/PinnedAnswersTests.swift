import Core
import Foundation
import PluginHost
import PluginMessages
import Testing

/// The answers of the shipped plugins are those that are recorded in `Data/answers`.
///
/// Their digests are part of the ids of jobs: after a change, all jobs of the target are built again. A change on purpose
/// is recorded with `CISO_RECORD=1`.
@Suite struct PinnedAnswersTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Data/answers")

    @Test func noTargetHasOtherAnswers() async throws {
        var lines: [String] = []
        for name in ShippedPlugins.names {
            let plugin = try await ShippedPlugins.catalog.plugin(named: name)
            for request in try await ShippedPlugins.requests(of: plugin) {
                let compiler = request.systemCompiler ? "system" : "own"
                let digest = try await plugin.answersDigest(for: request)
                lines.append("\(request.target) \(request.architecture) \(compiler) \(digest)")
            }
        }
        let text = lines.map { $0 + "\n" }.joined()
        if ProcessInfo.processInfo.environment["CISO_RECORD"] != nil {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        let recorded = try String(contentsOf: Self.file, encoding: .utf8).split(separator: "\n").map(String.init)
        let changed = lines.filter { !recorded.contains($0) }
        #expect(changed == [], "all jobs of these targets would be built again; CISO_RECORD=1 records the change")
        #expect(recorded.count == lines.count)
    }
}
