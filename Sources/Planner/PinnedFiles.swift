internal import Archive
internal import Core
internal import Documents
internal import Fetching
internal import Foundation
internal import Git
internal import Matrix
internal import OpamFormat

/// A pin with files of its own.
struct PinnedPackage {
    var pin: Pin
    var files: PackageFiles
}

/// Gets the files of pins: from the opam files that the matrix names, or out of the sources that it names; and those of
/// the packages that the opam files of such sources pin in turn (`pin-depends`), once: as with opam, `pin-depends` of what is
/// pinned that way is ignored.
struct PinnedFiles {
    /// Pins of a matrix, those by `pin-depends` included.
    private static let limit = 200

    let texts: SourceTexts
    let moving: MovingSources

    /// Of all `pins` that have files, and of those that follow from them. A pin of the matrix counts before one that an
    /// opam file asks for.
    ///
    /// - Throws: `Failure` with everything that is wrong.
    func packages(of pins: [Pin]) async throws -> [PinnedPackage] {
        var packages: [PinnedPackage] = []
        var diagnostics: [Diagnostic] = []
        var kind = Failure.Kind.input
        let ofMatrix = Set(pins.map(\.name.value))
        var open = pins.filter(\.hasFiles)[...]
        var taken = Dictionary(pins.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
        while let pin = open.popFirst() {
            do {
                let package = try await package(of: pin)
                packages.append(package)
                guard ofMatrix.contains(pin.name.value) else { continue }
                for wanted in try dependencies(of: package) {
                    if let known = taken[wanted.name.value] {
                        try check(wanted, against: known, isOfMatrix: ofMatrix.contains(known.name.value))
                    } else {
                        taken[wanted.name.value] = wanted
                        open.append(wanted)
                    }
                }
                guard taken.count <= Self.limit else {
                    throw Failure(.input, "more than \(Self.limit) packages are pinned")
                }
            } catch let error as SourceError {
                if error.kind == .network { kind = .infrastructure }
                diagnostics.append(diagnostic(error.description, at: pin))
            } catch let failure as Failure {
                if failure.kind == .infrastructure { kind = .infrastructure }
                diagnostics += failure.diagnostics.map { problem in
                    problem.location == nil ? diagnostic(problem.message, at: pin, hint: problem.hint) : problem
                }
            }
        }
        guard diagnostics.isEmpty else { throw Failure(kind, diagnostics) }
        return packages
    }

    private func diagnostic(_ message: String, at pin: Pin, hint: String? = nil) -> Diagnostic {
        texts.diagnostic(
            .error, "pin '\(pin.name.value)': \(message)",
            at: pin.opamFile?.location ?? pin.source?.location ?? pin.name.location, hint: hint)
    }

    private func package(of pin: Pin) async throws -> PinnedPackage {
        var files = try pin.opamFile.map { place in
            PackageFiles(opam: try SourceText(path: place.value, of: "opam file").bytes)
        }
        guard let source = pin.source else { return PinnedPackage(pin: pin, files: files ?? PackageFiles(opam: [])) }
        let exact = try await moving.exact(try address(of: source.value, of: pin), of: pin.name.value)
        if files == nil {
            let archive = try await moving.cache.file(exact, of: pin.name.value)
            files = try SourceTree.withUnpacked(archive) { try $0.files(of: pin.name.value, below: exact.subpath) }
        }
        guard var files else {
            throw Failure(
                .input, "there is no opam file in '\(exact.url)'",
                hint: "it is looked for as \(pin.name.value).opam, opam, and in a folder opam")
        }
        let file = try opamFile(files.opam, of: pin)
        files.opam = file.replacing(source: exact)
        return PinnedPackage(pin: pin, files: files)
    }

    /// A folder that is a repository of git counts as one, as with opam: what is committed there.
    private func address(of source: Pin.Source, of pin: Pin) throws -> Source {
        var address: String
        switch source.place {
        case .url(let url): address = url
        case .path(let path):
            let whole = URL(fileURLWithPath: path).standardizedFileURL.path
            // A link that leads nowhere counts as well: it is reported, and the folder is not taken for a plain one.
            let isRepository = (try? FileManager.default.attributesOfItem(atPath: "\(whole)/.git")) != nil
            if isRepository {
                do {
                    _ = try GitRepository(opening: whole)
                } catch {
                    throw error.failure
                }
            }
            address = isRepository ? "git+file://\(whole)" : "file://\(whole)"
        }
        if let ref = source.ref {
            guard case .git = SourceAddress(address) else {
                throw Failure(
                    .input, "'ref' goes with a repository of git, and '\(address)' is none",
                    hint: "such addresses begin with 'git+https://'")
            }
            address += "#\(ref)"
        }
        return Source(
            url: address, checksums: source.checksum.flatMap { Checksum($0) }.map { [$0] } ?? [],
            subpath: source.subpath)
    }

    private func opamFile(_ bytes: [UInt8], of pin: Pin) throws -> OpamFile {
        do {
            return try OpamFile(parsing: bytes, file: pin.opamFile?.value ?? "\(pin.name.value)/opam")
        } catch {
            throw Failure(.input, "this is no opam file: \(error)")
        }
    }

    // MARK: What a source pins in turn

    private func dependencies(of package: PinnedPackage) throws -> [Pin] {
        guard let source = package.pin.source else { return [] }
        return try opamFile(package.files.opam, of: package.pin).pinDepends.map { wanted in
            Pin(
                name: Located(wanted.package.name.text, at: source.location), version: wanted.package.version.text,
                source: Located(Pin.Source(.url(wanted.url)), at: source.location))
        }
    }

    private func check(_ wanted: Pin, against known: Pin, isOfMatrix: Bool) throws {
        guard !isOfMatrix, known.source?.value != wanted.source?.value || known.version != wanted.version else {
            return
        }
        throw Failure(
            .input, "'pin-depends' asks for another source of '\(wanted.name.value)' than that of another pin",
            hint: "pin '\(wanted.name.value)' in the matrix")
    }
}
