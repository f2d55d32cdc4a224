import Foundation
import TestSupport
import Testing

/// `docs/settings.md` describes each setting as the program's own help does.
@Suite struct SettingsPageTests {
    /// A row of the page's first table, without quotes.
    private struct Row: Hashable {
        var key: String
        var variable: String
        var flag: String
        var usual: String
    }

    private struct Tool: Decodable { var command: Command }

    private struct Command: Decodable {
        var arguments: [Argument]?
        var subcommands: [Command]?

        var all: [Argument] { (arguments ?? []) + (subcommands ?? []).flatMap(\.all) }
    }

    private struct Argument: Decodable {
        var names: [Name]?
        var abstract: String?
    }

    private struct Name: Decodable {
        var kind: String
        var name: String
    }

    /// Options of one command, whose help shows a default as that of settings does.
    private static let options: Set = [
        "backlog", "ciso", "grace", "limit", "listen", "notify-period", "priority", "versions",
    ]

    @Test func thePageHasEverySetting() throws {
        let dump = try CommandFixture().run(["--experimental-dump-help"]).output
        let arguments = try JSONDecoder().decode(Tool.self, from: Data(dump.utf8)).command.all
        let settings = arguments.compactMap { argument -> Row? in
            guard let name = argument.names?.first(where: { $0.kind == "long" })?.name,
                let text = argument.abstract, text.hasSuffix(")"), !Self.options.contains(name),
                let start = text.range(of: "(default: ")?.upperBound
            else { return nil }
            let variable = "CISO_" + name.uppercased().replacing("-", with: "_")
            return Row(key: name, variable: variable, flag: "--\(name)", usual: String(text[start...].dropLast()))
        }
        let rows = try rows()
        #expect(rows.count == Set(rows).count && rows.count >= 12)
        #expect(Set(rows) == Set(settings), "\(Set(rows).symmetricDifference(settings))")
    }

    private func rows() throws -> [Row] {
        let page = PackageDirectory.url.appending(path: "docs/settings.md")
        let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
        let table = lines.drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }.dropFirst(2)
        return try table.map { line in
            let fields = line.replacing("`", with: "").split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            try #require(fields.count == 5, "\(line)")
            return Row(key: fields[0], variable: fields[1], flag: fields[2], usual: fields[4])
        }
    }
}
