internal import Archive
internal import Core
internal import Foundation
internal import Synchronization
internal import System

/// The properties of an image that planning needs, read from its files.
package struct ImageFacts: Codable, Hashable, Sendable {
    /// Opam's `os-distribution`.
    package var distribution: String
    /// Opam's `os-family`.
    package var family: String
    /// Opam's `os-version`.
    package var version: String
    /// The package manager: `apt-get` …; nil if none is known.
    package var packageManager: String?
    /// The user of builds: the image's configured user, or the one with id 1000; nil if one must be created.
    package var user: User?
    /// The directories in which programs are searched.
    package var path: String
    /// The image's own `ocamlc`: its directory and version.
    package var compiler: Compiler?
    /// The version of the image's own opam, if it comes from a package of the distribution.
    package var client: String?
    /// Whether the image has `/bin/sh`.
    package var hasShell: Bool

    /// A user of the image.
    package struct User: Codable, Hashable, Sendable {
        /// The name in `/etc/passwd`.
        package var name: String
        /// The user's numeric id.
        package var uid: Int
        /// The group's numeric id.
        package var gid: Int
        /// The absolute path of the home directory.
        package var home: String
    }

    /// An OCaml compiler in the image.
    package struct Compiler: Codable, Hashable, Sendable {
        /// The directory of `ocamlc`.
        package var directory: String
        /// The output of `ocamlc -vnum`.
        package var version: String
    }

    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

extension ImageFacts {
    /// Whether the contents of a file are needed to determine the facts.
    static func needs(_ path: String) -> Bool {
        // `/etc/os-release` may be a link to a file with another name, such as `os-release-fedora`.
        isRelease(path)
            || ["etc/passwd", "var/lib/dpkg/status", "lib/apk/db/installed", "usr/lib/apk/db/installed"]
                .contains(path)
            || path.hasSuffix("/ocaml/VERSION") || path.hasSuffix("/ocaml/caml/version.h")
            || path.hasSuffix("/.opam/config")
    }

    private static func isRelease(_ path: String) -> Bool {
        let name = path.lastPathName
        return name.hasPrefix("os-release") || name.hasSuffix("os-release")
    }

    init(of tree: ImageTree, _ configuration: ImageConfiguration) {
        let release = Self.release(tree.text("/etc/os-release") ?? tree.text("/usr/lib/os-release") ?? "")
        let identity = release["ID"]?.lowercased() ?? "linux"
        let like = (release["ID_LIKE"]?.lowercased() ?? "").split(separator: " ").map(String.init)
        distribution = identity
        family = like.first ?? identity
        version = release["VERSION_ID"]?.lowercased() ?? "rolling"
        path = configuration.variables["PATH"] ?? Self.defaultPath
        user = Self.user(tree.text("/etc/passwd") ?? "", configuration)
        let directories = path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
        let all = directories + Self.defaultPath.split(separator: ":").map(String.init)
        packageManager = Self.packageManager([identity] + like) { program in
            all.contains { tree.contains("\($0)/\(program)") }
        }
        compiler = Self.compiler(tree, directories, home: user?.home)
        client = Self.client(tree)
        hasShell = tree.contains("/bin/sh")
    }

    /// Parses an `os-release` file.
    static func release(_ text: String) -> [String: String] {
        var found: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, !line.hasPrefix("#") else { continue }
            let value = parts[1].trimmingCharacters(in: .whitespaces)
            let quoted = value.count >= 2 && ["\"", "'"].contains(value.prefix(1)) && value.hasSuffix(value.prefix(1))
            found[String(parts[0])] = quoted ? String(value.dropFirst().dropLast()) : value
        }
        return found.filter { !$0.value.isEmpty }
    }

    /// The configured user unless it is root, otherwise the one with id 1000. A configured number need not be in
    /// `/etc/passwd`.
    private static func user(_ passwd: String, _ configuration: ImageConfiguration) -> User? {
        let users = passwd.split(whereSeparator: \.isNewline).compactMap { line -> User? in
            let parts = line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count >= 6, let uid = Int(parts[2]), let gid = Int(parts[3]) else { return nil }
            return User(name: parts[0], uid: uid, gid: gid, home: parts[5])
        }
        let name = configuration.user.prefix { $0 != ":" }
        let own = users.first { $0.name == name || String($0.uid) == name }
        if own == nil, let (uid, gid) = configuration.userIDs {
            let name = users.contains { $0.name == "opam" } ? "user\(uid)" : "opam"
            return User(name: name, uid: uid, gid: gid, home: "/home/\(name)")
        }
        let found = own.flatMap { $0.uid == 0 ? nil : $0 } ?? users.first { $0.uid == 1000 }
        return found.flatMap { $0.home.hasPrefix("/") && $0.home != "/" && $0.uid <= 65535 ? $0 : nil }
    }

    /// The package managers and their distributions, in the order in which they are tried for unknown distributions.
    private static let managers: [(program: String, distributions: Set<String>)] = [
        ("apt-get", ["debian", "ubuntu"]), ("dnf", ["fedora", "rhel", "centos", "oraclelinux"]),
        ("zypper", ["suse", "opensuse", "sles"]), ("pacman", ["arch"]), ("apk", ["alpine"]),
        ("xbps-install", ["void"]),
    ]

    private static func packageManager(_ names: [String], exists: (String) -> Bool) -> String? {
        let own = managers.first { manager in names.contains { manager.distributions.contains($0) } }
        return ([own].compactMap { $0 } + managers).first { exists($0.program) }?.program
    }

    /// The compiler in `PATH`, otherwise that of the user's opam switch.
    private static func compiler(_ tree: ImageTree, _ directories: [String], home: String?) -> Compiler? {
        for directory in directories where tree.contains("\(directory)/ocamlc") {
            if let version = version(tree, beside: directory) {
                return Compiler(directory: directory, version: version)
            }
        }
        guard let home, tree.contains("\(home)/.opam") else { return nil }
        let switches = tree.names(in: "\(home)/.opam").filter { tree.contains("\(home)/.opam/\($0)/bin/ocamlc") }
        let chosen = tree.text("\(home)/.opam/config")?.firstMatch(of: /(?m)^switch: "([^"]+)"/)?.output.1
        guard let name = switches.first(where: { $0 == chosen ?? "" }) ?? (switches.count == 1 ? switches[0] : nil)
        else {
            return nil
        }
        let directory = "\(home)/.opam/\(name)/bin"
        return version(tree, beside: directory).map { Compiler(directory: directory, version: $0) }
    }

    private static func version(_ tree: ImageTree, beside directory: String) -> String? {
        let prefix = directory.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        for library in ["lib/ocaml", "lib64/ocaml", "local/lib/ocaml"] {
            if let text = tree.text("\(prefix)/\(library)/VERSION"),
                let version = text.split(whereSeparator: \.isNewline).first
            {
                return String(version)
            }
            // Debian's packages have no file VERSION.
            if let header = tree.text("\(prefix)/\(library)/caml/version.h"),
                let match = header.firstMatch(of: /#define OCAML_VERSION_STRING "([^"]+)"/)
            {
                return String(match.output.1)
            }
        }
        return nil
    }

    /// The version of the package `opam` in the database of dpkg or apk.
    private static func client(_ tree: ImageTree) -> String? {
        let debian = tree.text("/var/lib/dpkg/status")?
            .firstMatch(of: /(?m)^Package: opam\n(?:[^\n]+\n)*?Version: ([^\n]+)/)?.output.1
        let alpine = (tree.text("/lib/apk/db/installed") ?? tree.text("/usr/lib/apk/db/installed"))?
            .firstMatch(of: /(?m)^P:opam\nV:([^\n]+)/)?.output.1
        guard let version = debian ?? alpine else { return nil }
        return String(version.prefix { $0 != "-" && $0 != "+" })
    }
}

extension ImageTree {
    /// - Throws: `Failure` if the layer cannot be read.
    fileprivate mutating func add(_ layer: ImageLayer) throws {
        do throws(ArchiveError) {
            try add(layer: layer.archive, isWanted: ImageFacts.needs)
        } catch {
            throw error.renamed(layer.name).failure
        }
    }
}

extension ImageStore {
    /// Earlier versions, which read fewer files, stored facts in `facts` and `facts/2`.
    private static let factsDirectory = "facts/3"

    /// The facts of an image. Downloads its layers, unless the facts are stored.
    package func facts(of image: ResolvedImage) async throws -> ImageFacts {
        for directory in [directory] + readOnlyDirectories {
            let path = "\(directory)/\(Self.factsDirectory)/\(image.digest).json"
            guard let bytes = try Files.contents(of: path, limit: 1 << 20) else { continue }
            if let facts = try? JSONDecoder().decode(ImageFacts.self, from: Data(bytes)) { return facts }
        }
        let tree = Mutex(ImageTree())
        // A layer is read while those above it are downloaded.
        try await forEachLayer(of: image) { layer in
            try await BlockingWork.runUntilCancelled { try tree.withLock { try $0.add(layer) } }
        }
        let facts = tree.withLock { ImageFacts(of: $0, image.configuration) }
        try Files.makeDirectories("\(directory)/\(Self.factsDirectory)")
        let bytes = [UInt8](try CanonicalJSON.encode(facts))
        let path = "\(directory)/\(Self.factsDirectory)/\(image.digest).json"
        try Files.replace(path, with: bytes, mode: 0o644, durability: .none)
        return facts
    }
}
