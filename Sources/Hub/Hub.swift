internal import Core
internal import Logging
internal import ShellQuoting
package import Store
package import System

/// A git remote that holds the history of a store. Branches are pushed unchanged and never by force.
///
/// All transfers are done by the git program, which knows the user's keys, known hosts, proxies and credential helpers,
/// and can be terminated. Functions block.
///
/// - SeeAlso: `docs/decisions/0233-hub.md`
package struct Hub: Sendable {
    /// When a worker's report may be deleted after its result was recorded.
    package enum Durability: String, Sendable, CaseIterable {
        /// After the hub has received the result.
        case pushed
        /// After the result was committed to this store.
        case local
    }

    /// The remote's address, as accepted by `git push`.
    package let url: String
    /// When a report may be deleted.
    package let durability: Durability
    private let environment: [String: String]

    /// Credentials and trusted authorities of the connection; nil values leave the configuration of git and ssh in
    /// effect.
    package struct Trust: Sendable {
        /// The path of a file with trusted certificate authorities.
        package var authorities: String?
        /// The path of the client certificate.
        package var certificate: String?
        /// The path of the client certificate's key.
        package var key: String?
        /// The path of the ssh client's configuration.
        package var sshConfiguration: String?
        /// The path of the `known_hosts` file.
        package var knownHosts: String?

        /// Keeps the configuration of git and ssh.
        package init() {}
    }

    /// - Parameter environment: The environment variables of git.
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

    /// The refspec that excludes branches private to the store.
    private static let unpushed = "^refs/heads/inbox/*"
    /// The namespace of the references that track the hub's branches.
    static let fetched = "refs/ciso/hub/"

    /// Pushes all branches whose tip differs from the hub's.
    ///
    /// - Throws: `HubError`; its kind is `diverged` if the hub has commits that the store lacks.
    package func push(_ store: Store) throws {
        let outcome = try git(
            store, ["push", "--porcelain", "--no-verify", url, "refs/heads/*:refs/heads/*", Self.unpushed])
        logger.debug("pushed", metadata: ["hub": "\(url)", "succeeded": "\(outcome.succeeded)"])
        if outcome.succeeded { return }
        let output = String(decoding: outcome.output, as: UTF8.self)
        let refusals = output.textLines.filter { $0.hasPrefix("!\t") }
        let older = refusals.filter { $0.contains("(fetch first)") || $0.contains("(non-fast-forward)") }
        if let refusal = older.first {
            throw HubError(.diverged, "\(url): it has commits that the store lacks: \(refusal.dropFirst(2))")
        }
        if let refusal = refusals.first {
            throw HubError(url, refusal: refusal, errors: Self.text(outcome))
        }
        throw HubError(url, errors: Self.text(outcome))
    }

    /// Fetches the hub's branches into the tracking references.
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
        // To git, a page without a list of branches is an empty repository.
        if try store.references(prefix: Self.fetched).isEmpty { _ = try probe() }
    }

    /// Lists the hub's branches. Does not test whether it would accept a push.
    ///
    /// - Returns: A summary of what works, as text for the user.
    /// - Throws: `HubError`.
    package func probe() throws -> String {
        let listed = try run(["git", "ls-remote", "--heads", url], ["GIT_TRACE_PACKET": "1"])
        let errors = Self.text(listed)
        guard listed.succeeded else { throw HubError(url, errors: Self.untraced(errors)) }
        guard !url.hasPrefix("http") || errors.contains(Self.trace) else {
            throw HubError(.absent, "\(url): a server responds, but not with a repository that accepts pushes")
        }
        let branches = listed.output.split(separator: UInt8(ascii: "\n")).count
        return "\(url) can be reached and has \(count(branches, "branch", plural: "branches"))"
    }

    private func git(_ store: Store, _ arguments: [String]) throws -> Subprocess.Completion {
        try run(["git", "-C", store.repositoryDirectory] + arguments)
    }

    /// What the lines about the packets of git's protocol contain.
    private static let trace = " packet: "

    /// The messages of git without the lines about packets.
    private static func untraced(_ errors: String) -> String {
        errors.split(separator: "\n").filter { !$0.contains(trace) }.joined(separator: "\n")
    }

    private func run(_ command: [String], _ variables: [String: String] = [:]) throws -> Subprocess.Completion {
        guard !url.hasPrefix("-") else { throw HubError(.address, "'\(url)' is not a valid address") }
        do {
            let all = environment.merging(variables) { _, own in own }
            let outcome = try Subprocess(command, environment: all, timeLimit: .seconds(3600)).wait()
            if outcome.ending == .timedOut { throw HubError(.unreachable, "\(url): git did not end within an hour") }
            return outcome
        } catch let error as SystemError {
            throw HubError(.refused, "\(url): \(error)")
        }
    }

    private static func text(_ outcome: Subprocess.Completion) -> String {
        String(decoding: outcome.errors, as: UTF8.self)
    }
}
