internal import Core
internal import Glibc
internal import OpamSolver
internal import System

/// Universes on disk, in files named after the digest of their inputs.
///
/// A file begins with the format version, the key and the digest of the rest, so that damaged and unrelated files are
/// detected and ignored. Files are written to a temporary file and renamed: a reader sees a complete file or none.
struct UniverseCache {
    let directory: String
    /// Whether the directory must not be written, not even to record the last use of a universe.
    var isReadOnly = false

    /// The number of universes that are kept; the least recently used are removed.
    static let capacity = 12
    private static let suffix = ".universe"
    private static let form = "ciso universe 2, \(Universe.formVersion)"

    /// The universe for `key`; nil if there is no valid one.
    func universe(_ key: Digest) -> Universe? {
        let path = path(key)
        guard let universe = read(path, key: key) else { return nil }
        if !isReadOnly { utimensat(AT_FDCWD, path, nil, 0) }
        return universe
    }

    /// The most recently used universe, whatever its key.
    func latest() -> Universe? {
        files().first.flatMap { file in
            Digest(hex: String(file.dropLast(Self.suffix.count))).flatMap { read(path($0), key: $0) }
        }
    }

    /// Stores a universe. A failure is not an error: the next run is only slower.
    func store(_ universe: Universe, _ key: Digest) {
        guard !isReadOnly else { return }
        let payload = universe.encoded()
        let header = Array(header(key, payload).utf8)
        do {
            try Files.makeDirectories(directory)
            try Files.replace(path(key), with: header + payload, mode: 0o644, durability: .none)
        } catch {
            return
        }
        for file in files().dropFirst(Self.capacity) { unlink("\(directory)/\(file)") }
    }

    private func path(_ key: Digest) -> String { "\(directory)/\(key)\(Self.suffix)" }

    private func header(_ key: Digest, _ payload: some ContiguousBytesCollection) -> String {
        "\(Self.form)\n\(key)\n\(Digest(of: payload))\n"
    }

    private func read(_ path: String, key: Digest) -> Universe? {
        guard let file = MappedFile(path, isReadAtOnce: true) else { return nil }
        return withExtendedLifetime(file) {
            let length = header(key, [UInt8]()).utf8.count
            guard file.bytes.count > length else { return nil }
            let payload = UnsafeRawBufferPointer(rebasing: file.bytes[length...])
            guard file.bytes[..<length].elementsEqual(header(key, payload).utf8) else { return nil }
            return Universe(decoding: payload)
        }
    }

    /// The file names of the universes, most recently used first.
    private func files() -> [String] {
        var found: [(name: String, used: timespec)] = []
        for name in names(in: directory) where name.hasSuffix(Self.suffix) {
            var status = stat()
            if stat("\(directory)/\(name)", &status) == 0 { found.append((name, status.st_mtim)) }
        }
        return found.sorted {
            ($0.used.tv_sec, $0.used.tv_nsec, $0.name) > ($1.used.tv_sec, $1.used.tv_nsec, $1.name)
        }.map(\.name)
    }
}
