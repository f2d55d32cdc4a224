package import Core
internal import Foundation

/// The text of a YAML file as the user named it, for excerpts.
package struct SourceText: Sendable {
    /// As shown in messages.
    package let file: String
    /// In UTF-8, without a byte order mark.
    package let bytes: [UInt8]
    private let lines: [Substring]

    /// More bytes than any matrix needs.
    package static let sizeLimit = 1 << 20

    /// Where the text is not what its encoding allows; nil where all of it is.
    package let invalid: SourceLocation?

    /// A text in UTF-8, or in UTF-16 where it begins with a byte order mark, as YAML has it.
    package init(file: String, bytes: [UInt8]) {
        self.file = file
        let decoded = DecodedText(bytes)
        self.bytes = decoded.bytes
        lines = decoded.lines
        invalid = decoded.invalid.map { SourceLocation(file: file, line: $0.line, column: $0.column) }
    }

    /// Reads the file at `path`.
    ///
    /// - Parameter kind: what it is, for messages.
    /// - Throws: `Failure` where there is no such file, it cannot be read, or it has more than `sizeLimit` bytes.
    package init(
        path: String, of kind: String = "matrix", namedAt location: SourceLocation? = nil, excerpt: String? = nil
    ) throws {
        self.init(
            file: path, bytes: try Self.contents(ofPath: path, kind: kind, namedAt: location, excerpt: excerpt))
    }

    /// The bytes of the file at `path`.
    ///
    /// - Throws: As for a text.
    package static func contents(
        ofPath path: String, kind: String, namedAt location: SourceLocation? = nil, excerpt: String? = nil
    ) throws -> [UInt8] {
        func refused(_ why: String, hint: String? = nil) -> Failure {
            Failure(.input, "\(kind) '\(path)' \(why)", at: location, excerpt: excerpt, hint: hint)
        }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw refused("does not exist")
        }
        guard !isDirectory.boolValue else { throw refused("is a directory", hint: "name the file in it") }
        guard let handle = FileHandle(forReadingAtPath: path) else { throw refused("cannot be opened") }
        defer { try? handle.close() }
        let data: Data
        do {
            data = try handle.read(upToCount: Self.sizeLimit + 1) ?? Data()
        } catch {
            throw refused("cannot be read: \(systemReason(of: error) ?? "\(error)")")
        }
        guard data.count <= Self.sizeLimit else {
            throw refused("has more than \(Self.sizeLimit) bytes", hint: "split it with 'extends:'")
        }
        return [UInt8](data)
    }

    /// The line of that number, counted from 1.
    package func line(_ number: Int) -> String? {
        lines.indices.contains(number - 1) ? String(lines[number - 1]) : nil
    }

    /// The place of a byte of `bytes`.
    func location(ofByte offset: Int) -> SourceLocation {
        let before = DecodedText(Array(bytes.prefix(offset))).lines
        return SourceLocation(
            file: file, line: before.count, column: (before.last?.unicodeScalars.count ?? 0) + 1)
    }

    /// Where tabs indent, which YAML forbids.
    func indentingTabs() -> [SourceLocation] {
        lines.enumerated().compactMap { index, line in
            let indentation = line.prefix { $0 == " " || $0 == "\t" }
            guard let tab = indentation.firstIndex(of: "\t"), indentation.endIndex < line.endIndex else { return nil }
            let column = line.distance(from: line.startIndex, to: tab) + 1
            return SourceLocation(file: file, line: index + 1, column: column)
        }
    }
}

/// The texts of a matrix and of those it extends, by file.
package struct SourceTexts: Sendable {
    private var texts: [String: SourceText] = [:]

    package init() {}

    package mutating func add(_ text: SourceText) {
        texts[text.file] = text
    }

    /// Of the bytes of each file.
    package var digests: [String: Digest] { texts.mapValues { Digest(of: $0.bytes) } }

    /// A diagnostic that shows the line at `location`.
    package func diagnostic(
        _ severity: Diagnostic.Severity = .error, _ message: String, at location: SourceLocation?,
        hint: String? = nil
    ) -> Diagnostic {
        let excerpt = location.flatMap { place in texts[place.file]?.line(place.line) }
        return Diagnostic(severity, message, at: location, excerpt: excerpt, hint: hint)
    }
}
