internal import Core
internal import Documents
internal import Foundation
internal import Git
internal import Matrix
internal import OpamRepository
internal import System

/// Finds the repositories of a matrix: folders, repositories of git on this machine, and mirrors of remote ones.
struct RepositoryOpening {
    let matrix: MatrixFile
    /// Where mirrors are kept.
    let cache: String
    /// Of the first repository of git, instead of what the matrix says.
    let revision: String?
    /// Where repositories are read from instead, by their URL: a path or another URL.
    let mirrors: [String: String]

    /// A repository at the state that is planned.
    struct Opened {
        var repository: Repository
        var description: Plan.Repository
        /// What of a checkout is left out.
        var warning: Diagnostic?
    }

    /// All repositories, in the order of the matrix.
    ///
    /// - Throws: `Failure` that names every one that is not there.
    func openAll() throws -> [Opened] {
        var diagnostics: [Diagnostic] = []
        var category = ErrorCategory.input
        var opened: [Opened] = []
        for entry in matrix.repositories {
            do {
                opened.append(try open(entry))
            } catch let failure as Failure {
                if failure.category == .unavailable { category = .unavailable }
                diagnostics += failure.diagnostics.map { placed($0, at: entry) }
            }
        }
        guard diagnostics.isEmpty else { throw Failure(category, diagnostics) }
        if let revision {
            guard let first = opened.firstIndex(where: { $0.repository.commit != nil }) else {
                throw Failure(.input, "there is neither a plan '\(revision)' in the store nor a repository of git")
            }
            let repository = try opened[first].repository.at(revision)
            opened[first].repository = repository
            opened[first].description.commit = repository.commit?.hex ?? ""
        }
        return opened
    }

    private func placed(_ diagnostic: Diagnostic, at entry: RepositoryEntry) -> Diagnostic {
        guard diagnostic.location == nil else { return diagnostic }
        return matrix.sources.diagnostic(
            diagnostic.severity, diagnostic.message, at: entry.place.location, hint: diagnostic.hint)
    }

    private func open(_ entry: RepositoryEntry) throws -> Opened {
        let path: String
        switch entry.place.value {
        case .path(_, let resolved): path = resolved
        case .url(let url):
            let place = mirrors[url] ?? url
            path = Self.isURL(place) ? try RepositoryMirror(url: place, cache: cache).path(for: entry.revision) : place
        }
        let revision: String? =
            switch entry.revision {
            case .head: nil
            case .ref(let revision), .commit(let revision): revision
            }
        let repository = try Repository(path: path, revision: revision)
        let commit = try repository.commit?.hex ?? contents(of: repository)
        return Opened(
            repository: repository,
            description: Plan.Repository(location: entry.place.value.text, commit: commit),
            warning: repository.commit == nil ? nil : warning(ofCheckout: path, revision, at: entry.place.location))
    }

    /// Whether a place that stands for a URL is one itself; a path may hold `://` too.
    private static func isURL(_ place: String) -> Bool {
        !place.hasPrefix("/") && !place.hasPrefix(".") && place.contains("://")
    }

    /// Says which packages of a checkout are not committed, where its newest commit is planned.
    private func warning(ofCheckout path: String, _ revision: String?, at location: SourceLocation) -> Diagnostic? {
        let checkout = WorkTree(path: path)
        guard checkout.isAt(revision), let status = checkout.status(of: ["packages", "repo"]), !status.isClean else {
            return nil
        }
        return matrix.sources.diagnostic(
            .warning, "only what is committed is planned; left out of '\(checkout.path)': \(status)", at: location,
            hint: "commit it there")
    }

    /// The digest of a plain folder's packages. What cannot be read counts as the reason why.
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

/// A bare copy of a remote repository, brought up to date by stock git.
private struct RepositoryMirror {
    let url: String
    let cache: String

    /// The folder of the copy, which has the revision.
    ///
    /// - Throws: `Failure` of kind `infrastructure` where git cannot fetch, with git's own words.
    func path(for revision: RepositoryEntry.Revision) throws -> String {
        let name = Digest(of: url).hex.prefix(16)
        let path = "\(cache)/repositories/\(name).git"
        if case .commit(let commit) = revision, let git = try? GitRepository(opening: path),
            (try? git.resolve(commit: commit)) != nil
        {
            return path
        }
        if FileManager.default.fileExists(atPath: path) {
            try run(["--git-dir", path, "fetch", "--quiet", "--prune", "origin", "+refs/*:refs/*"])
        } else {
            try FileManager.default.createDirectory(
                atPath: "\(cache)/repositories", withIntermediateDirectories: true)
            let aside = "\(path).\(getpid())"
            try run(["clone", "--quiet", "--mirror", "--", url, aside])
            guard rename(aside, path) == 0 else {
                throw Failure(.infrastructure, "'\(aside)' cannot be renamed to '\(path)'")
            }
        }
        return path
    }

    private func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git"] + arguments
        process.environment = ProcessInfo.processInfo.environment
            .filter { !GitEnvironment.repositoryVariables.contains($0.key) }
            .merging(["GIT_TERMINAL_PROMPT": "0"]) { $1 }
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw Failure(
                .infrastructure, "git cannot be started: \(systemReason(of: error) ?? "\(error)")", hint: "install git")
        }
        let said = (try? errors.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let lines = String(decoding: said.suffix(2_000), as: UTF8.self).split(separator: "\n")
            let words = lines.first { $0.hasPrefix("fatal:") } ?? lines.last ?? ""
            throw Failure(
                .infrastructure, "git cannot fetch '\(url)': \(words)",
                hint: "without a network, name a copy: --repository-mirrors \(url)=FOLDER")
        }
    }
}
