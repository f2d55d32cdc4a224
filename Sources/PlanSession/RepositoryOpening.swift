internal import Core
internal import Fetching
internal import Foundation
internal import Git
internal import Matrix
internal import Model
internal import OpamRepository
internal import System
internal import YAML

/// Opens the repositories of a matrix: directories, git repositories on this machine, and copies of remote ones.
struct RepositoryOpening {
    let matrix: MatrixFile
    /// The cache of remote repositories.
    let cache: SourceCache
    /// The revision of the first git repository, which overrides that in the matrix.
    let revision: String?
    /// Mirrors of repositories by their URLs: paths or other URLs.
    let mirrors: [String: String]
    let environment: ProcessEnvironment

    /// A repository at the planned state.
    struct Opened {
        var repository: Repository
        var description: Plan.Repository
        /// A warning about the omitted parts of a checkout.
        var warning: Diagnostic?
    }

    /// All repositories, in the order of the matrix.
    ///
    /// - Throws: `Failure` that names all repositories that cannot be opened.
    func openAll() async throws -> [Opened] {
        var diagnostics: [Diagnostic] = []
        var category = ErrorCategory.input
        var opened: [Opened] = []
        for entry in matrix.repositories {
            do {
                opened.append(try await open(entry))
            } catch let failure as Failure {
                if failure.category == .unavailable { category = .unavailable }
                diagnostics += failure.diagnostics.map { located($0, at: entry) }
            }
        }
        guard diagnostics.isEmpty else { throw Failure(category, diagnostics) }
        if let revision {
            guard let first = opened.firstIndex(where: { $0.repository.commit != nil }) else {
                throw Failure(.input, "there is neither a plan '\(revision)' in the store nor a repository of git")
            }
            let repository =
                if let url = remoteURL(of: matrix.repositories[first]) {
                    try await remote(url, revision, of: matrix.repositories[first])
                } else {
                    try opened[first].repository.at(revision)
                }
            opened[first].repository = repository
            opened[first].description.commit = repository.commit?.hex ?? ""
        }
        return opened
    }

    private func located(_ diagnostic: Diagnostic, at entry: RepositoryEntry) -> Diagnostic {
        guard diagnostic.location == nil else { return diagnostic }
        return matrix.sources.diagnostic(
            diagnostic.severity, diagnostic.message, at: entry.address.location, hint: diagnostic.hint)
    }

    private func open(_ entry: RepositoryEntry) async throws -> Opened {
        let revision: String? =
            switch entry.revision {
            case .head: nil
            case .ref(let revision), .commit(let revision): revision
            }
        if let url = remoteURL(of: entry) {
            let repository = try await remote(url, revision, of: entry)
            return Opened(repository: repository, description: description(of: entry, repository.commit?.hex ?? ""))
        }
        let path = path(of: entry)
        let repository = try Repository(path: path, revision: revision)
        let commit = try repository.commit?.hex ?? contents(of: repository)
        return Opened(
            repository: repository, description: description(of: entry, commit),
            warning: repository.commit == nil
                ? nil : await warning(ofCheckout: path, revision, at: entry.address.location))
    }

    private func description(of entry: RepositoryEntry, _ commit: String) -> Plan.Repository {
        Plan.Repository(location: entry.address.value.text, commit: commit)
    }

    private func path(of entry: RepositoryEntry) -> String {
        switch entry.address.value {
        case .path(_, let resolved): resolved
        case .url(let url): mirrors[url] ?? url
        }
    }

    // MARK: Remote repositories

    /// The address from which a repository is fetched; nil if it is a directory on this machine.
    private func remoteURL(of entry: RepositoryEntry) -> String? {
        guard case .url = entry.address.value else { return nil }
        let path = path(of: entry)
        return Self.isURL(path) ? path : nil
    }

    private func remote(_ url: String, _ revision: String?, of entry: RepositoryEntry) async throws -> Repository {
        do {
            let remote = try await cache.repository(at: url, revision: revision)
            return try Repository(path: remote.path, revision: remote.commit)
        } catch let error as SourceError {
            guard error.kind != .missing, error.kind != .foreign else {
                throw Failure(.input, error.description, hint: error.hint)
            }
            let advice = "without a network, name a copy: --repository-mirrors \(entry.address.value.text)=DIR"
            throw Failure(
                .unavailable, error.description, hint: error.hint ?? (error.kind == .network ? advice : nil))
        }
    }

    /// Whether a mirror is a URL itself; a path may contain `://` as well.
    private static func isURL(_ text: String) -> Bool {
        !text.hasPrefix("/") && !text.hasPrefix(".") && text.contains("://")
    }

    /// A warning about uncommitted packages of a checkout whose newest commit is planned.
    private func warning(ofCheckout path: String, _ revision: String?, at location: SourceLocation) async
        -> Diagnostic?
    {
        let checkout = WorkTree(path: path, environment: environment)
        let status = await BlockingWork.run {
            checkout.isAt(revision) ? checkout.status(of: ["packages", "repo"]) : nil
        }
        guard let status, !status.isClean else { return nil }
        return matrix.sources.diagnostic(
            .warning, "only what is committed is planned; left out of '\(checkout.path)': \(status)", at: location,
            hint: "commit it there")
    }

    /// The digest of the packages in a plain directory. For a package that cannot be read, the reason is included
    /// instead.
    private func contents(of repository: Repository) throws -> String {
        let reader = try RepositorySet([repository]).reader()
        var ignored: [Diagnostic] = []
        var text = ""
        for name in try reader.names(&ignored) {
            for entry in try reader.versions(of: name, &ignored) {
                text += try line(of: entry, reader)
            }
        }
        return Digest(of: text).hex
    }

    private func line(of entry: PackageEntry, _ reader: RepositoryReader) throws -> String {
        do {
            let files = PackageFiles(opam: try reader.opamBytes(of: entry), files: try reader.files(of: entry))
            return "\(entry.package) \(files.digest)\n"
        } catch {
            guard error.category == .input else { throw error }
            return "\(entry.package) is left out\n"
        }
    }
}
