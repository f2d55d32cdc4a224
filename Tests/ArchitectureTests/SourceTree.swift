import Foundation

/// The sources of the package, read as text.
struct SourceTree {
    /// The root of the package.
    let root: URL

    init() {
        root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// A Swift file, with its path relative to the root.
    struct File {
        var path: String
        var text: String

        /// The modules that the file imports, with the line of each.
        var imports: [(module: String, line: Int)] {
            text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { number, line in
                let words = line.split(separator: " ")
                guard line.first != " ", let keyword = words.prefix(3).firstIndex(of: "import") else { return nil }
                return words.last.flatMap { words.count > keyword + 1 ? (String($0), number + 1) : nil }
            }
        }
    }

    /// The Swift files below a directory, sorted by path.
    func files(in directory: String) -> [File] {
        let base = root.appending(path: directory)
        let paths = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".swift") }.sorted().compactMap { path in
            (try? text("\(directory)/\(path)")).map { File(path: "\(directory)/\(path)", text: $0) }
        }
    }
}

/// The manifest's entries for the targets in `Sources/`.
struct Manifest {
    /// By target, the targets of this package and the products it declares as dependencies.
    let dependencies: [String: [String]]

    init(_ text: String) {
        var dependencies: [String: [String]] = [:]
        for match in text.matches(of: /module\(\s*"(\w+)"(?:,\s*\[([^\]]*)\])?/) {
            dependencies[String(match.1)] = Self.names(in: String(match.2 ?? ""))
        }
        for match in text.matches(of: /executableTarget\(\s*name: "([\w-]+)",\s*dependencies: \[([^\]]*)\]/) {
            dependencies[String(match.1)] = Self.names(in: String(match.2))
        }
        self.dependencies = dependencies
    }

    private static func names(in list: String) -> [String] {
        list.matches(of: /"([\w-]+)"/).map { String($0.1) }
    }
}
