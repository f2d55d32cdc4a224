internal import Core
package import YAML

extension MatrixFile {
    /// The maximum number of files in a chain of `extends`, including the first.
    package static let extensionLimit = 8
    fileprivate static let sizeHint = "split it with 'extends:'"

    /// Reads the matrix at `path` and the files that it extends.
    ///
    /// - Throws: `Failure` of the category `input` with all errors in the files, in textual order.
    package init(path: String) throws {
        try self.init(SourceText(path: path, of: "matrix", sizeHint: Self.sizeHint))
    }

    /// Reads a matrix from `text`; files that it extends are resolved relative to `text.file`.
    ///
    /// - Throws: `Failure`, as for a path.
    package init(_ text: SourceText) throws {
        var loading = MatrixLoading()
        let document = try loading.document(text, chain: [text.file])
        self = try loading.decoded(document)
        self.text = text
    }
}

/// Merges a matrix with the files that it extends.
private struct MatrixLoading {
    private var sources = SourceTexts()
    private var diagnostics: [Diagnostic] = []
    /// The files in the order in which they were read, for sorting diagnostics.
    private var files: [String] = []

    /// The keys whose mappings are merged entry by entry; for all others the extending file's value is used.
    private static let mergedKeys = ["sets", "pins", "limits"]

    mutating func document(_ text: SourceText, chain: [String]) throws -> Node? {
        sources.add(text)
        files.append(text.file)
        let (document, found) = YAMLReader.read(text, as: "a matrix", example: "deployment: NAME")
        diagnostics += found
        guard let document, let extended = document["extends"] else { return document }
        var base: Node?
        let paths: [Node] = if case .sequence(let nodes) = extended.content { nodes } else { [extended] }
        for node in paths {
            guard case .scalar(let path, _) = node.content, !path.isEmpty else {
                report("'extends' must be the path of a matrix, found \(node.kind)", at: node.location)
                continue
            }
            guard let read = try extendedDocument(path, at: node.location, chain: chain) else { continue }
            base = base.map { merged(read, over: $0) } ?? read
        }
        return base.map { merged(document, over: $0) } ?? document
    }

    private mutating func extendedDocument(_ path: String, at location: SourceLocation, chain: [String]) throws
        -> Node?
    {
        let file = path.isAbsolutePath ? path : location.file.pathPrefix + path
        guard !chain.contains(file) else {
            report("'extends' forms a cycle: \((chain + [file]).joined(separator: " → "))", at: location)
            return nil
        }
        guard chain.count < MatrixFile.extensionLimit else {
            report("more than \(MatrixFile.extensionLimit) matrices extend each other", at: location)
            return nil
        }
        do {
            let excerpt = sources.diagnostic(.error, "", at: location).excerpt
            let text = try SourceText(
                path: file, of: "matrix", namedAt: location, excerpt: excerpt, sizeHint: MatrixFile.sizeHint)
            return try document(text, chain: chain + [file])
        } catch let failure as Failure {
            diagnostics += failure.diagnostics
            return nil
        }
    }

    /// `upper` with the entries of `base` that it lacks.
    private func merged(_ upper: Node, over base: Node) -> Node {
        guard case .mapping(let entries) = upper.content, case .mapping(let inherited) = base.content else {
            return upper
        }
        var result = entries
        for entry in inherited where entry.key != "extends" {
            guard let position = result.firstIndex(where: { $0.key == entry.key }) else {
                result.append(entry)
                continue
            }
            if Self.mergedKeys.contains(entry.key) {
                result[position].value = mergedEntries(result[position].value, over: entry.value)
            }
        }
        var node = upper
        node.content = .mapping(result)
        return node
    }

    private func mergedEntries(_ upper: Node, over base: Node) -> Node {
        guard case .mapping(let entries) = upper.content, case .mapping(let inherited) = base.content else {
            return upper
        }
        var node = upper
        node.content = .mapping(
            entries + inherited.filter { entry in !entries.contains { $0.key == entry.key } })
        return node
    }

    private mutating func report(_ message: String, at location: SourceLocation) {
        diagnostics.append(sources.diagnostic(.error, message, at: location))
    }

    mutating func decoded(_ document: Node?) throws -> MatrixFile {
        let reader = NodeReader(sources: sources)
        let matrix = document.flatMap { MatrixDecoder(reader: reader).decode($0) }
        let found = ordered(diagnostics + reader.diagnostics)
        guard found.isEmpty, let matrix else {
            throw Failure(.input, found)
        }
        return matrix
    }

    /// Sorted by file, line and column, without duplicates.
    private func ordered(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        var seen: Set<Diagnostic> = []
        let order = Dictionary(files.enumerated().map { ($1, $0) }, uniquingKeysWith: min)
        let keyed = diagnostics.filter { seen.insert($0).inserted }.map { diagnostic in
            let location = diagnostic.location
            return (
                key: (location.flatMap { order[$0.file] } ?? files.count, location?.line ?? 0, location?.column ?? 0),
                diagnostic: diagnostic
            )
        }
        return keyed.sorted { $0.key < $1.key }.map(\.diagnostic)
    }
}
