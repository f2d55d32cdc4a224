import Core
import Foundation
import OpamFormat

/// The files below a directory for a comparison: kinds, modes and contents, without times and owners.
struct InstalledTree {
    enum Entry: Hashable, CustomStringConvertible {
        case file(mode: UInt32, digest: Digest)
        case directory(mode: UInt32)
        case link(target: String)

        var description: String {
            switch self {
            case .file(let mode, let digest): "file \(String(mode, radix: 8)) \(digest.hex.prefix(8))"
            case .directory(let mode): "directory \(String(mode, radix: 8))"
            case .link(let target): "link to \(target)"
            }
        }
    }

    private(set) var entries: [String: Entry] = [:]

    /// Reads `path` below each of `layers`, the last one winning.
    init(_ path: String, in layers: [String], leavingOut isLeftOut: (String) -> Bool) throws {
        for layer in layers {
            let root = layer + path
            guard let names = FileManager.default.enumerator(atPath: root) else { continue }
            for case let name as String in names where !isLeftOut(name) {
                let isRecord = name.hasPrefix(".opam-switch/") && !name.contains("/files/")
                entries[name] = try isRecord ? Self.record("\(root)/\(name)") : Self.entry("\(root)/\(name)")
                // A file that depends on what the compiler had read of the library's other modules, which dune compiles
                // concurrently.
                if name.hasSuffix(".cmti"), case .file(let mode, _) = entries[name] {
                    entries[name] = .file(mode: mode, digest: Digest(of: ""))
                }
            }
        }
    }

    private static func entry(_ path: String) throws -> Entry? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        let mode = status.st_mode & 0o7777
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .directory(mode: mode)
        case S_IFLNK: return .link(target: try FileManager.default.destinationOfSymbolicLink(atPath: path))
        case S_IFREG:
            return .file(mode: mode, digest: Digest(of: Array(try Data(contentsOf: URL(fileURLWithPath: path)))))
        default: return nil
        }
    }

    /// A file of opam: its values, independent of its layout. Opam writes it in its own layout, with the kind of every
    /// checksum; the sizes of these files are therefore not compared, and times are never compared.
    private static func record(_ path: String) throws -> Entry? {
        guard case .file(let mode, _) = try entry(path) else { return try entry(path) }
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        let tree = try SyntaxTree(parsing: bytes, file: path)
        let items = try tree.items.compactMap { item -> String? in
            switch item {
            case .field(let field) where field.name == "opam-version": nil
            case .field(let field) where field.name == "extra-files":
                // Opam names them in the order of the directory.
                try OpamFile(parsing: bytes, file: path).extraFiles?.map { "\($0.name) \($0.checksum)" }.sorted()
                    .joined()
            case .field(let field): "\(field.name): \(Printer.text(of: field.value))"
            case .section(let section): text(of: section)
            }
        }
        let said = items.sorted().joined(separator: "\n").replacing(/(F:S[0-9]+)T[0-9.]+/) { $0.output.1 }
            .replacing(/(\.(config|cmti)" {"F:)S[0-9]+/) { $0.output.1 }.replacing("md5=", with: "")
        return .file(mode: mode, digest: Digest(of: said.filter { $0.isLetter || $0.isNumber }))
    }

    private static func text(of section: Section) -> String {
        let fields = section.items.compactMap { item -> String? in
            if case .field(let field) = item { "\(field.name): \(Printer.text(of: field.value))" } else { nil }
        }
        return "\(section.kind) \(section.title ?? "") \(fields.sorted())"
    }

    /// One line for each path that is not the same in both, sorted.
    func differences(from other: InstalledTree) -> [String] {
        Set(entries.keys).union(other.entries.keys).sorted().compactMap { path in
            let (mine, theirs) = (entries[path], other.entries[path])
            guard mine != theirs else { return nil }
            return "\(path): \(mine.map { "\($0)" } ?? "nothing"), \(theirs.map { "\($0)" } ?? "nothing")"
        }
    }
}
