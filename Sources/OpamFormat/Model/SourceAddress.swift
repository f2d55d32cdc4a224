/// The address of a source in an opam file, parsed as opam does.
package enum SourceAddress: Hashable, Sendable {
    /// A git repository, by its URL for git, with a branch, tag or commit; nil for the default branch.
    case git(String, revision: String?)
    /// An archive to unpack.
    case archive(String)
    /// A file or a directory on this machine.
    case local(String)
    /// A source in an unsupported version control system, such as `hg`.
    case unsupported(system: String)

    package init(_ address: String) {
        let (base, revision) = Self.split(address)
        let scheme = base.prefix { $0 != ":" }
        let (system, transport) = Self.parts(of: scheme)
        if system == "git" {
            let rest = base.dropFirst(scheme.count)
            self = .git(Self.plain(transport.map { String($0 + rest) } ?? base), revision: revision)
        } else if ["hg", "darcs", "rsync"].contains(system) {
            self = .unsupported(system: String(system))
        } else if base.hasSuffix(".git") {
            self = .git(Self.plain(base), revision: revision)
        } else if let path = Self.localPath(address) {
            self = .local(path)
        } else {
            self = .archive(address)
        }
    }

    /// `git+https` is git over https; plain `git` is git's own protocol.
    private static func parts(of scheme: Substring) -> (system: Substring, transport: Substring?) {
        guard let plus = scheme.firstIndex(of: "+") else { return (scheme, nil) }
        return (scheme[..<plus], scheme[scheme.index(after: plus)...])
    }

    /// libgit2 supports `file://` and paths, but not opam's `file:`.
    private static func plain(_ address: String) -> String { localPath(address).map { "file://\($0)" } ?? address }

    /// Splits an address at its last `#`.
    ///
    /// - Returns: The address of the source, and the revision of it; nil if there is none or it is empty.
    package static func split(_ address: String) -> (address: String, revision: String?) {
        let letters = address.unicodeScalars
        guard let hash = letters.lastIndex(of: "#") else { return (address, nil) }
        let revision = letters[letters.index(after: hash)...]
        return (String(letters[..<hash]), revision.isEmpty ? nil : String(revision))
    }

    /// The name of the file that a URL leads to, without a query and a revision; `source` if there is none.
    package static func fileName(_ url: String) -> String {
        let path = url.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        let name = path.split(separator: UInt8(ascii: "/")).last
        return name.map { String(decoding: $0, as: UTF8.self) } ?? "source"
    }

    /// The path of a `file:` address, or of an address without a scheme that begins with a slash.
    package static func localPath(_ address: some StringProtocol) -> String? {
        for scheme in ["file://", "file:", ""] where address.utf8.starts(with: scheme.utf8) {
            let path = address.utf8.dropFirst(scheme.utf8.count)
            if path.first == UInt8(ascii: "/") { return String(decoding: path, as: UTF8.self) }
        }
        return nil
    }

    /// Whether `text` is a full commit id.
    package static func isCommit(_ text: String) -> Bool {
        text.utf8.count == 40 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Whether the contents of the source may change: a branch, a tag, a directory, a file without a checksum.
    package static func moves(_ source: Source) -> Bool {
        switch SourceAddress(source.url) {
        case .git(_, let revision): !(revision.map(isCommit) ?? false)
        case .archive, .local: source.checksums.isEmpty
        case .unsupported: false
        }
    }
}
