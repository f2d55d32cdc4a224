import Foundation
import Glibc
import TestSupport
import Testing

/// `ci run` and `ci worker` on hosts that share nothing but an etcd and a registry.
@Suite(
    .enabled(
        if: SeparateHost.isPossible && EtcdCluster.isInstalled && RegistryServer.isInstalled
            && Program.areInstalled("bwrap"), "needs root, ip, bwrap, etcd and docker-registry"))
struct SeveralHostsTests {
    /// A worker that reaches neither the store's directory nor the dispatcher's cache builds; the dispatcher, which
    /// runs no job, records the verdicts and has the logs.
    @Test func aWorkerNeedsNoDirectoryOfTheStore() async throws {
        let fixture = try await MultiHostFixture()
        let host = try fixture.host()
        #expect(try host.program(["ls", "-A", fixture.directory("main")], environment: [:]).output() == "")
        let worker = try fixture.worker(on: host, "one")
        let ran = try await fixture.dispatch()
        #expect(ran.status == 0, "\(ran.output)\(ran.messages)\(worker.output)")
        #expect(fixture.makings == 1, "only the worker made a root file system")
        let log = try fixture.ci("log", "p")
        #expect(log.status == 0 && log.output.contains("p.1 on minimal-1"), "\(log)")
        worker.kill(SIGINT)
        #expect(worker.wait().status == 130, "\(worker.output)")
        #expect(try fixture.ci("store", "verify").status == 0)
        // The store fetches its missing logs.
        try fixture.directory.shell("rm -r main/store/ciso/logs")
        #expect(try fixture.ci("log", "p").output == log.output, "the registry has the log")
    }

    /// A root file system made by one worker is pulled by the next one, which lacks the programs to make it.
    @Test func rootFileSystemsAreMadeOnce() async throws {
        let fixture = try await MultiHostFixture()
        for (name, jobs) in [("one", 3), ("two", 1)] {
            let worker = try fixture.worker(on: fixture.host(), name)
            if name == "two" { #expect(try fixture.ci("retry", "p").status == 0) }
            let ran = try await fixture.dispatch()
            #expect(ran.status == 0, "\(ran.output)\(ran.messages)")
            #expect(ran.messages.contains("[\(jobs)/\(jobs)]"), "\(ran.messages)")
            worker.kill(SIGINT)
            worker.wait()
        }
        #expect(fixture.makings == 1)
    }

    /// The dispatcher's machine is lost permanently. Another one makes a store from the hub, takes over, and records
    /// the workers' reports; nothing runs twice.
    @Test func anotherMachineTakesOverFromTheHub() async throws {
        let fixture = try await MultiHostFixture()
        try fixture.directory.shell("git init -q --bare hub.git")
        let hub = ["CISO_HUB": fixture.directory("hub.git"), "CISO_HUB_DURABILITY": "pushed"]
        let worker = try fixture.worker(on: fixture.host(), "one")
        let first = try fixture.start(hub)
        try await waitUntil("the first job is recorded") { first.messages.contains("[1/3]") || !first.isRunning }
        first.kill(SIGKILL)
        first.wait()
        try fixture.directory.shell("rm -r main")
        let cloned = try fixture.program(["clone", fixture.directory("hub.git")], store: "other").run()
        #expect(cloned.status == 0, "\(cloned)")
        let second = try await fixture.start(store: "other", hub).end()
        #expect(second.status == 0, "\(second.output)\(second.messages)")
        let commits = try fixture.directory.shell("git -C hub.git log --format=%s results/small/minimal-1")
        #expect(commits.split(separator: "\n").count == 3, "each result is recorded once: \(commits)")
        for repository in ["hub.git", "other"] {
            #expect(
                try fixture.directory.shell("git -C \(repository) fsck --strict 2>&1 | grep -v notice || true") == "")
        }
        #expect(try fixture.program(["store", "verify"], store: "other").run().status == 0, "all blobs are there")
        #expect(try fixture.program(["log", "p"], store: "other").run().output.contains("p.1 on minimal-1"))
        #expect(
            try fixture.etcd.control("get", "--prefix", "ciso/reports/") == "", "what the hub has is no report any more"
        )
        worker.kill(SIGINT)
        let output = worker.wait().output
        #expect(output.matches(of: /: success/).count == 3, "each job ran once: \(output)")
    }

    /// While three workers build, the leader of etcd is killed, the registry is killed and started again, and a worker
    /// is killed. The results are those of one quiet machine, each is recorded once, and nothing that they name is
    /// missing.
    @Test func faultsOfServicesAndWorkersLoseNothing() async throws {
        let packages = (1...12).map { "p\($0)" }
        let fixture = try await MultiHostFixture(packages: packages, members: 3)
        try fixture.directory.shell("git init -q --bare hub.git")
        let workers = try ["one", "two", "three"].map { try fixture.worker(on: fixture.host(), $0) }
        let run = try fixture.start(["CISO_HUB": fixture.directory("hub.git"), "CISO_HUB_DURABILITY": "pushed"])
        func recorded(_ number: Int) async throws {
            try await waitUntil("\(number) jobs are recorded") {
                run.messages.matches(of: /: success,/).count >= number || !run.isRunning
            }
        }
        try await recorded(3)
        let leader = try fixture.etcd.leader()
        fixture.etcd.kill(leader)
        try await recorded(5)
        fixture.registry.kill()
        try fixture.etcd.start(leader)
        try fixture.registry.restart()
        try await recorded(7)
        workers[0].kill(SIGKILL)
        let ran = try await run.end()
        #expect(ran.status == 0, "\(ran.output)\(ran.messages)")
        let commits = try fixture.directory.shell("git -C hub.git log --format=%s results/small/minimal-1")
        #expect(commits.split(separator: "\n").count == packages.count + 2, "each is recorded once: \(commits)")
        #expect(try fixture.directory.shell("git -C hub.git fsck --strict 2>&1 | grep -v notice || true") == "")
        let verified = try fixture.ci("store", "verify")
        #expect(verified.status == 0, "\(verified)")
        let quiet = try fixture.program(
            ["run", "small.yaml"], store: "quiet", ["CISO_COORDINATION": "", "CISO_BLOBS": ""])
        #expect(try quiet.run().status == 0)
        let states = #"cut -d, -f1-6"#
        func table(_ store: String) throws -> String {
            let results = try fixture.program(["results", "--format", "csv"], store: store).output()
            return try Program(["sh", "-c", states], input: results).output()
        }
        #expect(try table("main/store") == table("quiet"))
        for worker in workers {
            worker.kill(SIGINT)
            worker.wait()
        }
    }

    /// A worker that the network cuts off for longer than its lease lasts loses its job to another one, and works again
    /// when it is back.
    @Test func aDisconnectedWorkerReturns() async throws {
        let fixture = try await MultiHostFixture(isGated: true)
        let hosts = [try fixture.host(), try fixture.host()]
        let first = try fixture.worker(on: hosts[0], "one")
        let run = try fixture.start()
        try await waitUntil("the first host has a job, and makes its root file system") { fixture.makings == 1 }
        try hosts[0].cutOff()
        let second = try fixture.worker(on: hosts[1], "two")
        try await waitUntil("another host has the job") { fixture.makings == 2 }
        try hosts[0].reconnect()
        try await waitUntil("the first worker registers again") { first.output.contains("registering again") }
        try fixture.open()
        let ran = try await run.end()
        #expect(ran.status == 0, "\(ran.output)\(ran.messages)")
        let commits = try fixture.directory.shell("git -C main/store log --format=%s results/small/minimal-1")
        #expect(commits.split(separator: "\n").count == 3, "each result is recorded once: \(commits)")
        for worker in [first, second] {
            worker.kill(SIGINT)
            worker.wait()
        }
    }

    /// The reason why a run lost etcd, and the remedy in its error.
    enum Loss: String, CaseIterable {
        case quota = "etcdctl compact"
        case quorum = "more than half of the members"
        case data = "lease"

        func happen(to etcd: EtcdCluster) throws {
            switch self {
            case .quota:
                let filler = String(repeating: "x", count: 100_000)
                while (try? etcd.control("put", "filler", filler)) != nil {}
            case .quorum:
                etcd.kill(0)
                etcd.kill(1)
            case .data:
                for member in etcd.endpoints.indices {
                    etcd.kill(member)
                    try etcd.erase(member)
                }
                for member in etcd.endpoints.indices { try etcd.start(member) }
            }
        }

        func end(for etcd: EtcdCluster) async throws {
            switch self {
            case .quota:
                try etcd.control("del", "filler")
                let revision = try etcd.control("get", "filler", "--write-out", "fields")
                    .firstMatch(of: /"Revision" : (\d+)/)
                try etcd.control("compact", "--physical", String(#require(revision).1))
                try etcd.control("defrag")
                try etcd.control("alarm", "disarm")
            case .quorum:
                try etcd.start(0)
                try etcd.start(1)
                try await etcd.waitForLeader()
            case .data: try await etcd.waitForLeader()
            }
        }
    }

    /// A run whose etcd is full, or has lost most of its members or its data, ends with instructions, or waits for a
    /// worker that prints them. The results are complete and recorded once when the fault is over, at the latest after
    /// another run.
    @Test(arguments: Loss.allCases) func aRunThatLostEtcdIsContinued(_ loss: Loss) async throws {
        let packages = (1...8).map { "p\($0)" }
        let fixture = try await MultiHostFixture(packages: packages, isGated: true, members: 3, quota: 4 << 20)
        let worker = try fixture.worker(on: fixture.host(), "one")
        let run = try fixture.start()
        try await waitUntil("a job has begun") { fixture.makings == 1 || !run.isRunning }
        try loss.happen(to: fixture.etcd)
        try fixture.open()
        try await waitUntil("the run has ended, or waits for the worker") {
            !run.isRunning || worker.output.contains("the result waits until it can be reported")
        }
        try await loss.end(for: fixture.etcd)
        let lost = try await run.end()
        #expect("\(lost.messages)\(worker.output)".contains(loss.rawValue), "\(lost.messages)\(worker.output)")
        #expect(lost.status == 3 || worker.output.contains("the result waits"), "\(lost.output)\(lost.messages)")
        let ran = try await fixture.dispatch()
        #expect(ran.status == 0, "\(ran.output)\(ran.messages)\(worker.output)")
        let commits = try fixture.directory.shell("git -C main/store log --format=%s results/small/minimal-1")
        #expect(commits.split(separator: "\n").count == packages.count + 2, "each is recorded once: \(commits)")
        #expect(try fixture.ci("store", "verify").status == 0)
        worker.kill(SIGINT)
        worker.wait()
    }

    /// A worker with a wrong certificate ends with an error, and the run continues with the others.
    @Test func aWorkerNeedsACertificate() async throws {
        let fixture = try await MultiHostFixture(isSecured: true)
        let run = try fixture.start()
        let stranger = try CertificateAuthority()
        let wrong = [
            "late": try fixture.certificate("late", days: -1),
            "strange": MultiHostFixture.credentials(try stranger.issue("strange")),
            "trusting": ["CISO_TLS_AUTHORITIES": stranger.certificates],
        ]
        for (name, settings) in wrong {
            let refused = try await fixture.worker(on: fixture.host(), name, settings).end()
            #expect(refused.status == 3, "\(name): \(refused)")
            #expect(refused.output.contains("certificate"), "\(name): \(refused)")
        }
        let worker = try fixture.worker(on: fixture.host(), "one")
        let ran = try await run.end()
        #expect(ran.status == 0, "\(ran.output)\(ran.messages)\(worker.output)")
        worker.kill(SIGINT)
        worker.wait()
    }
}
