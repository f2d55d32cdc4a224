internal import Core
internal import Documents
internal import Matrix
internal import OpamFormat
internal import OpamSolver

/// Repositories in which some package versions have opam files of the matrix's own.
struct PinnedSource: PackageSource {
    let repositories: [Plan.Repository]
    let universe: Universe
    private let base: any PackageSource
    private let pinned: [PackageVersion: PackageFiles]

    /// `base` with the opam files that pins of the matrix name; `base` itself where none does.
    ///
    /// - Throws: `Failure` where such a file cannot be read.
    static func laid(over base: any PackageSource, matrix: MatrixFile) throws -> any PackageSource {
        let pins = matrix.pins.filter { $0.opamFile != nil }
        return pins.isEmpty ? base : try PinnedSource(base, pins, matrix.sources)
    }

    private init(_ base: any PackageSource, _ pins: [Pin], _ texts: SourceTexts) throws {
        self.base = base
        var pinned: [PackageVersion: PackageFiles] = [:]
        var builder = UniverseBuilder(updating: base.universe)
        let names = Set(pins.map(\.name.value))
        for name in base.universe.allNames.map(base.universe.name) where !names.contains(name) { builder.keep(name) }
        for pin in pins {
            guard let place = pin.opamFile else { continue }
            let version = PackageVersion(name: pin.name.value, version: pin.version)
            let text = try SourceText(path: place.value, namedAt: place.location)
            pinned[version] = PackageFiles(opam: text.bytes)
            builder.begin(pin.name.value, origin: Digest(of: text.bytes).hex)
            var problems: [FormatError] = []
            do {
                let file = try OpamFile(parsing: text.bytes, file: place.value)
                builder.add(
                    Package(
                        name: PackageName(unchecked: version.name), version: Version(unchecked: version.version)),
                    PackageRules(file, problems: &problems))
            } catch {
                throw Failure(
                    .input, [texts.diagnostic(.error, "'\(place.value)' is no opam file: \(error)", at: place.location)]
                )
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
