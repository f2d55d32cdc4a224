internal import Foundation
package import OpamFormat

/// Where a source is, by its address in an opam file, read as opam does.
package enum SourceAddress: Hashable, Sendable {
    /// A repository of git, by an address for git itself, and a branch, tag or commit; nil for the default branch.
    case git(String, revision: String?)
    /// A file to be unpacked.
    case archive(String)
    /// A file or a folder of this machine.
    case local(String)
    /// One of a system that is not supported, such as `hg`.
    case unsupported(system: String)

    package init(_ address: String) {
        let (place, revision) = Self.split(address)
        let scheme = place.prefix { $0 != ":" }
        let (system, transport) = Self.parts(of: scheme)
        if system == "git" {
            let rest = place.dropFirst(scheme.count)
            self = .git(Self.plain(transport.map { String($0 + rest) } ?? String(place)), revision: revision)
        } else if ["hg", "darcs", "rsync"].contains(system) {
            self = .unsupported(system: String(system))
        } else if place.hasSuffix(".git") {
            self = .git(Self.plain(String(place)), revision: revision)
        } else if let path = Self.localPath(address) {
            self = .local(path)
        } else {
            self = .archive(address)
        }
    }

    /// `git+https` is git over https; `git` alone is git's own protocol.
    private static func parts(of scheme: Substring) -> (system: Substring, transport: Substring?) {
        guard let plus = scheme.firstIndex(of: "+") else { return (scheme, nil) }
        return (scheme[..<plus], scheme[scheme.index(after: plus)...])
    }

    /// libgit2 knows `file://` and paths, not opam's `file:`.
    private static func plain(_ place: String) -> String { localPath(place).map { "file://\($0)" } ?? place }

    private static func split(_ address: String) -> (place: Substring, revision: String?) {
        guard let hash = address.lastIndex(of: "#") else { return (address[...], nil) }
        let revision = address[address.index(after: hash)...]
        return (address[..<hash], revision.isEmpty ? nil : String(revision))
    }

    /// The path of a `file:` address, or of one without a scheme that begins with a slash.
    package static func localPath(_ address: some StringProtocol) -> String? {
        for prefix in ["file://", "file:", ""] where address.hasPrefix(prefix + "/") {
            return String(address.dropFirst(prefix.count))
        }
        return nil
    }

    /// The address of a folder or a file of this machine: a folder that is a repository of git is one. No letter of the
    /// path has a meaning in it.
    package static func address(ofPath path: String) -> String {
        let whole = URL(fileURLWithPath: path).standardizedFileURL.path
        // A link that leads nowhere counts as well: it is reported, and the folder is not taken for a plain one.
        if (try? FileManager.default.attributesOfItem(atPath: "\(whole)/.git")) != nil {
            return "git+file://\(encoded(whole))"
        }
        // The ending '.git' of an address means a repository.
        return "file://\(whole)" + (whole.hasSuffix(".git") && LocalSource(path: whole).isFolder ? "/" : "")
    }

    /// A path as git writes it in addresses, '#' not being the beginning of a revision.
    private static func encoded(_ path: String) -> String {
        path.replacingOccurrences(of: "%", with: "%25").replacingOccurrences(of: "#", with: "%23")
    }

    /// The path that git reads in an address.
    package static func decoded(_ path: String) -> String { path.removingPercentEncoding ?? path }

    /// Whether `text` is the whole id of a commit.
    package static func isCommit(_ text: String) -> Bool {
        text.utf8.count == 40 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Whether what is there may change tomorrow: a branch, a tag, a folder, a file without a checksum.
    package static func moves(_ source: Source) -> Bool {
        switch SourceAddress(source.url) {
        case .git(_, let revision): !(revision.map(isCommit) ?? false)
        case .archive, .local: source.checksums.isEmpty
        case .unsupported: false
        }
    }
}
