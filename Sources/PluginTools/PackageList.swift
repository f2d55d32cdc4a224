internal import Archive
internal import Core
internal import Foundation

/// The names of a distribution's packages, read from one of the lists that distributions publish.
package struct PackageList {
    /// The supported formats, recognised by the first lines.
    package enum Format: String {
        /// One name per line, as printed by `apk search -q`, `brew formulae` or `pkg rquery %n`.
        case names
        /// Debian's `Packages`, as printed by `apt-cache dumpavail`, including the names that packages provide.
        case debian
        /// Alpine's `APKINDEX`.
        case alpine
        /// OpenBSD's `index.txt`: a listing of files `NAME-VERSION.tgz`.
        case openbsd
        /// FreeBSD's `packagesite.yaml`: one JSON object per line.
        case freebsd
    }

    private static let sizeLimit = 1 << 30

    /// The format of the list.
    package let format: Format
    private(set) var names: Set<String> = []

    /// Reads the file `path`, compressed or not, or standard input for `-`.
    ///
    /// - Throws: `Failure` if it cannot be read, is not text, or contains no names.
    package init(reading path: String) throws {
        let source = path == "-" ? "standard input" : path
        let bytes = try path == "-" ? Self.standardInput() : Self.contents(of: path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(
                .input, "\(source): expected a list of package names, found bytes that are not UTF-8",
                hint: "unpack archives first, and give the list in them")
        }
        try self.init(text, from: source)
    }

    package init(_ text: String, from source: String) throws {
        let lines = text.split(whereSeparator: \.isNewline)
        format = Self.format(of: lines)
        switch format {
        case .names: for line in lines { addPlain(line) }
        case .debian: for line in lines { addDebian(line) }
        case .alpine: for line in lines { addAlpine(line) }
        case .openbsd: for line in lines { addOpenBSD(line) }
        case .freebsd: for line in lines { addFreeBSD(line) }
        }
        if let line = lines.firstIndex(where: { $0.utf8.count > 1 << 20 }) {
            throw Failure(.input, "\(source):\(line + 1): expected a line of a package list, found one of over 1 MiB")
        }
        guard !names.isEmpty else {
            throw Failure(
                .input, "\(source): expected a list of package names, found none",
                hint: "one name a line, or Debian's Packages, Alpine's APKINDEX, OpenBSD's index.txt, FreeBSD's "
                    + "packagesite.yaml")
        }
    }

    /// Whether the distribution has a package with a plugin's name.
    package func contains(_ name: String) -> Bool {
        if names.contains(name) { return true }
        // OpenBSD's package tools accept a branch or a flavour after the stem: `python%3`, `gtar--`.
        guard format == .openbsd || format == .names, let end = name.firstRange(of: /%|--/)?.lowerBound else {
            return false
        }
        return names.contains(String(name[..<end]))
    }

    private static func format(of lines: [Substring]) -> Format {
        let head = lines.prefix(50)
        if head.contains(where: { $0.hasPrefix("Package: ") }) { return .debian }
        if head.contains(where: { $0.hasPrefix("P:") }) { return .alpine }
        if head.first?.hasPrefix("{\"") == true { return .freebsd }
        if head.contains(where: { $0.hasSuffix(".tgz") }) { return .openbsd }
        return .names
    }

    private mutating func addPlain(_ line: Substring) {
        let text = line.prefix { $0 != "#" }
        if let word = text.split(whereSeparator: \.isWhitespace).first { names.insert(String(word)) }
    }

    private mutating func addDebian(_ line: Substring) {
        if line.hasPrefix("Package: ") { names.insert(line.dropFirst(9).trimmingCharacters(in: .whitespaces)) }
        guard line.hasPrefix("Provides: ") else { return }
        for provided in line.dropFirst(10).split(separator: ",") {
            if let word = provided.split(whereSeparator: { $0 == " " || $0 == "(" }).first {
                names.insert(String(word))
            }
        }
    }

    private mutating func addAlpine(_ line: Substring) {
        if line.hasPrefix("P:") { names.insert(String(line.dropFirst(2))) }
        guard line.hasPrefix("p:") else { return }
        for provided in line.dropFirst(2).split(separator: " ") where !provided.contains(":") {
            names.insert(String(provided.prefix { $0 != "=" && $0 != "<" && $0 != ">" }))
        }
    }

    private mutating func addOpenBSD(_ line: Substring) {
        guard let file = line.split(separator: " ").last, file.hasSuffix(".tgz") else { return }
        if let stem = file.firstMatch(of: /^(.+?)-[0-9]/) { names.insert(String(stem.output.1)) }
    }

    private mutating func addFreeBSD(_ line: Substring) {
        for key in ["name", "origin"] {
            guard let start = line.firstRange(of: "\"\(key)\":\"")?.upperBound else { continue }
            names.insert(String(line[start...].prefix { $0 != "\"" }))
        }
    }

    private static func standardInput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let more = try FileHandle.standardInput.read(upToCount: 1 << 20), !more.isEmpty {
            bytes += more
            guard bytes.count <= sizeLimit else {
                throw Failure(.input, "standard input: a list of packages may have \(sizeLimit) bytes, found more")
            }
        }
        return bytes
    }

    private static func contents(of path: String) throws -> [UInt8] {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw Failure(.input, "\(path): the list of packages cannot be read")
        }
        let start = try file.read(upToCount: 6).map { [UInt8]($0) } ?? []
        let magics: [[UInt8]] = [
            [0x1F, 0x8B], [0xFD, 0x37, 0x7A], [0x28, 0xB5, 0x2F, 0xFD], [0x42, 0x5A, 0x68],
            [0x04, 0x22, 0x4D, 0x18],
        ]
        guard magics.contains(where: start.starts) else { return [UInt8](try Data(contentsOf: URL(filePath: path))) }
        let scratch = try ScratchFile()
        do {
            try expand(path, to: scratch.handle.fileDescriptor, limit: sizeLimit)
        } catch {
            throw Failure(.input, "\(path): \(error)")
        }
        try scratch.handle.seek(toOffset: 0)
        return try scratch.handle.readToEnd().map { [UInt8]($0) } ?? []
    }
}

/// An unnamed temporary file for the contents of a compressed list.
private struct ScratchFile {
    let handle: FileHandle

    init() throws {
        guard let file = tmpfile() else { throw Failure(.unavailable, "a temporary file cannot be created") }
        handle = FileHandle(fileDescriptor: dup(fileno(file)), closeOnDealloc: true)
        fclose(file)
    }
}
