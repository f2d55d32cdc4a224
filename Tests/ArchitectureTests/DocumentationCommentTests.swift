import Testing

/// Symbols that other modules use have doc comments: at most one in twenty does not.
@Suite struct DocumentationCommentTests {
    /// The share of undocumented declarations that is allowed, in percent. Lower it when it can be lowered.
    private static let ceiling = 4.5

    /// Declarations that are documented by a protocol of the standard library or of Core.
    private static let witnesses: Set<Substring> = [
        "description", "debugDescription", "hash", "encode", "category", "diagnostics", "failure", "makeIterator",
        "next",
        "Request", "Answer", "unownedExecutor", "enqueue",
    ]

    private struct Count {
        var documented = 0
        var undocumented: [String] = []

        var share: Double { 100 * Double(undocumented.count) / Double(max(1, documented + undocumented.count)) }
    }

    private func count() throws -> [String: Count] {
        let modifiers =
            "(?:(?:private\\(set\\)|internal\\(set\\)|static|final|mutating|nonisolated|indirect|convenience) +)*"
        let keywords = "func|var|let|init|struct|class|enum|actor|protocol|typealias|subscript"
        let declaration = try Regex(
            "^ *(?:@[A-Za-z]+(?:\\([^)]*\\))? +)*(?:public|package)(?:\\(set\\))? +\(modifiers)(\(keywords))\\b *([A-Za-z_]*)(.*)",
            as: (Substring, Substring, Substring, Substring).self)
        var counts: [String: Count] = [:]
        for file in SourceTree().files(in: "Sources") {
            let module = file.path.split(separator: "/")[1]
            let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
            let properties = Self.properties(in: file.text)
            for (number, line) in lines.enumerated() {
                guard let match = line.firstMatch(of: declaration) else { continue }
                let isOperator = match.1 == "func" && match.2.isEmpty
                if isOperator || Self.witnesses.contains(match.2) || match.3.hasPrefix("(from decoder") { continue }
                if match.1 == "init", Self.isMemberwise(lines[number...], properties) { continue }
                if Self.isDocumented(lines[..<number]) {
                    counts[String(module), default: Count()].documented += 1
                } else {
                    counts[String(module), default: Count()].undocumented.append("\(file.path):\(number + 1)")
                }
            }
        }
        return counts
    }

    /// Whether the nearest preceding line other than attributes and inline comments is a doc comment.
    private static func isDocumented(_ above: ArraySlice<Substring>) -> Bool {
        let line = above.last { line in
            let text = line.drop { $0 == " " }
            return !text.hasPrefix("@") && (text.hasPrefix("///") || !text.hasPrefix("//"))
        }
        return line?.drop { $0 == " " }.hasPrefix("///") == true
    }

    private static func properties(in text: String) -> Set<Substring> {
        Set(text.matches(of: /(?:var|let) +`?([A-Za-z_]+)`? *[:=]/).map(\.1))
    }

    /// An initializer whose parameters are stored properties needs no further documentation.
    private static func isMemberwise(_ lines: ArraySlice<Substring>, _ properties: Set<Substring>) -> Bool {
        let head = lines.prefix(12).joined(separator: " ")
        guard let open = head.firstIndex(of: "("), let brace = head.firstIndex(of: "{"), open < brace else {
            return false
        }
        let parameters = head[open..<brace].matches(of: /[(,] *(?:(?:_|[a-z]+) +)?([A-Za-z_]+) *:/).map(\.1)
        return !parameters.isEmpty && parameters.allSatisfy(properties.contains)
    }

    @Test func atMostOneSymbolInTwentyIsUndocumented() throws {
        let counts = try count()
        let all = counts.values.reduce(into: Count()) { sum, count in
            sum.documented += count.documented
            sum.undocumented += count.undocumented
        }
        #expect(all.documented > 1_000, "the declarations are not found any more")
        let worst = counts.sorted { $0.value.undocumented.count > $1.value.undocumented.count }.prefix(5)
            .map { "\($0.key): \($0.value.undocumented.count), as \($0.value.undocumented[0])" }
        #expect(
            all.share < Self.ceiling,
            "\(all.undocumented.count) of \(all.undocumented.count + all.documented) symbols: \(worst.joined(separator: "; "))"
        )
        print("undocumented: \(all.share) %")
    }
}
