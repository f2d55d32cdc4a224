internal import Core
internal import Fetching
internal import Git
internal import Matrix
package import Model
internal import OpamFormat
internal import OpamRepository
internal import System

/// The commits between two plans of a git repository that both were made from: a package repository, or the source of
/// pins and unikernels.
package struct CommitHistory: Sendable {
    /// What plans read in the repository.
    package enum Subject: Sendable, Hashable {
        /// The packages of a repository, by its location in the matrix.
        case repository(String)
        /// A source, by its address in the plan, with its branch or tag if the matrix names one.
        case source(String)

        /// The location or address.
        package var location: String {
            switch self {
            case .repository(let location), .source(let location): location
            }
        }
    }

    /// What the plans read in it.
    package let subject: Subject
    /// The commit of the earlier plan.
    package let start: String
    /// The commits after it up to that of the later plan, along first parents, oldest first; never empty.
    package let commits: [HistoryCommit]
}

/// A commit of a history.
package struct HistoryCommit: Codable, Sendable, Hashable {
    /// The id as 40 hexadecimal digits.
    package let id: String
    /// The first line of its message.
    package let subject: String
    /// The time of the commit in seconds since 1970.
    package let time: Int
}

extension PlanInputLoader {
    /// The histories of git in which two plans of the matrix are at different commits: repositories in the order of the
    /// matrix, then sources of pins and unikernels in the order of their addresses.
    ///
    /// - Throws: `Failure`: `input` if there is none, or none in which the earlier commit precedes the later one;
    ///   `unavailable` if a repository cannot be read; `SourceError`.
    package func histories(from earlier: PlanHeader, to later: PlanHeader) async throws -> [CommitHistory] {
        var (found, failures): ([CommitHistory], [Failure]) = ([], [])
        func add(_ change: Change, in path: String) async throws {
            do {
                found.append(try await BlockingWork.run { try CommitHistory(of: change, in: path) })
            } catch let failure as Failure where failure.category == .input {
                failures.append(failure)
            }
        }
        for (change, path) in try await changedRepositories(from: earlier, to: later) {
            try await add(change, in: path)
        }
        for (change, url) in changedSources(from: earlier, to: later) {
            let copy = try await packageSources.repository(at: url, revision: change.end)
            try await add(change, in: copy.path)
        }
        guard found.isEmpty else { return found }
        throw failures.first
            ?? Failure(
                .input,
                "no git repository of the matrix, and no source of its pins, is at another commit: there is nothing to build in between",
                hint: "'ci bisect' without --run shows what else changed")
    }

    /// Two commits of a history.
    fileprivate struct Change: Sendable {
        var subject: CommitHistory.Subject
        var start: String
        var end: String

        /// - Returns: Nil if the commits are equal or are none, such as the digest of a plain directory.
        init?(_ subject: CommitHistory.Subject, from start: String?, to end: String?) {
            guard let start, let end, start != end, SourceAddress.isCommit(start), SourceAddress.isCommit(end) else {
                return nil
            }
            (self.subject, self.start, self.end) = (subject, start, end)
        }
    }

    /// The changed package repositories, with their paths on this machine.
    private func changedRepositories(from earlier: PlanHeader, to later: PlanHeader) async throws -> [(Change, String)]
    {
        let opened = try await RepositoryOpening(
            matrix: matrix, cache: packageSources, revision: nil, mirrors: repositoryMirrors, environment: environment
        ).openAll()
        return opened.filter { $0.repository.commit != nil }.compactMap { opened in
            let location = opened.description.location
            func commit(in plan: PlanHeader) -> String? {
                plan.repositories.first { $0.location == location }?.commit
            }
            return Change(.repository(location), from: commit(in: earlier), to: commit(in: later)).map {
                ($0, opened.repository.path)
            }
        }
    }

    /// The changed sources of pins and unikernels, with their URLs for git.
    private func changedSources(from earlier: PlanHeader, to later: PlanHeader) -> [(Change, String)] {
        let addresses = Set(matrix.movingSources.compactMap { try? PinnedFiles.address(of: $0).url })
        return addresses.sorted().compactMap { address in
            guard case .git(let url, _) = SourceAddress(address),
                let change = Change(.source(address), from: earlier.sources?[address], to: later.sources?[address])
            else { return nil }
            return (change, url)
        }
    }

    /// The same matrix with another commit of a repository or source.
    package func with(_ subject: CommitHistory.Subject, at commit: String) -> PlanInputLoader {
        var changed = self
        switch subject {
        case .repository(let location):
            for index in matrix.repositories.indices where matrix.repositories[index].address.value.text == location {
                changed.matrix.repositories[index].revision = .commit(commit)
            }
        case .source(let address):
            func move(_ source: inout Pin.Source) {
                guard (try? PinnedFiles.address(of: source).url) == address else { return }
                if case .url(let url) = source.address, case .git = SourceAddress(url) {
                    source.address = .url(SourceAddress.split(url).address)
                }
                source.ref = commit
            }
            for index in matrix.pins.indices {
                if var source = matrix.pins[index].source {
                    move(&source.value)
                    changed.matrix.pins[index].source = source
                }
            }
            for index in matrix.unikernels.indices { move(&changed.matrix.unikernels[index].source.value) }
        }
        return changed
    }
}

extension MatrixFile {
    /// The sources of pins and unikernels.
    fileprivate var movingSources: [Pin.Source] {
        pins.compactMap(\.source?.value) + unikernels.map(\.source.value)
    }
}

extension CommitHistory {
    /// The maximum number of commits to search for the start.
    private static let limit = 1_000_000

    /// - Throws: `Failure` of the category `input` if the start does not precede the end.
    fileprivate init(of change: PlanInputLoader.Change, in path: String) throws {
        let repository = try GitRepository(opening: path)
        guard let first = ObjectID(hex: change.start), var next = ObjectID(hex: change.end) else {
            throw Failure(.bug, "\(change.start) or \(change.end) is no commit")
        }
        guard repository.contains(next) else {
            throw Failure(
                .input,
                "commit \(change.end.prefix(12)) of '\(change.subject.location)', at which the cell is bad, is not in the repository",
                hint: "the history was rewritten and the commit was removed, or this is another repository")
        }
        var found: [HistoryCommit] = []
        while next != first {
            let commit = try repository.commit(next)
            found.append(HistoryCommit(id: next.hex, subject: commit.subject, time: Int(commit.committer.time)))
            guard let parent = commit.parents.first, found.count < Self.limit else {
                throw Failure(
                    .input,
                    "commit \(change.start.prefix(12)) of '\(change.subject.location)' is not before \(change.end.prefix(12)) by first parents",
                    hint: "the history was rewritten, or the good result is of another branch")
            }
            next = parent
        }
        self.init(subject: change.subject, start: change.start, commits: found.reversed())
    }
}
