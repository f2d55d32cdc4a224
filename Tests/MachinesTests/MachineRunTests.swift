import Foundation
import Glibc
import Machines
import TestSupport
import Testing

/// `ci run` with targets that are virtual machines, in which a small Linux guest answers as the BSDs do.
@Suite(
    .serialized, .enabled(if: TestGuest.isPossible, "needs \(TestGuest.programs)"))
struct MachineRunTests {
    /// Every outcome. System packages are installed with a network, which jobs do not have; the clock of jobs is right.
    @Test func everyOutcome() async throws {
        let fixture = try MachineFixture.shared
        let server = try LoopbackFiles(in: fixture.path)
        let begin = Int(Date().timeIntervalSince1970)
        try fixture.matrix(
            "outcomes", "good, above, fails, tool, missing, network", mirror: server.addressForGuests)
        let ending = try await fixture.run("outcomes", "run", "outcomes.yaml", "--format", "json", "--jobs", "2")
        let cells = ending.cells
        #expect(ending.status == 1, "\(ending.messages)")
        for name in ["good", "above", "tool", "network"] {
            #expect(cells[name]?["state"] == "success", "\(name): \(cells[name] ?? [:])")
        }
        #expect(cells["fails"]?["signature"] == "Error: Unbound module Foo", "\(cells["fails"] ?? [:])")
        #expect(cells["missing"]?["state"] == "failure", "\(cells["missing"] ?? [:])")
        #expect(cells["missing"]?["phase"] == "depext")
        #expect(cells["good"]?["machine"]?.hasPrefix("a virtual machine (") == true, "\(cells["good"] ?? [:])")
        #expect(server.requests.contains { $0.contains("/hello ") }, "\(server.requests)")
        #expect(!server.requests.contains { $0.contains("/x ") }, "a job reached the network")

        let log = try await fixture.run("outcomes", "log", "openbsd-7.7/5.3.0/good.1").output
        #expect(log.contains("I am in /home/ciso/opam/default"), "\(log)")
        let clock = try #require(log.firstMatch(of: /clock=(\d+)/).flatMap { Int($0.1) })
        #expect(clock >= begin, "the clock is \(begin - clock) s late")
        let tool = try git(
            "show", "results/outcomes/openbsd-7.7:5.3.0/tool/1.json", at: "\(fixture.path)/outcomes.store")
        #expect(tool.contains("\"hello 2.12p0-static\""), "the versions of system packages are recorded: \(tool)")
        try await waitUntil("nothing is left") {
            fixture.machines(of: "outcomes").isEmpty && fixture.leftovers(of: "outcomes").isEmpty
        }

        let again = try await fixture.run("outcomes", "run", "outcomes.yaml", "--format", "json")
        #expect(again.messages.contains("0 jobs to run"), "\(again.messages)")
    }

    /// Another run continues from the state that the first one saved.
    @Test func statesAreKept() async throws {
        let fixture = try MachineFixture.shared
        try fixture.matrix("first", "quick")
        let first = try await fixture.run("first", "run", "first.yaml")
        #expect(first.status == 0, "\(first.messages)")
        try fixture.matrix("second", "quick")
        let second = try await fixture.run("second", "run", "second.yaml")
        #expect(second.status == 0, "\(second.messages)")
        #expect(!second.messages.contains("is done once"), "\(second.messages)")
    }

    /// The guest answers as the systems of the other plugins do.
    @Test(arguments: [
        ("freebsd-14.2", "freebsd", "hello 2.12,1", "pkg: No packages available"),
        ("netbsd-10.1", "netbsd", "hello 2.12nb1", "missing-thing is not available in the repository"),
    ])
    func otherSystems(target: String, answers: String, package: String, missing: String) async throws {
        let fixture = try MachineFixture.shared
        let server = try LoopbackFiles(in: fixture.path)
        let begin = Int(Date().timeIntervalSince1970)
        try fixture.matrix(
            answers, "above, tool, missing, network", target: target, mirror: server.addressForGuests,
            words: "answers=\(answers)")
        let ending = try await fixture.run(answers, "run", "\(answers).yaml", "--format", "json", "--jobs", "2")
        let cells = ending.cells
        #expect(ending.status == 1, "\(ending.messages)")
        for name in ["above", "tool", "network"] {
            #expect(cells[name]?["state"] == "success", "\(name): \(cells[name] ?? [:])")
        }
        #expect(cells["missing"]?["phase"] == "depext", "\(cells["missing"] ?? [:])")
        #expect(cells["missing"]?["reason"]?.hasPrefix(missing) == true, "\(cells["missing"] ?? [:])")
        #expect(server.requests.contains { $0.contains("/hello ") }, "\(server.requests)")
        #expect(!server.requests.contains { $0.contains("/x ") }, "a job reached the network")
        let log = try await fixture.run(answers, "log", "\(target)/5.3.0/good.1").output
        let clock = try #require(log.firstMatch(of: /clock=(\d+)/).flatMap { Int($0.1) }, "\(log)")
        #expect(clock >= begin, "the clock is \(begin - clock) s late")
        let tool = try git(
            "show", "results/\(answers)/\(target):5.3.0/tool/1.json", at: "\(fixture.path)/\(answers).store")
        #expect(tool.contains("\"\(package)\""), "the versions of system packages are recorded: \(tool)")
    }

    /// A large layer is sent once, into a machine that is saved then; with KVM, for each job.
    @Test func largeLayersAreSentOnce() async throws {
        let fixture = try MachineFixture.shared
        try fixture.matrix("large", "reader, second-reader")
        let ending = try await fixture.run("large", "run", "large.yaml", "--jobs", "1", "--log-level", "debug")
        #expect(ending.status == 0, "\(ending.messages.suffix(2000))")
        let transfers = ending.messages.split(separator: "\n").filter { $0.contains("sent a layer") }
        let probe = AcceleratorProbe(cache: nil, temporary: "/var/tmp")
        let hasKVM = try await probe.finding(for: MachineHardware()).accelerator == .kvm
        #expect(transfers.count == (hasKVM ? 2 : 1), "\(transfers)")
    }

    /// An image from a server, a key that the image trusts already, UEFI firmware and a SCSI controller.
    @Test(
        .enabled(
            if: access("/usr/share/ovmf/OVMF.fd", R_OK) == 0 && Program.areInstalled("openssl"),
            "needs Debian's ovmf and openssl"))
    func otherHardwareAndAccess() async throws {
        let fixture = try MachineFixture.shared
        let authority = try CertificateAuthority()
        let identity = try authority.issue("files")
        let files = try Program(
            ["/usr/bin/python3", "-u", "-c", Self.fileServer, identity.certificate, identity.key],
            in: fixture.guest.directory.path
        ).start()
        defer {
            files.kill(SIGKILL)
            files.wait()
        }
        try await files.wait(until: "the server listens") { files.output.hasSuffix("\n") }
        let port = files.output.trimmingCharacters(in: .whitespacesAndNewlines)
        // Linux unpacks several archives one over the other.
        try fixture.directory.shell(
            """
            ssh-keygen -q -t ed25519 -N '' -C "it's me: a #comment" -f own-key
            mkdir etc && cp own-key.pub etc/authorized_keys
            (cat "$1"; printf 'etc\netc/authorized_keys\n' | busybox cpio -o -H newc | gzip) >own-initrd
            """, fixture.guest.directory("initrd"))
        try fixture.matrix(
            "hardware", "quick", image: "https://127.0.0.1:\(port)/disk.qcow2", initrd: "own-initrd",
            memory: "512 MiB",
            machine: ["firmware: uefi", "disk: scsi", "network: virtio", "seed: none", "key: own-key"])
        let ending = try await fixture.start(
            "hardware", ["run", "hardware.yaml", "--format", "json"],
            environment: ["CURL_CA_BUNDLE": authority.certificates]
        ).end()
        #expect(ending.status == 0, "\(ending.messages)")
        #expect(ending.cells["quick"]?["state"] == "success", "\(ending.cells)")
    }

    /// Serves the files of its directory by https.
    private static let fileServer = """
        import http.server, ssl, sys

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_address[1])
        server.serve_forever()
        """

    private func startSlow(_ fixture: MachineFixture, _ name: String) async throws -> RunningProgram {
        try fixture.matrix(name, "slow")
        let process = try fixture.start(name, ["run", "\(name).yaml", "--format", "json", "--verbose"])
        try await process.wait(until: "the build") { process.messages.contains("slow.1: build on") }
        try #require(process.isRunning, "\(process.messages)")
        return process
    }

    /// A machine that ends is never a verdict.
    @Test func crashOfQEMU() async throws {
        let fixture = try MachineFixture.shared
        let process = try await startSlow(fixture, "crash")
        while process.isRunning {
            for machine in fixture.machines(of: "crash") { kill(machine, SIGKILL) }
            try await Task.sleep(for: .milliseconds(100))
        }
        let ending = try await process.end()
        #expect(ending.status == 3, "\(ending.messages)")
        #expect(ending.cells["slow"]?["state"] == "infrastructure", "\(ending.cells)")
        #expect(ending.messages.contains("the virtual machine ended: killed by signal 9"), "\(ending.messages)")
    }

    /// Machines end with the run, whether that is stopped or killed.
    @Test(arguments: [SIGTERM, SIGKILL]) func endOfTheRun(by signal: Int32) async throws {
        let fixture = try MachineFixture.shared
        let name = "end\(signal)"
        let process = try await startSlow(fixture, name)
        #expect(fixture.machines(of: name).count == 1)
        process.kill(signal)
        let ending = try await process.end()
        #expect(ending.status == (signal == SIGKILL ? 137 : 130), "\(ending.messages)")
        try await waitUntil("the machine has ended") { fixture.machines(of: name).isEmpty }
        try fixture.matrix(name, "quick")
        let next = try await fixture.run(name, "run", "\(name).yaml")
        #expect(next.status == 0, "\(next.messages)")
        try await waitUntil("nothing is left") { fixture.leftovers(of: name).isEmpty }
    }

    @Test func aFullDiskOfTheGuestIsNotThePackagesFault() async throws {
        let fixture = try MachineFixture.shared
        try fixture.matrix("full", "full")
        let ending = try await fixture.run("full", "run", "full.yaml", "--format", "json")
        #expect(ending.status == 3, "\(ending.messages)")
        #expect(ending.cells["full"]?["state"] == "infrastructure", "\(ending.cells)")
    }

    @Test func whatCannotWorkIsNamed() async throws {
        let fixture = try MachineFixture.shared
        try fixture.matrix("silent", "quick", words: "silent", bootTime: "15 s")
        let silent = try await fixture.run("silent", "run", "silent.yaml", "--format", "json")
        #expect(silent.status == 3, "\(silent.messages)")
        let reason = silent.cells["quick"]?["reason"] ?? ""
        #expect(reason.contains("the virtual machine of 'openbsd-7.7' did not answer by ssh within 15 s"), "\(reason)")

        try fixture.matrix("changed", "quick", checksum: String(repeating: "0", count: 64))
        let changed = try await fixture.run("changed", "run", "changed.yaml", "--format", "json")
        #expect(changed.status == 3, "\(changed.messages)")
        #expect(changed.cells["quick"]?["reason"]?.contains("has the checksum sha256=\(fixture.checksum)") == true)

        try fixture.matrix("other", "quick", target: "debian-12")
        let other = try await fixture.run("other", "plan", "other.yaml")
        #expect(other.status == 2, "\(other.messages)")
        #expect(
            other.messages.contains(
                "other.yaml:6:12: error: target 'debian-12': the plugin 'debian' makes root file systems"),
            "\(other.messages)")
    }
}
