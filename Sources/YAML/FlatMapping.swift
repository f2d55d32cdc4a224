package import Core

/// A YAML file that holds one mapping of names to scalars, such as `ciso.yaml`.
package struct FlatMapping: Sendable {
    /// A value and its location.
    package struct Entry: Sendable {
        package let text: String
        package let location: SourceLocation
    }

    /// The values by key.
    package private(set) var entries: [String: Entry] = [:]

    /// Reads the file at `path`. An empty file has no entries.
    ///
    /// - Parameters:
    ///   - keys: the keys that are allowed.
    ///   - further: returns further keys that are allowed; called at most once, for a key that is not among `keys`.
    /// - Throws: `Failure` of the category `input` with all errors: invalid YAML, unknown keys, values that are not
    ///   scalars.
    package init(path: String, keys: [String], or further: @escaping () -> [String] = { [] }) throws {
        try self.init(SourceText(path: path, of: "settings file"), keys: keys, or: further)
    }

    /// Reads a mapping from `text`.
    ///
    /// - Throws: As `init(path:keys:or:)`.
    package init(_ text: SourceText, keys: [String], or further: @escaping () -> [String] = { [] }) throws {
        var known = keys
        var isComplete = false
        func knows(_ key: String) -> Bool {
            if !known.contains(key), !isComplete {
                isComplete = true
                known = Set(known + further()).sorted()
            }
            return known.contains(key)
        }
        guard !text.isBlank else { return }
        var texts = SourceTexts()
        texts.add(text)
        let (document, found) = YAMLReader.read(text, as: "a settings file", example: "KEY: VALUE")
        var diagnostics = found
        if let document {
            switch document.content {
            case .mapping(let mapping):
                for entry in mapping {
                    let isKnown = knows(entry.key)
                    take(entry, among: isKnown ? nil : known, texts: texts, &diagnostics)
                }
            case .scalar(let scalar, isPlain: true) where Node.isNull(scalar):
                break
            case .scalar, .sequence:
                diagnostics.append(
                    texts.diagnostic(
                        .error, "expected a mapping of settings, found \(document.kind)", at: document.location))
            }
        }
        if !diagnostics.isEmpty { throw Failure(.input, diagnostics) }
    }

    /// - Parameter others: the known keys, if the entry's key is unknown.
    private mutating func take(
        _ entry: Node.Entry, among others: [String]?, texts: SourceTexts, _ diagnostics: inout [Diagnostic]
    ) {
        if let others {
            let hint = nearest(to: entry.key, in: others).map { "did you mean '\($0)'?" }
            diagnostics.append(
                texts.diagnostic(
                    .error, "unknown setting '\(entry.key)'", at: entry.keyLocation,
                    hint: hint ?? "the settings are \(others.sorted().joined(separator: ", "))"))
            return
        }
        guard case .scalar(let text, _) = entry.value.content else {
            diagnostics.append(
                texts.diagnostic(
                    .error, "'\(entry.key)' must be a text, found \(entry.value.kind)", at: entry.value.location))
            return
        }
        entries[entry.key] = Entry(text: text, location: entry.value.location)
    }
}

extension SourceText {
    /// Whether the text contains only comments and white space.
    fileprivate var isBlank: Bool {
        String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).allSatisfy { line in
            line.first { !$0.isWhitespace }.map { $0 == "#" } ?? true
        }
    }
}
