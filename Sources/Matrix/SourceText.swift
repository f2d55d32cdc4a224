package import Core
internal import Foundation

/// The text of a YAML file as the user named it, for excerpts.
package struct SourceText: Sendable {
    /// As shown in messages.
    package let file: String
    package let bytes: [UInt8]
    private let lines: [Substring]

    /// More bytes than any matrix needs.
    package static let sizeLimit = 1 << 20

    package init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
        let text = String(decoding: bytes, as: UTF8.self)
        lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
    }

    /// Reads the file at `path`.
    ///
    /// - Parameter kind: what it is, for messages.
    /// - Throws: `Failure` where there is no such file, it cannot be read, or it has more than `sizeLimit` bytes.
    package init(
        path: String, of kind: String = "matrix", namedAt location: SourceLocation? = nil, excerpt: String? = nil
    ) throws {
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
            throw refused("cannot be read: \(error.localizedDescription)")
        }
        guard data.count <= Self.sizeLimit else {
            throw refused("has more than \(Self.sizeLimit) bytes", hint: "split it with 'extends:'")
        }
        self.init(file: path, bytes: [UInt8](data))
    }

    /// The line of that number, counted from 1.
    package func line(_ number: Int) -> String? {
        lines.indices.contains(number - 1) ? String(lines[number - 1]) : nil
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
