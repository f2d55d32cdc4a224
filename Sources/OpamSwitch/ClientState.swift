package import Archive
package import OpamFormat

/// What is over a switch so that opam's own client can carry out one package's recipe there: a repository with
/// nothing but that package, and opam files whose dependencies are exactly what is in the switch.
///
/// The solution is known already, and may hold packages that the client would want to complete (`post`), to rebuild or
/// to change. So that it has nothing to decide, each opam file is given its inputs as its only dependencies.
package struct ClientState: Sendable {
    /// A package with the packages that it was built over.
    package struct Member: Sendable {
        /// The package's name.
        package var name: String
        /// The package's version.
        package var version: String
        /// The bytes of its opam file.
        package var opam: [UInt8]
        /// `name` and `version` of each.
        package var inputs: [(name: String, version: String)]

        package init(name: String, version: String, opam: [UInt8], inputs: [(name: String, version: String)]) {
            self.name = name
            self.version = version
            self.opam = opam
            self.inputs = inputs
        }

        fileprivate var description: String { "\(name).\(version)" }
    }

    /// Where the switch is.
    package var layout: SwitchLayout
    /// As the client prints it: it decides the form of the opam root.
    package var clientVersion: String
    /// What is to be installed.
    package var package: Member
    /// What came with its opam file, by name.
    package var packageFiles: [FilePath: [UInt8]]
    /// What is in the switch.
    package var installed: [Member]
    /// Where a download cache with the package's sources is seen, absolute.
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

    /// Files to be written, by path relative to `/`.
    ///
    /// - Throws: `FormatError` if an opam file can't be read.
    package func files() throws(FormatError) -> [FilePath: [UInt8]] {
        let root = String(layout.root.drop { $0 == "/" })
        let metadata = String(layout.metadata.drop { $0 == "/" })
        let folder = "\(root)/repo/default/packages/\(package.name)/\(package.description)"
        var files: [FilePath: [UInt8]] = [
            FilePath("\(root)/config"): Array(rootConfiguration.utf8),
            FilePath("\(root)/repo/repos-config"): Array(
                "repositories: [\"default\" {\"file://\(layout.root)/repo/default\"}]\n".utf8),
            FilePath("\(root)/repo/default/repo"): Array("opam-version: \"2.0\"\n".utf8),
            FilePath("\(folder)/opam"): try Self.decided(package),
        ]
        for (name, bytes) in packageFiles { files[FilePath("\(folder)/files").appending(name)] = bytes }
        for member in installed {
            files[FilePath("\(metadata)/packages/\(member.description)/opam")] = try Self.decided(member)
        }
        return files
    }

    /// The root's format belongs to the client's version; one that is not its own it would have to convert first.
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

    /// What determines which packages may be installed with a package, and which part of its source counts: that is decided too.
    private static let choosing: Set<String> = [
        "depends", "depopts", "conflicts", "conflict-class", "available", "depexts", "pin-depends", "x-subpath",
    ]

    private static func decided(_ member: Member) throws(FormatError) -> [UInt8] {
        let tree = try SyntaxTree(parsing: member.opam, file: "\(member.description)/opam")
        let inputs = member.inputs.map { "\(Printer.quoted($0.name)) {= \(Printer.quoted($0.version))}" }
        return tree.bytes(withoutFields: choosing) + Array("depends: [\(inputs.joined(separator: " "))]\n".utf8)
    }
}
