internal import Core
internal import Documents
internal import Matrix
internal import OpamFormat
internal import OpamSolver

/// Repositories in which some package versions have files of the matrix's own.
struct PinnedSource: PackageSource {
    let repositories: [Plan.Repository]
    let universe: Universe
    private let base: any PackageSource
    private let pinned: [PackageVersion: PackageFiles]

    /// `base` with the files of `pinned`; `base` itself where there are none.
    ///
    /// - Throws: `Failure` where an opam file cannot be read.
    static func laid(over base: any PackageSource, pinned: [PinnedPackage], texts: SourceTexts) throws
        -> any PackageSource
    {
        pinned.isEmpty ? base : try PinnedSource(base, pinned, texts)
    }

    private init(_ base: any PackageSource, _ packages: [PinnedPackage], _ texts: SourceTexts) throws {
        self.base = base
        var pinned: [PackageVersion: PackageFiles] = [:]
        var builder = UniverseBuilder(updating: base.universe)
        let names = Set(packages.map(\.pin.name.value))
        for name in base.universe.allNames.map(base.universe.name) where !names.contains(name) { builder.keep(name) }
        for package in packages {
            let pin = package.pin
            let version = PackageVersion(name: pin.name.value, version: pin.version)
            pinned[version] = package.files
            builder.begin(pin.name.value, origin: package.files.digest.hex)
            var problems: [FormatError] = []
            do {
                let file = try OpamFile(
                    parsing: package.files.opam, file: pin.opamFile?.value ?? "\(pin.name.value)/opam")
                builder.add(
                    Package(
                        name: PackageName(unchecked: version.name), version: Version(unchecked: version.version)),
                    PackageRelations(file, problems: &problems))
            } catch {
                let location = pin.opamFile?.location ?? pin.source?.location
                throw Failure(
                    .input,
                    [texts.diagnostic(.error, "pin '\(pin.name.value)' has no opam file: \(error)", at: location)])
            }
        }
        self.pinned = pinned
        universe = builder.finish()
        repositories = base.repositories
    }

    func files(of package: PackageVersion) throws -> PackageFiles {
        try pinned[package] ?? base.files(of: package)
    }

    func origin(of name: String) -> String? {
        let own = pinned.filter { $0.key.name == name }.map { $0.value.digest.hex }
        return own.first ?? base.origin(of: name)
    }
}
