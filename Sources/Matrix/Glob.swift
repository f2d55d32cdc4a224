/// A pattern of names: `*` stands for any letters, `?` for one; everything else for itself.
package struct Glob: Hashable, Sendable, CustomStringConvertible {
    package let pattern: String
    private let bytes: [UInt8]
    /// Whether the pattern can match one text only: itself.
    package let isLiteral: Bool

    package init(_ pattern: String) {
        self.pattern = pattern
        bytes = Array(pattern.utf8)
        isLiteral = !bytes.contains { $0 == Self.star || $0 == Self.question }
    }

    package var description: String { pattern }

    private static let star = UInt8(ascii: "*")
    private static let question = UInt8(ascii: "?")

    /// Whether the whole of `text` matches.
    ///
    /// - Complexity: O(pattern × text): the last star only is ever taken back.
    package func matches(_ text: some StringProtocol) -> Bool {
        if isLiteral { return text == pattern }
        let letters = Array(text.utf8)
        var at = 0
        var inPattern = 0
        var retry: (pattern: Int, text: Int)?
        while at < letters.count {
            if inPattern < bytes.count, bytes[inPattern] == Self.star {
                retry = (inPattern + 1, at)
                inPattern += 1
            } else if inPattern < bytes.count, bytes[inPattern] == letters[at] || bytes[inPattern] == Self.question {
                inPattern += 1
                at += 1
            } else if let (pattern, text) = retry {
                retry = (pattern, text + 1)
                inPattern = pattern
                at = text + 1
            } else {
                return false
            }
        }
        return bytes[inPattern...].allSatisfy { $0 == Self.star }
    }
}

/// A selector of cells, `TARGET/COMPILER/PACKAGE`, each part a glob; the package's part is matched against its
/// name and against `NAME.VERSION`.
package struct CellPattern: Hashable, Sendable, CustomStringConvertible {
    package let target: Glob
    package let compiler: Glob
    package let package: Glob

    /// Nil unless `text` has three parts, none of them empty.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        target = Glob(String(parts[0]))
        compiler = Glob(String(parts[1]))
        package = Glob(String(parts[2]))
    }

    package var description: String { "\(target)/\(compiler)/\(package)" }

    package func matches(target: String, compiler: String, name: String, version: String) -> Bool {
        self.target.matches(target) && self.compiler.matches(compiler) && matches(name: name, version: version)
    }

    package func matches(name: String, version: String) -> Bool {
        package.matches(name) || package.matches("\(name).\(version)")
    }
}
