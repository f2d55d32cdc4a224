internal import Core
internal import Logging
package import Store
package import System

/// A git remote that has the history of a store. Every branch is pushed as it is, never by force.
///
/// Stock git talks to it: it knows the user's keys, known hosts, proxies and credential helpers, and ends when it is told to.
/// Functions block.
package struct Hub: Sendable {
    /// When a report is dropped for which a result was recorded.
    package enum Durability: String, Sendable, CaseIterable {
        /// When the hub has the result.
        case pushed
        /// When this store has it.
        case local
    }

    /// Where it is: what `git push` takes.
    package let url: String
    package let durability: Durability
    private let environment: [String: String]

    /// Whom the hub and this machine trust; nil: what git and ssh are configured with.
    package struct Trust: Sendable {
        /// The certificates of authorities, and the own certificate and its key, as files.
        package var authorities: String?
        package var certificate: String?
        package var key: String?
        /// The configuration of the ssh client, and the file with the keys of hosts.
        package var sshConfiguration: String?
        package var knownHosts: String?

        package init() {}
    }

    /// - Parameter environment: of git.
    package init(
        _ url: String, durability: Durability = .local, trust: Trust = Trust(), environment: ProcessEnvironment
    ) {
        self.url = url
        self.durability = durability
        var own = [
            "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
            "GIT_HTTP_LOW_SPEED_LIMIT": "1000", "GIT_HTTP_LOW_SPEED_TIME": "30",
        ]
        own["GIT_SSL_CAINFO"] = trust.authorities
        own["GIT_SSL_CERT"] = trust.certificate
        own["GIT_SSL_KEY"] = trust.key
        if environment["GIT_SSH_COMMAND"] == nil, environment["GIT_SSH"] == nil {
            var ssh = ["ssh"] + (trust.sshConfiguration.map { ["-F", $0] } ?? [])
            ssh += trust.knownHosts.map { ["-o", "UserKnownHostsFile=\($0)"] } ?? []
            for option in ["BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=10", "ServerAliveCountMax=3"] {
                ssh += ["-o", option]
            }
            own["GIT_SSH_COMMAND"] = ShellWord.line(ssh)
        }
        self.environment = environment.merging(own)
    }

    /// Branches that are for the store alone.
    private static let unpushed = "^refs/heads/inbox/*"
    /// Where the branches of the hub are kept as they were when they were fetched.
    static let fetched = "refs/ciso/hub/"

    /// Pushes all branches that the hub does not have as they are.
    ///
    /// - Throws: `HubError`, of kind `diverged` where the hub has commits that the store lacks.
    package func push(_ store: Store) throws {
        let outcome = try git(
            store, ["push", "--porcelain", "--no-verify", url, "refs/heads/*:refs/heads/*", Self.unpushed])
        logger.debug("pushed", metadata: ["hub": "\(url)", "succeeded": "\(outcome.succeeded)"])
        if outcome.succeeded { return }
        let output = String(decoding: outcome.output, as: UTF8.self)
        let refusals = output.split(separator: "\n").filter { $0.hasPrefix("!\t") }
        let older = refusals.filter { $0.contains("(fetch first)") || $0.contains("(non-fast-forward)") }
        if let refusal = older.first {
            throw HubError(.diverged, "\(url): it has commits that the store lacks: \(refusal.dropFirst(2))")
        }
        if let refusal = refusals.first {
            throw HubError(.refused, "\(url): \(refusal.dropFirst(2)); \(Self.text(outcome))".displayableOnOneLine)
        }
        throw HubError(url, errors: Self.text(outcome))
    }

    /// Gets the branches of the hub and keeps them aside.
    ///
    /// - Throws: `HubError`.
    func fetch(into store: Store) throws {
        let outcome = try git(
            store,
            [
                "fetch", "--quiet", "--no-tags", "--prune", "--no-write-fetch-head", "--no-auto-maintenance", url,
                "+refs/heads/*:\(Self.fetched)*", Self.unpushed,
            ])
        guard outcome.succeeded else { throw HubError(url, errors: Self.text(outcome)) }
    }

    /// Asks the hub for its branches. Whether it would take a push is not asked.
    ///
    /// - Returns: what works, for people.
    /// - Throws: `HubError`.
    package func probe() throws -> String {
        let listed = try run(["git", "ls-remote", "--heads", url])
        guard listed.succeeded else { throw HubError(url, errors: Self.text(listed)) }
        let branches = listed.output.split(separator: UInt8(ascii: "\n")).count
        return "\(url) can be reached and has \(count(branches, "branch", plural: "branches"))"
    }

    private func git(_ store: Store, _ words: [String]) throws -> Subprocess.Outcome {
        try run(["git", "-C", store.repositoryDirectory] + words)
    }

    private func run(_ words: [String]) throws -> Subprocess.Outcome {
        guard !url.hasPrefix("-") else { throw HubError(.refused, "'\(url)' is no address") }
        do {
            let outcome = try Subprocess(words, environment: environment, timeLimit: .seconds(3600)).wait()
            if outcome.ending == .timedOut { throw HubError(.unreachable, "\(url): git did not end within an hour") }
            return outcome
        } catch let error as SystemError {
            throw HubError(.refused, "\(url): \(error)")
        }
    }

    private static func text(_ outcome: Subprocess.Outcome) -> String {
        String(decoding: outcome.errors, as: UTF8.self)
    }
}
