import Foundation
import Testing

/// Every link in docs/ resolves.
@Suite struct DocumentationLinkTests {
    private let tree = SourceTree()

    private func pages() -> [String] {
        let paths =
            FileManager.default.enumerator(atPath: tree.root.appending(path: "docs").path)?
            .compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" } + ["README.md", "CONTRIBUTING.md"]
    }

    @Test func relativeLinksLeadToFiles() throws {
        for page in pages() {
            let directory = tree.root.appending(path: page).deletingLastPathComponent()
            for match in try tree.text(page).matches(of: /\]\(([^)#\s]+)(?:#[^)]*)?\)/) {
                let link = String(match.1)
                guard !link.contains("://") else { continue }
                let file = directory.appending(path: link).standardizedFileURL.path
                #expect(FileManager.default.fileExists(atPath: file), "\(page): there is no \(link)")
            }
        }
    }

    /// A decision has its number and title, status, date, area and a type that exists, and a line in the index.
    @Test func decisionsFollowTheTemplate() throws {
        let index = try tree.text("docs/decisions/README.md")
        let types = declaredTypes()
        for page in pages() where page.hasPrefix("docs/decisions/0") {
            let file = page.split(separator: "/").last.map(String.init) ?? ""
            let text = try tree.text(page)
            #expect(index.contains("](\(file))"), "docs/decisions/README.md: no line for \(file)")
            let head = try #require(
                text.firstMatch(
                    of: /# (\d+)\. [A-Z][^:\n]+: [^\n]+\n\nStatus: [a-z][^·\n]*· \d{4}-\d\d-\d\d · [^·\n]+ · `(\w+)`\n/),
                "\(page): expected '# NUMBER. Area: title' and 'Status: … · DATE · AREA · `Type`'")
            #expect(Int(head.1) == Int(file.prefix(4)), "\(page): its number")
            for section in ["## Context", "## Decision", "## Consequences"] {
                #expect(text.contains("\n\(section)\n"), "\(page): no section '\(section)'")
            }
            #expect(types.contains(String(head.2)), "\(page): there is no type \(head.2)")
        }
    }

    /// The doc comment of a type names the decisions that it carries.
    @Test func typesLinkTheirRecords() throws {
        let sources = tree.files(in: "Sources").map(\.text).joined()
        for page in pages() where page.hasPrefix("docs/decisions/0") {
            #expect(sources.contains("/// - SeeAlso: `\(page)`"), "no doc comment has '- SeeAlso: `\(page)`'")
        }
    }

    /// The names after `struct`, `class` and the like in the sources.
    private func declaredTypes() -> Set<String> {
        let keywords: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "typealias", "extension"]
        var names: Set<String> = []
        for file in tree.files(in: "Sources") {
            for line in file.text.split(separator: "\n") {
                let words = line.split(separator: " ").prefix(6)
                guard let keyword = words.firstIndex(where: keywords.contains), keyword + 1 < words.endIndex else {
                    continue
                }
                names.insert(String(words[keyword + 1].prefix { $0.isLetter || $0.isNumber }))
            }
        }
        return names
    }
}
