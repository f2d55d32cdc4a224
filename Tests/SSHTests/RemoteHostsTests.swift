import Core
import Synchronization
import Testing

@testable import SSH

/// The assignment of hosts to jobs, when hosts fail and when they are occupied.
@Suite struct RemoteHostsTests {
    private static func target(_ name: String = "openbsd-7.7", host: String? = nil) -> HostedTarget {
        HostedTarget(name: name, planned: host, environment: Digest(of: "e"))
    }

    private func hosts(_ rules: String, wait: Duration = .zero) throws -> RemoteHosts {
        RemoteHosts(HostSettings(rules: try HostSettings.rules(from: rules), hostWait: wait))
    }

    private static func use<Value: Sendable>(
        _ hosts: RemoteHosts, _ body: @Sendable (HostAddress) async throws -> Value
    ) async throws -> Value {
        try await hosts.use(for: target(), progress: { _ in }, body)
    }

    /// How many jobs are on each host.
    private actor Occupation {
        private(set) var now: [HostAddress: Int] = [:]
        private(set) var most = 0

        func enter(_ host: HostAddress) {
            now[host, default: 0] += 1
            most = max(most, now[host] ?? 0)
        }

        func leave(_ host: HostAddress) { now[host, default: 0] -= 1 }
    }

    @Test func theFirstRuleThatMatchesWinsOverTheMatrix() throws {
        let hosts = try hosts("openbsd-7.*=ssh://a,ssh://b,ssh://a openbsd-*=ssh://c")
        func names(_ target: HostedTarget) throws -> [String] { try hosts.hosts(of: target).map(\.description) }
        #expect(try names(Self.target()) == ["ssh://a", "ssh://b"])
        #expect(try names(Self.target("openbsd-8.0", host: "ssh://m")) == ["ssh://c"])
        #expect(try names(Self.target("netbsd-10.1", host: "ssh://m ssh://n:2")) == ["ssh://m", "ssh://n:2"])
        #expect(try names(Self.target("netbsd-10.1")) == [])
        #expect(throws: Failure.self) { try hosts.hosts(of: Self.target("netbsd-10.1", host: "obsd")) }
    }

    @Test(arguments: ["x", "=ssh://a", "x=ssh://a,b", "x=ssh://-a", "x=ssh://a ssh://b"])
    func wrongRulesAreNamed(rules: String) {
        #expect(throws: Failure.self) { try HostSettings.rules(from: rules) }
    }

    @Test func aHostIsUsedByOneJobAtATime() async throws {
        let hosts = try hosts("*=ssh://a,ssh://b")
        let occupation = Occupation()
        try await withThrowingTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    try await Self.use(hosts) { host in
                        await occupation.enter(host)
                        try await Task.sleep(for: .milliseconds(2))
                        await occupation.leave(host)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await occupation.most == 1)
        #expect(await occupation.now.count == 2)
    }

    @Test func aHostThatDoesNotAnswerIsReplaced() async throws {
        let hosts = try hosts("*=ssh://a,ssh://b", wait: .seconds(60))
        for _ in 0..<3 {
            let used = try await Self.use(hosts) { host in
                if host.name == "a" { throw RemoteRefusal(.unreachable, "a: no connection") }
                return host.name
            }
            #expect(used == "b")
        }
    }

    @Test func whereNoneAnswersAllAreNamed() async throws {
        let hosts = try hosts("*=ssh://a,ssh://b")
        let failure = await #expect(throws: Failure.self) {
            try await Self.use(hosts) { host in
                throw RemoteRefusal(
                    host.name == "a" ? .wrongKey : .unreachable, "\(host.name): no", hint: "repair \(host.name)")
            }
        }
        #expect(failure?.category == .unavailable)
        #expect(
            failure?.description.contains("a: no; repair a; b: no; repair b") == true, "\(failure?.description ?? "")")
    }

    /// A host that does not fit one target still serves another, and is not probed for the first again.
    @Test func anUnsuitableHostServesOtherTargets() async throws {
        let hosts = try hosts("*=ssh://a", wait: .seconds(60))
        let asked = Mutex(0)
        for _ in 0..<3 {
            let failure = await #expect(throws: PermanentFailure.self) {
                try await Self.use(hosts) { _ in
                    asked.withLock { $0 += 1 }
                    throw RemoteRefusal(.unsuitable, "a: os-version differs", hint: "name another target")
                }
            }
            #expect(failure?.description.contains("a: os-version differs; name another target") == true)
        }
        #expect(asked.withLock { $0 } == 1)
        var other = Self.target("openbsd-7.8")
        other.environment = Digest(of: "another environment")
        let name: @Sendable (HostAddress) -> String = { $0.name }
        let used = try await hosts.use(for: other, progress: { _ in }, name)
        #expect(used == "a")
    }

    @Test func aTakenHostIsWaitedFor() async throws {
        let hosts = try hosts("*=ssh://a")
        let attempts = Mutex(0)
        let said = Mutex<[String]>([])
        let tell: @Sendable (String) -> Void = { phrase in said.withLock { $0.append(phrase) } }
        let work: @Sendable (HostAddress) async throws -> Void = { _ in
            let attempt = attempts.withLock { count in
                count += 1
                return count
            }
            if attempt < 2 { throw RemoteRefusal(.taken, "a: another job has it") }
        }
        try await hosts.use(for: Self.target(), progress: tell, work)
        #expect(attempts.withLock { $0 } == 2)
        #expect(said.withLock { $0.contains("waiting for a") })
    }

    @Test func aFailureOfThePackageBlamesNoHost() async throws {
        struct PackageFailure: Error {}
        let hosts = try hosts("*=ssh://a")
        for _ in 0..<5 {
            await #expect(throws: PackageFailure.self) {
                try await Self.use(hosts) { _ in throw PackageFailure() }
            }
        }
    }

    /// Layers of one host are used on all, so what differs from the first is not used.
    @Test func hostsOfOneEnvironmentAreEqual() async throws {
        let ready = ReadyHosts()
        let (a, b) = (try #require(HostAddress("ssh://a")), try #require(HostAddress("ssh://b")))
        let (one, two) = (Digest(of: "1"), Digest(of: "2"))
        #expect(await ready.add(a, facts: "OpenBSD 7.7", for: one) == nil)
        #expect(await ready.add(b, facts: "OpenBSD 7.8", for: one)?.host == "a")
        #expect(await ready.facts(of: b, for: one) == nil)
        #expect(await ready.add(b, facts: "OpenBSD 7.8", for: two) == nil)
        #expect(await ready.add(b, facts: "OpenBSD 7.7", for: one) == nil)
        #expect(await ready.facts(of: b, for: one) == "OpenBSD 7.7")
    }

    @Test func waitingEndsWithTheTask() async throws {
        let hosts = try hosts("*=ssh://a")
        let (taken, take) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await Self.use(hosts) { _ in
                take.yield()
                try await Task.sleep(for: .seconds(36_000))
            }
        }
        for await _ in taken { break }
        let (waiting, wait) = AsyncStream.makeStream(of: Void.self)
        let other = Task {
            let nothing: @Sendable (HostAddress) async throws -> Void = { _ in }
            try await hosts.use(for: Self.target(), progress: { _ in wait.yield() }, nothing)
        }
        for await _ in waiting { break }
        other.cancel()
        await #expect(throws: CancellationError.self) { try await other.value }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
