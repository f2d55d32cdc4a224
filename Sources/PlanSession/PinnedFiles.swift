internal import Archive
internal import Core
internal import Fetching
internal import Foundation
internal import Git
internal import Matrix
internal import Model
internal import OpamFormat
internal import Planner
internal import System
internal import YAML

/// A pinned package with its files.
struct PinnedPackage {
    var pin: Pin
    var files: PackageFiles
}

/// Loads the files of pins: the opam files that the matrix names, or those in the sources that it names, and those of
/// the packages that these opam files pin in turn (`pin-depends`). As with opam, `pin-depends` in the opam files of the
/// latter are ignored.
///
/// - SeeAlso: `docs/decisions/0166-versions-of-pins.md`
struct PinnedFiles {
    /// The maximum number of pins of a matrix, including those from `pin-depends`.
    private static let limit = 200

    let texts: SourceTexts
    let unpinned: UnpinnedSources
    let environment: ProcessEnvironment

    /// The files of pinned packages, and the problems found in pins.
    struct Loaded {
        /// The packages of all pins with files, and of their `pin-depends`. A package whose files are unavailable has
        /// an empty opam file, so that further errors can be found.
        var packages: [PinnedPackage] = []
        /// All errors; nil if there are none.
        var failure: Failure?
        var warnings: [Diagnostic] = []
    }

    /// Loads the files of all `pins` that have some, and of the pins that result from them. A pin of the matrix takes
    /// precedence over one from an opam file.
    ///
    /// - Parameter followingPinDepends: whether `pin-depends` of the packages apply.
    func outcome(of pins: [Pin], followingPinDepends: Bool = true) async -> Loaded {
        var outcome = Loaded()
        var mistakes: [Failure] = []
        let ofMatrix = Set(pins.map(\.name.value))
        var open = pins.filter(\.hasFiles)[...]
        var taken = Dictionary(pins.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
        while let pin = open.popFirst() {
            do {
                let package = try await package(of: pin)
                outcome.packages.append(package)
                guard followingPinDepends, ofMatrix.contains(pin.name.value) else { continue }
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
            } catch {
                if !outcome.packages.contains(where: { $0.pin.name == pin.name }) {
                    outcome.packages.append(.placeholder(pin))
                }
                mistakes.append(failure(error, of: pin))
                if taken.count > Self.limit { break }
            }
        }
        for pin in pins { outcome.warnings += await warnings(of: pin) }
        outcome.failure = Failure(mistakes)
        return outcome
    }

    private func failure(_ error: any Error, of pin: Pin) -> Failure {
        switch error {
        case let error as SourceError:
            Failure(
                error.kind == .foreign ? .input : error.category,
                [diagnostic(error.description, at: pin, hint: error.hint)])
        case let failure as Failure:
            Failure(
                failure.category,
                failure.diagnostics.map { problem in
                    problem.location == nil ? diagnostic(problem.message, at: pin, hint: problem.hint) : problem
                })
        default: Failure(.unavailable, [diagnostic("\(error)", at: pin)])
        }
    }

    private func diagnostic(_ message: String, at pin: Pin, hint: String? = nil) -> Diagnostic {
        texts.diagnostic(
            .error, "pin '\(pin.name.value)': \(unprefixed(message, by: pin.name.value))",
            at: pin.opamFile?.location ?? pin.source?.location ?? pin.name.location, hint: hint)
    }

    private func package(of pin: Pin) async throws -> PinnedPackage {
        var files = try pin.opamFile.map { path in
            PackageFiles(opam: try SourceText.contents(ofPath: path.value, kind: "opam file"))
        }
        guard let source = pin.source else {
            let files = files ?? PackageFiles(opam: [])
            return PinnedPackage(pin: pin.completed(try opamFile(files.opam, of: pin)), files: files)
        }
        let address = try Self.address(of: source.value)
        let exact = try await unpinned.resolve(address, of: pin.name.value)
        if files == nil {
            let archive = try await unpinned.cache.file(exact, of: pin.name.value)
            files = try SourceTree.withUnpacked(archive, of: exact.url, in: environment.temporaryDirectory) {
                try $0.files(of: pin.name.value, below: exact.subpath)
            }
        }
        guard var files else { throw await missingOpamFile(of: pin, in: exact) }
        let file = try opamFile(files.opam, of: pin)
        files.opam = file.replacing(source: exact)
        return PinnedPackage(pin: pin.completed(file), files: files)
    }

    private func missingOpamFile(of pin: Pin, in source: Source) async -> Failure {
        let name = pin.name.value
        if let (checkout, status) = await status(of: pin),
            let file = status.opamFiles(of: name, below: source.subpath).first
        {
            return Failure(
                .input, "'\(file)' in '\(checkout.path)' is not committed, and only what is committed counts",
                hint: checkout.remedy)
        }
        return Failure(
            .input, "there is no opam file in '\(source.url)'",
            hint: "it is looked for as \(name).opam, opam, and in a directory opam")
    }

    // MARK: Checkouts

    /// The work tree whose newest commit a pin to a local git repository uses; nil if it uses another commit.
    private func checkout(of pin: Pin) -> WorkTree? {
        guard let source = pin.source?.value, let address = try? Self.address(of: source),
            case .git(let url, let revision) = SourceAddress(address.url), let path = SourceAddress.localPath(url)
        else { return nil }
        let checkout = WorkTree(path: SourceAddress.decoded(path), environment: environment)
        return checkout.isAt(revision) ? checkout : nil
    }

    /// The work tree of a pin and its uncommitted changes, according to git.
    private func status(of pin: Pin) async -> (WorkTree, WorkTree.Status)? {
        await BlockingWork.run { [self] in
            checkout(of: pin).flatMap { checkout in checkout.status().map { (checkout, $0) } }
        }
    }

    /// Warnings about the parts of a checkout that a pin omits.
    private func warnings(of pin: Pin) async -> [Diagnostic] {
        guard let (checkout, status) = await status(of: pin), !status.isClean else { return [] }
        return [
            texts.diagnostic(
                .warning,
                "pin '\(pin.name.value)': only what is committed counts; left out of '\(checkout.path)': \(status)",
                at: pin.source?.location, hint: checkout.remedy)
        ]
    }

    /// The source of a pin. As with opam, a directory that is a git repository is used as one: its committed state.
    static func address(of source: Pin.Source) throws -> Source {
        var address: String
        switch source.address {
        case .url(let url): address = url
        case .path(let path):
            address = SourceAddress.address(ofPath: path)
            if case .git = SourceAddress(address) {
                do {
                    _ = try GitRepository(opening: URL(fileURLWithPath: path).standardizedFileURL.path)
                } catch {
                    throw error.failure
                }
            }
        }
        if let ref = source.ref {
            guard case .git = SourceAddress(address) else {
                throw Failure(
                    .input, "'ref' needs a git repository, and '\(address)' is not one",
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
            return try OpamFile(parsing: bytes, file: pin.opamFile?.value ?? "\(pin.name.value).opam")
        } catch {
            throw Failure(.input, "has no usable opam file: \(error)")
        }
    }

    // MARK: Pins of a source

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

extension PinnedPackage {
    /// The placeholder for a package whose files are unavailable.
    fileprivate static func placeholder(_ pin: Pin) -> PinnedPackage {
        PinnedPackage(pin: pin, files: PackageFiles(opam: Array("opam-version: \"2.0\"\n".utf8)))
    }
}

extension [PinnedPackage] {
    /// The packages, with the version that opam uses if none is stated: the newest in the repositories, or `dev` if
    /// they do not have the package.
    ///
    /// - Parameter planner: a planner for the inputs without these packages.
    func versioned(by planner: Planner) -> [PinnedPackage] {
        map { package in
            var package = package
            if package.pin.givenVersion == nil {
                package.pin.givenVersion = planner.newestVersion(of: package.pin.name.value)
            }
            return package
        }
    }
}

extension Pin {
    /// The pin with the version of its opam file, unless the matrix sets one.
    fileprivate func completed(_ file: OpamFile) -> Pin {
        var pin = self
        pin.givenVersion = givenVersion ?? file.version?.text
        return pin
    }
}

extension MatrixFile {
    /// The matrix with resolved pins, including those that result from others.
    func pinning(_ packages: [PinnedPackage]) -> MatrixFile {
        var matrix = self
        for package in packages {
            if let known = matrix.pins.firstIndex(where: { $0.name.value == package.pin.name.value }) {
                matrix.pins[known] = package.pin
            } else {
                matrix.pins.append(package.pin)
            }
        }
        return matrix
    }
}

extension Failure {
    /// Combines several failures; nil if there are none. If their categories differ, `unavailable` takes precedence.
    init?(_ failures: [Failure]) {
        guard !failures.isEmpty else { return nil }
        var reported: Set<Diagnostic> = []
        self.init(
            failures.contains { $0.category == .unavailable } ? .unavailable : .input,
            failures.flatMap(\.diagnostics).filter { reported.insert($0).inserted })
    }
}

/// `message` without the prefix `name: `, for messages that name the object themselves.
func unprefixed(_ message: String, by name: String) -> String {
    message.hasPrefix("\(name): ") ? String(message.dropFirst(name.count + 2)) : message
}
