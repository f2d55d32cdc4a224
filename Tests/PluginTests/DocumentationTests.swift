import Foundation
import Matrix
import PluginHost
import PluginMessages
import PluginTools
import TestSupport
import Testing
import YAML

/// Every block of code in docs/plugins.md is correct: it builds, conforms, parses or runs.
@Suite struct DocumentationTests {
    struct Block: Sendable, CustomTestStringConvertible {
        var language: String
        var text: String
        var line: Int

        var testDescription: String { "\(language), line \(line)" }
    }

    static let blocks: [Block] = {
        let url = PackageDirectory.url.appending(path: "docs/plugins.md")
        let lines = (try? String(contentsOf: url, encoding: .utf8))?.split(
            separator: "\n", omittingEmptySubsequences: false)
        var blocks: [Block] = []
        var open: Block?
        for (number, line) in (lines ?? []).enumerated() {
            if line.hasPrefix("```") {
                if let block = open {
                    blocks.append(block)
                    open = nil
                } else {
                    open = Block(language: String(line.dropFirst(3)), text: "", line: number + 2)
                }
            } else {
                open?.text += line + "\n"
            }
        }
        return blocks
    }()

    static func blocks(_ language: String) -> [Block] { blocks.filter { $0.language == language } }

    @Test func everyBlockIsOfAKnownKind() {
        #expect(Self.blocks.count >= 6)
        let others = Self.blocks.filter { !["swift", "sh", "json", "yaml"].contains($0.language) }
        #expect(others.isEmpty, "\(others.map(\.testDescription))")
    }

    /// A whole plugin each.
    @Test(arguments: blocks("swift")) func swiftBuildsAndConforms(block: Block) async throws {
        let name = try #require(block.text.firstMatch(of: /struct (\w+): DistributionPlugin/)?.output.1)
        let directory = try TemporaryDirectory()
        let path = try SwiftPlugin.build(block.text, named: String(name), in: directory.path)
        let report = await Conformance.check(try #require(PluginFile(path: path)))
        #expect(report.isConforming, "\(report.checks)")
    }

    @Test(arguments: blocks("sh")) func shellParses(block: Block) throws {
        try Program(["/bin/sh", "-n"], input: block.text).output()
    }

    /// The commands that build the example in C.
    @Test func theExampleInCIsBuiltAsTheDocsSay() async throws {
        let block = try #require(Self.blocks("sh").first { $0.text.hasPrefix("cc ") })
        let directory = try TemporaryDirectory()
        let example = try String(contentsOfFile: "\(PackageDirectory.path)/Plugins/Examples/minimal.c", encoding: .utf8)
        try directory.write(example, to: "Plugins/Examples/minimal.c")
        try FileManager.default.createSymbolicLink(
            atPath: directory("Sources"), withDestinationPath: "\(PackageDirectory.path)/Sources")
        try Program(["/bin/sh", "-ec", block.text], in: directory("Plugins/Examples")).output()
        let file = try #require(PluginFile(path: directory("Plugins/Examples/libCisoMinimal.so")))
        #expect(await Conformance.check(file).isConforming)
    }

    /// Answers, each of the type that its keys identify.
    @Test(arguments: blocks("json")) func jsonIsAnAnswer(block: Block) throws {
        let schema = try Schema()
        let value = try JSONSerialization.jsonObject(with: Data(block.text.utf8))
        let keys = try #require(value as? [String: Any]).keys
        let type =
            keys.contains("distributions")
            ? "PluginDescription"
            : keys.contains("script") ? "Step" : keys.contains("boots") ? "MachineImageRecipe" : "SystemPackagesAnswer"
        #expect(schema.problems(of: value, as: schema[type]) == [])
    }

    @Test(arguments: blocks("yaml")) func yamlIsAMatrix(block: Block) throws {
        let matrix = try MatrixFile(SourceText(file: "docs/plugins.md", bytes: Array(block.text.utf8)))
        #expect(!matrix.targets.isEmpty)
    }
}
