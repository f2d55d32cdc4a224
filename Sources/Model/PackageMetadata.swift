internal import Core

/// Metadata in the opam file of a planned package: its maintainers, and where to report failures.
///
/// - SeeAlso: `docs/decisions/0209-package-metadata.md`
public struct PackageMetadata: Codable, Hashable, Sendable {
    /// The package version that is planned.
    public var package: PackageVersion
    /// `maintainer:`. Absent if there is none.
    public var maintainers: [String]?
    /// `tags:`. Absent if there are none.
    public var tags: [String]?
    /// `bug-reports:`, URLs or email addresses. Absent if there are none.
    public var bugReports: [String]?
    /// `dev-repo:`. Absent if there is none.
    public var devRepo: String?

    public init(
        package: PackageVersion, maintainers: [String] = [], tags: [String] = [], bugReports: [String] = [],
        devRepo: String? = nil
    ) {
        self.package = package
        self.maintainers = maintainers.isEmpty ? nil : maintainers
        self.tags = tags.isEmpty ? nil : tags
        self.bugReports = bugReports.isEmpty ? nil : bugReports
        self.devRepo = devRepo
    }
}

extension PackageMetadata {
    /// The canonical bytes of the document with the metadata of all packages of a plan.
    ///
    /// - Parameter packages: the metadata in any order.
    package static func document(_ packages: some Collection<PackageMetadata>) -> [UInt8] {
        CanonicalWriter.document { writer in
            writer.array(packages.sorted { $0.package < $1.package }) { writer, package in
                writer.object { package.write(to: &$0) }
            }
        }
    }

    private func write(to writer: inout CanonicalWriter) {
        writer.optional("bugReports", bugReports) { $0.array($1) { $0.string($1) } }
        writer.optional("devRepo", devRepo)
        writer.optional("maintainers", maintainers) { $0.array($1) { $0.string($1) } }
        writer.key("package")
        writer.string(package.description)
        writer.optional("tags", tags) { $0.array($1) { $0.string($1) } }
    }

    /// Parses the metadata of a document in canonical form; nil for any other form.
    package static func read(_ document: [UInt8]) -> [PackageMetadata]? {
        CanonicalReader.document(document) { $0.array { $0.object { PackageMetadata(&$0) } } }
    }

    private init?(_ reader: inout CanonicalReader) {
        var (bugReports, devRepo) = ([String]?.none, String?.none)
        var (maintainers, tags) = ([String]?.none, [String]?.none)
        guard reader.optional("bugReports", &bugReports, { $0.array { $0.string() } }),
            reader.optional("devRepo", &devRepo, { $0.string() }),
            reader.optional("maintainers", &maintainers, { $0.array { $0.string() } }),
            reader.key("package"), let package = reader.string().flatMap({ PackageVersion($0) }),
            reader.optional("tags", &tags, { $0.array { $0.string() } })
        else { return nil }
        self.init(package: package)
        (self.bugReports, self.devRepo, self.maintainers, self.tags) = (bugReports, devRepo, maintainers, tags)
    }
}
