package import Archive
package import OpamFormat

/// The files that let opam's own client carry out one package's recipe in a switch: a repository with only that
/// package, and opam files whose dependencies are exactly the packages in the switch.
///
/// The solution is already known, and may contain packages that the client would extend (`post`), rebuild or change. So
/// that the client has nothing to decide, each opam file lists its inputs as its only dependencies.
package struct ClientState: Sendable {
    /// A package with the packages that it was built over.
    package struct Member: Sendable {
        /// The package's name.
        package var name: String
        /// The package's version.
        package var version: String
        /// The bytes of its opam file.
        package var opam: [UInt8]
        /// The name and version of each input.
        package var inputs: [(name: String, version: String)]

        package init(name: String, version: String, opam: [UInt8], inputs: [(name: String, version: String)]) {
            self.name = name
            self.version = version
            self.opam = opam
            self.inputs = inputs
        }

        fileprivate var description: String { "\(name).\(version)" }
    }

    /// The layout of the switch.
    package var layout: SwitchLayout
    /// The version as printed by the client; it determines the format of the opam root.
    package var clientVersion: String
    /// The package to install.
    package var package: Member
    /// The files of its opam file's `files/`, by name.
    package var packageFiles: [FilePath: [UInt8]]
    /// The packages in the switch.
    package var installed: [Member]
    /// The absolute path of a download cache that contains the package's sources.
    package var downloadCache: String

    package init(
        layout: SwitchLayout, clientVersion: String, package: Member, packageFiles: [FilePath: [UInt8]],
        installed: [Member], downloadCache: String
    ) {
        self.layout = layout
        self.clientVersion = clientVersion
        self.package = package
        self.packageFiles = packageFiles
        self.installed = installed
        self.downloadCache = downloadCache
    }

    /// The files to write, by path relative to `/`.
    ///
    /// - Throws: `FormatError` if an opam file cannot be parsed.
    package func files() throws(FormatError) -> [FilePath: [UInt8]] {
        let root = String(layout.root.drop { $0 == "/" })
        let metadata = String(layout.metadata.drop { $0 == "/" })
        let directory = "\(root)/repo/default/packages/\(package.name)/\(package.description)"
        var files: [FilePath: [UInt8]] = [
            FilePath("\(root)/config"): Array(rootConfiguration.utf8),
            FilePath("\(root)/repo/repos-config"): Array(
                "repositories: [\"default\" {\"file://\(layout.root)/repo/default\"}]\n".utf8),
            FilePath("\(root)/repo/default/repo"): Array("opam-version: \"2.0\"\n".utf8),
            FilePath("\(directory)/opam"): try Self.decided(package),
        ]
        for (name, bytes) in packageFiles { files[FilePath("\(directory)/files").appending(name)] = bytes }
        for member in installed {
            files[FilePath("\(metadata)/packages/\(member.description)/opam")] = try Self.decided(member)
        }
        return files
    }

    /// The configuration in the root format of the client's version; the client would first convert any other.
    private var rootConfiguration: String {
        let version = Version(unchecked: clientVersion)
        let rootVersion =
            version < Version(unchecked: "2.1") ? nil : version < Version(unchecked: "2.2") ? "2.1" : "2.2"
        return """
            opam-version: "2.0"
            \(rootVersion.map { "opam-root-version: \"\($0)\"\n" } ?? "")repositories: ["default"]
            installed-switches: ["\(layout.name)"]
            switch: "\(layout.name)"
            archive-mirrors: ["file://\(downloadCache)"]

            """
    }

    /// The fields whose decisions have been made: those that determine which packages can be installed with the
    /// package, and the subpath of its source.
    private static let choosing: Set<String> = [
        "depends", "depopts", "conflicts", "conflict-class", "available", "depexts", "pin-depends", "x-subpath",
    ]

    private static func decided(_ member: Member) throws(FormatError) -> [UInt8] {
        let tree = try SyntaxTree(parsing: member.opam, file: "\(member.description)/opam")
        let inputs = member.inputs.map { "\(Printer.quoted($0.name)) {= \(Printer.quoted($0.version))}" }
        return tree.bytes(withoutFields: choosing) + Array("depends: [\(inputs.joined(separator: " "))]\n".utf8)
    }
}
