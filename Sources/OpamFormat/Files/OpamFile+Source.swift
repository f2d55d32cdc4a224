extension OpamFile {
    /// The file with `source` as its only `url` section and otherwise unchanged, like opam's file of a package pinned
    /// to a source.
    ///
    /// - Complexity: O(bytes).
    public func replacing(source: Source) -> [UInt8] {
        tree.bytes { item in
            if case .section(let section) = item { section.kind == "url" } else { false }
        } + Array(source.section.utf8)
    }
}

extension SyntaxTree {
    /// The file without the fields of some names and otherwise unchanged. Ends with a newline.
    ///
    /// - Complexity: O(bytes).
    public func bytes(withoutFields names: Set<String>) -> [UInt8] {
        bytes { item in
            if case .field(let field) = item { names.contains(field.name) } else { false }
        }
    }

    fileprivate func bytes(without isLeftOut: (Item) -> Bool) -> [UInt8] {
        var kept: [UInt8] = []
        var start = 0
        let positions = items.map { Int($0.position) } + [bytes.count]
        for (item, (position, next)) in zip(items, zip(positions, positions.dropFirst())) where isLeftOut(item) {
            kept += bytes[start..<position]
            start = next
        }
        kept += bytes[start...]
        if kept.last != .newline { kept.append(.newline) }
        return kept
    }
}

extension OpamFile {
    /// The file completed by the source in a separate file `url`, the format of repositories before opam 2. A file with
    /// a section `url` is returned unchanged, since the section takes precedence.
    ///
    /// - Throws: A syntax error in the file `url`, or an error if it contains no source.
    public func completed(urlFile bytes: [UInt8], named file: String) throws(FormatError) -> [UInt8] {
        guard url == nil else { return tree.bytes }
        let urlFile = try SyntaxTree(parsing: bytes, file: file)
        guard let source = urlFile.items.source() else {
            throw FormatError("the file contains no URL of a source", at: 0, of: bytes, file: file)
        }
        return replacing(source: source)
    }
}

extension Item {
    fileprivate var position: UInt32 {
        switch self {
        case .field(let field): field.node.position
        case .section(let section): section.node.position
        }
    }
}

extension Source {
    /// The text of the section in an opam file.
    fileprivate var section: String {
        var lines = ["url {", "  src: \(Printer.quoted(url))"]
        if !checksums.isEmpty {
            lines.append("  checksum: [\(checksums.map { Printer.quoted($0.description) }.joined(separator: " "))]")
        }
        if let subpath { lines.append("  subpath: \(Printer.quoted(subpath))") }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }
}
