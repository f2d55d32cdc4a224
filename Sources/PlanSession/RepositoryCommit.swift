internal import Core
internal import Git
package import Model
internal import OpamRepository
internal import System

/// A commit of a package repository.
package struct RepositoryCommit: Codable, Sendable, Hashable {
    /// The id as 40 hexadecimal digits.
    package let id: String
    /// The first line of its message.
    package let subject: String
    /// The time of the commit in seconds since 1970.
    package let time: Int
}

extension PlanInputLoader {
    /// The commits of the matrix's first git repository between two plans, along first parents.
    ///
    /// - Parameters:
    ///   - good: the repositories of the earlier plan.
    ///   - bad: the repositories of the later plan.
    /// - Returns: the commit of the earlier plan, and those after it up to that of the later plan, oldest first.
    /// - Throws: `Failure`: `input` if the plans have different repositories, or there are no commits in between;
    ///   `unavailable` if the repository cannot be read.
    package func commits(
        after good: [Plan.Repository], through bad: [Plan.Repository]
    ) async throws -> (good: String, commits: [RepositoryCommit]) {
        let opened = try await RepositoryOpening(
            matrix: matrix, cache: packageSources, revision: nil, mirrors: repositoryMirrors,
            environment: environment
        ).openAll()
        guard let first = opened.first(where: { $0.repository.commit != nil }) else {
            throw Failure(.input, "the matrix has no repository of git, so there are no commits in between")
        }
        let location = first.description.location
        guard let start = good.first(where: { $0.location == location }),
            let end = bad.first(where: { $0.location == location })
        else {
            throw Failure(
                .input, "the plans of the good and of the bad result do not both have the repository '\(location)'")
        }
        guard start.commit != end.commit else {
            throw Failure(
                .input, "'\(location)' is at the same commit in both plans: there is nothing to build in between",
                hint: "'ci bisect' without --run shows what else changed")
        }
        let path = first.repository.path
        let commits = try await BlockingWork.run {
            try RepositoryCommit.commits(of: path, location, after: start.commit, through: end.commit)
        }
        return (start.commit, commits)
    }
}

extension RepositoryCommit {
    /// The maximum number of commits to search for the good one.
    private static let limit = 1_000_000

    fileprivate static func commits(
        of path: String, _ location: String, after good: String, through bad: String
    ) throws -> [RepositoryCommit] {
        let repository = try GitRepository(opening: path)
        guard let start = ObjectID(hex: good), var next = ObjectID(hex: bad) else {
            throw Failure(.input, "'\(location)' was no repository of git when it was planned")
        }
        var found: [RepositoryCommit] = []
        while next != start {
            let commit = try repository.commit(next)
            found.append(RepositoryCommit(id: next.hex, subject: commit.subject, time: Int(commit.committer.time)))
            guard let parent = commit.parents.first, found.count < limit else {
                throw Failure(
                    .input,
                    "commit \(good.prefix(12)) of '\(location)' is not before \(bad.prefix(12)) by first parents",
                    hint: "the history was rewritten, or the good result is of another branch")
            }
            next = parent
        }
        return found.reversed()
    }
}
